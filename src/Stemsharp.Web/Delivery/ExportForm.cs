namespace Stemsharp.Web.Delivery;

/// <summary>In which form sound is taken home.</summary>
/// <param name="Format"><c>wav</c>, <c>flac</c> or <c>mp3</c>.</param>
/// <param name="Depth">Sample format of WAV files, and of what FLAC is made from; null for the job's own.</param>
/// <param name="Stretch">Which frames.</param>
internal sealed record ExportForm(string Format, string? Depth, Stretch Stretch);

/// <summary>A stretch of a song, in frames.</summary>
/// <param name="From">Its first frame.</param>
/// <param name="To">The frame behind its last one.</param>
internal readonly record struct Stretch(long From, long To)
{
    public long Frames => To - From;
}
