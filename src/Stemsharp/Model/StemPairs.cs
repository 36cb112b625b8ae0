namespace Stemsharp.Model;

/// <summary>What the mix holds beside one stem, by name.</summary>
internal static class StemPairs
{
    /// <summary>Vocals and instrumental are each other's; X and no_X are.</summary>
    /// <param name="stem">A stem's name, in any case.</param>
    public static string Other(string stem) => stem.ToLowerInvariant() switch
    {
        "vocals" => "instrumental",
        "instrumental" => "vocals",
        _ => stem.StartsWith("no_", StringComparison.OrdinalIgnoreCase) && stem.Length > 3 ? stem[3..] : "no_" + stem,
    };
}
