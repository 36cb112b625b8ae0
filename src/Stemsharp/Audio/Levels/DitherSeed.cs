namespace Stemsharp.Audio;

/// <summary>
/// Seeds of stems' dither: by name, so that a stem's bytes don't depend on which others are wanted, and so that the
/// dithers of different stems don't add up.
/// </summary>
internal static class DitherSeed
{
    /// <summary>FNV-1a over the name.</summary>
    /// <param name="stem">The stem.</param>
    /// <param name="seed">The seed that was asked for.</param>
    public static ulong For(string stem, ulong seed = 0) =>
        seed ^ stem.Aggregate(14695981039346656037, (hash, c) => (hash ^ c) * 1099511628211);
}
