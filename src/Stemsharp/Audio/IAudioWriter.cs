namespace Stemsharp.Audio;

/// <summary>
/// Writes one recording front to back. A file appears under its final name only after <see cref="Complete"/>;
/// disposing without it removes what was written. Not thread-safe: one caller at a time.
/// </summary>
public interface IAudioWriter : IDisposable
{
    /// <summary>Frames per second of what is passed to <see cref="Write"/>.</summary>
    int SampleRate { get; }

    /// <summary>Samples in a frame.</summary>
    int Channels { get; }

    /// <summary>Samples so far that did not fit the integer range of the output and were cut to it.</summary>
    long ClippedSamples { get; }

    /// <summary>Appends whole frames.</summary>
    /// <param name="interleaved">[frames, channels], full scale −1 … 1.</param>
    /// <exception cref="AudioException">The samples can't be written: no space, no permission, encoder failed.</exception>
    void Write(ReadOnlySpan<float> interleaved);

    /// <summary>Finishes the recording and gives the file its final name, replacing a file that is there.</summary>
    /// <exception cref="AudioException">The file can't be finished.</exception>
    void Complete();
}
