namespace Stemsharp.Checkpoints.Catalog;

/// <summary>A network with made-up weights that costs what a model costs, for plans of models that are not here.</summary>
/// <param name="Like">The synthetic model that it resembles, without its scheme.</param>
/// <param name="Changes">What is different, in the form of that model's arguments; a section's fields are changed one by one.</param>
internal sealed record StandIn(string Like, IReadOnlyDictionary<string, object?> Changes)
{
    public StandIn(string like)
        : this(like, new Dictionary<string, object?>())
    {
    }
}
