namespace Stemsharp;

/// <summary>How a song's files are called and where they lie, where no pattern says it.</summary>
public enum StemFileLayout
{
    /// <summary>As Demucs does: <c>MODEL/TRACK/STEM.wav</c>.</summary>
    Demucs,

    /// <summary>
    /// As audio-separator does: <c>TRACK_(STEM)_MODEL.wav</c>, all in one folder, with the names that it gives stems and models.
    /// </summary>
    AudioSeparator,
}
