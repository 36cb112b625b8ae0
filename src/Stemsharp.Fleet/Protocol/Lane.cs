namespace Stemsharp.Fleet.Protocol;

/// <summary>Which jobs go first: a free worker looks for interactive ones before it takes one in bulk.</summary>
internal enum Lane
{
    /// <summary>Somebody waits for it, as on the page.</summary>
    Interactive,

    /// <summary>One of many.</summary>
    Bulk,
}
