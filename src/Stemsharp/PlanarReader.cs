using System.Runtime.CompilerServices;
using Stemsharp.Audio;

namespace Stemsharp;

/// <summary>Reads channels that lie in memory one after the other.</summary>
/// <param name="channels">[channel][sample].</param>
/// <param name="sampleRate">In Hz.</param>
internal sealed class PlanarReader(IReadOnlyList<float[]> channels, int sampleRate) : IAudioReader
{
    private int _position;

    public int SampleRate => sampleRate;

    public int Channels => channels.Count;

    public long? Length => channels[0].Length;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int Read(Span<float> interleaved)
    {
        int frames = Math.Min(interleaved.Length / channels.Count, channels[0].Length - _position);
        for (int c = 0; c < channels.Count; c++)
        {
            ReadOnlySpan<float> source = channels[c].AsSpan(_position, frames);
            for (int i = 0; i < frames; i++)
            {
                interleaved[i * channels.Count + c] = source[i];
            }
        }

        _position += frames;
        return frames;
    }

    public void Dispose()
    {
    }
}
