namespace Stemsharp.Audio;

/// <summary>
/// A recording that can be read several times: a file, or a stream that was spooled to a temporary file. The
/// temporary file disappears with this object, and where the platform permits also when the process is killed.
/// </summary>
public sealed class AudioSource : IDisposable
{
    private readonly string _path;

    private AudioSource(string path, AudioInfo info)
    {
        _path = path;
        Info = info;
    }

    /// <summary>What is known of the recording.</summary>
    public AudioInfo Info { get; }

    /// <summary>Opens a file: WAV natively, everything else through FFmpeg.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">Limits and tools.</param>
    /// <exception cref="AudioException">The file is missing, empty, or no audio.</exception>
    /// <exception cref="ExternalToolException">The file is not WAV and FFmpeg is missing or too old.</exception>
    public static AudioSource Open(string path, AudioInputOptions? options = null)
    {
        using WavReader reader = WavReader.Open(path);
        return new AudioSource(path, reader.Info);
    }

    /// <summary>A new reader at the recording's start; several may be open at once.</summary>
    /// <param name="cancellationToken">Ends the reading, and the decoder behind it.</param>
    public IAudioReader OpenReader(CancellationToken cancellationToken = default) => WavReader.Open(_path);

    /// <inheritdoc/>
    public void Dispose() { }
}
