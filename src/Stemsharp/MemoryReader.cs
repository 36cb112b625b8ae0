using Stemsharp.Audio;

namespace Stemsharp;

/// <summary>Reads samples that are in memory.</summary>
internal sealed class MemoryReader(ReadOnlyMemory<float> interleaved, int sampleRate, int channels) : IAudioReader
{
    private int _position;

    public int SampleRate => sampleRate;

    public int Channels => channels;

    public long? Length => interleaved.Length / channels;

    public int Read(Span<float> destination)
    {
        int frames = Math.Min(destination.Length, interleaved.Length - _position) / channels;
        interleaved.Span.Slice(_position, frames * channels).CopyTo(destination);
        _position += frames * channels;
        return frames;
    }

    public void Dispose()
    {
    }
}
