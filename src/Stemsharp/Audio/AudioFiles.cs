namespace Stemsharp.Audio;

/// <summary>Opens and creates recordings.</summary>
public static class AudioFiles
{
    /// <summary>Opens a file for one pass of reading: WAV natively, everything else through FFmpeg.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">Limits and tools.</param>
    /// <param name="cancellationToken">Ends the reading, and the decoder behind it.</param>
    /// <exception cref="AudioException">The file is missing, empty, or no audio.</exception>
    /// <exception cref="ExternalToolException">The file is not WAV and FFmpeg is missing or too old.</exception>
    public static IAudioReader Open(
        string path, AudioInputOptions? options = null, CancellationToken cancellationToken = default) =>
        AudioSource.Open(path, options).OpenReader(cancellationToken);

    /// <summary>
    /// Creates a file. It is written under a temporary name in the same folder until <see cref="IAudioWriter.Complete"/>.
    /// </summary>
    /// <param name="path">The final name; its extension does not matter.</param>
    /// <param name="sampleRate">Frames per second of what will be written.</param>
    /// <param name="channels">Samples in a frame.</param>
    /// <param name="options">The format; default 16-bit WAV.</param>
    /// <param name="cancellationToken">Ends the encoder.</param>
    /// <exception cref="AudioException">The file can't be created.</exception>
    /// <exception cref="OptionException">The options contradict each other.</exception>
    /// <exception cref="ExternalToolException">The format needs FFmpeg, which is missing, too old, or lacks the encoder.</exception>
    public static IAudioWriter Create(
        string path, int sampleRate, int channels, EncodingOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new EncodingOptions();
        return WavWriter.Create(path, sampleRate, channels, options);
    }
}
