namespace Stemsharp.Files;

/// <summary>How deep the mix cancels against the sum of its stems: energy of the mix less all stems against the mix, in dB.</summary>
/// <param name="Before">Of the model's stems.</param>
/// <param name="After">Of the files; minus infinity where nothing is left.</param>
public readonly record struct NullDepth(double Before, double After);

/// <summary>One file of a song's stems.</summary>
/// <param name="Stem">The stem, or what stands in its place, such as <c>no_vocals</c>.</param>
/// <param name="Path">Its full path; of one Traktor file the same for all.</param>
/// <param name="Gain">What it was multiplied with; 1 for unchanged.</param>
/// <param name="ClippedSamples">Samples that were cut to full scale.</param>
public sealed record SavedStem(string Stem, string Path, float Gain, long ClippedSamples);
