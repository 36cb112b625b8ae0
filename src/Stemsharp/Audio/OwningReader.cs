namespace Stemsharp.Audio;

/// <summary>A reader that disposes its source with itself.</summary>
internal sealed class OwningReader : IAudioReader
{
    private readonly AudioSource _source;
    private readonly IAudioReader _inner;

    private OwningReader(AudioSource source, IAudioReader inner)
    {
        _source = source;
        _inner = inner;
    }

    public int SampleRate => _inner.SampleRate;
    public int Channels => _inner.Channels;
    public long? Length => _inner.Length;

    /// <summary>A reader over all of a source.</summary>
    public static OwningReader Over(AudioSource source, CancellationToken cancellationToken)
    {
        try
        {
            return new OwningReader(source, source.OpenReader(cancellationToken));
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    public int Read(Span<float> interleaved) => _inner.Read(interleaved);

    public void Dispose()
    {
        _inner.Dispose();
        _source.Dispose();
    }
}
