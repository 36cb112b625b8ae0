namespace Stemsharp.Model;

/// <summary>What happens to a constructor argument of the original.</summary>
internal enum ArgumentVerdict
{
    /// <summary>Shapes what the network computes, and any sane value works.</summary>
    Supported,

    /// <summary>Only the named value works; others are refused.</summary>
    Restricted,

    /// <summary>Does not matter for the trained network: used in training, at initialisation, or together with something restricted.</summary>
    Inert,
}
