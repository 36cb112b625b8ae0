namespace Stemsharp.Audio;

/// <summary>A WAV file of plain samples.</summary>
internal sealed class WavRecording : IRecording
{
    private readonly string _path, _name;

    /// <param name="path">The file.</param>
    /// <param name="name">Its name, for messages.</param>
    /// <exception cref="AudioException">It makes no sense, or has no samples.</exception>
    public WavRecording(string path, string name)
    {
        _path = path;
        _name = name;
        using WavReader reader = OpenReader();
        Info = reader.Length > 0 ? reader.Info : throw new AudioException($"'{name}' has no samples. Give a file with sound.") { Failure = AudioFailure.NoSamples };
    }

    public AudioInfo Info { get; }

    public bool IsDecoded => false;

    public IAudioReader Open(Action<string> found, CancellationToken cancellationToken) => OpenReader();

    public long? CountFrames(CancellationToken cancellationToken) => Info.Length;

    public AudioTags ReadTags(CancellationToken cancellationToken)
    {
        using FileStream stream = InputFile.Open(_path, cancellationToken);
        return WavTags.Read(stream, WavHeader.Parse(stream, _name));
    }

    private WavReader OpenReader() => new(InputFile.Open(_path), _name);
}
