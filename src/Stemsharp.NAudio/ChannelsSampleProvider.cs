using NAudio.Wave;

namespace Stemsharp;

/// <summary>Plays channels that lie in memory one after the other.</summary>
/// <param name="channels">[channel][sample].</param>
/// <param name="sampleRate">In Hz.</param>
internal sealed class ChannelsSampleProvider(IReadOnlyList<float[]> channels, int sampleRate) : ISampleProvider
{
    private int _position;

    public WaveFormat WaveFormat { get; } = WaveFormat.CreateIeeeFloatWaveFormat(sampleRate, channels.Count);

    public int Read(Span<float> buffer)
    {
        int frames = Math.Min(buffer.Length / channels.Count, channels[0].Length - _position);
        for (int c = 0; c < channels.Count; c++)
        {
            ReadOnlySpan<float> source = channels[c].AsSpan(_position, frames);
            for (int i = 0; i < frames; i++)
            {
                buffer[i * channels.Count + c] = source[i];
            }
        }

        _position += frames;
        return frames * channels.Count;
    }
}
