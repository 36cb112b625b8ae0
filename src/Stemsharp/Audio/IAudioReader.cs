namespace Stemsharp.Audio;

/// <summary>
/// Samples of one recording in order, front to back. Not thread-safe: one caller at a time.
/// </summary>
public interface IAudioReader : IDisposable
{
    /// <summary>Frames per second.</summary>
    int SampleRate { get; }

    /// <summary>Samples in a frame; at least 1.</summary>
    int Channels { get; }

    /// <summary>
    /// Frames in the whole recording where that is known exactly, else <see langword="null"/>: most compressed
    /// formats tell their length only when they have been decoded.
    /// </summary>
    long? Length { get; }

    /// <summary>Reads the next frames. Full scale is −1 … 1; float files may go beyond.</summary>
    /// <param name="interleaved">Overwritten from the start, [frames, channels]; a rest smaller than a frame stays as it is.</param>
    /// <returns>Frames read; 0 only at the end. Fewer than asked for does not mean the end.</returns>
    /// <exception cref="AudioException">The data can't be read or decoded.</exception>
    int Read(Span<float> interleaved);
}
