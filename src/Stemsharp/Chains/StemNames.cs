namespace Stemsharp.Chains;

/// <summary>
/// Finds the stem that a definition means among those of a model. Public checkpoints of one kind call the same two stems "vocals" and
/// "other", "Vocals" and "Instrumental", and more; audio-separator takes these words for the same, and so does this.
/// </summary>
internal static class StemNames
{
    private const string Vocals = "vocals", Instrumental = "instrumental";
    private static readonly string[] s_instrumental = [Instrumental, "inst", "karaoke", "no_vocals", "no vocals"];

    /// <summary>The model's own name of a stem; null where it has none such.</summary>
    /// <param name="wanted">The definition's word.</param>
    /// <param name="stems">The model's stems.</param>
    public static string? Find(string wanted, IReadOnlyList<string> stems) =>
        stems.FirstOrDefault(stem => stem == wanted)
        ?? stems.FirstOrDefault(stem => stem.Equals(wanted, StringComparison.OrdinalIgnoreCase))
        ?? (Role(wanted, [Vocals, wanted]) is { } role && stems.Where(stem => Role(stem, stems) == role).ToArray() is [var only] ? only : null);

    // Which of the two it is; null for all other stems.
    private static string? Role(string stem, IReadOnlyList<string> stems)
    {
        if (stem.Contains("vocal", StringComparison.OrdinalIgnoreCase) && !s_instrumental.Contains(stem, StringComparer.OrdinalIgnoreCase))
        {
            bool part = stem.Contains("lead", StringComparison.OrdinalIgnoreCase) || stem.Contains("back", StringComparison.OrdinalIgnoreCase);
            return part ? null : Vocals;
        }

        bool rest = s_instrumental.Contains(stem, StringComparer.OrdinalIgnoreCase)
            || (stem.Equals("other", StringComparison.OrdinalIgnoreCase) && stems.Count == 2 && stems.Any(s => s.Contains("vocal", StringComparison.OrdinalIgnoreCase)));
        return rest ? Instrumental : null;
    }
}
