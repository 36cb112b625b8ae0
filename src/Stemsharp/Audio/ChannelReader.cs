using System.Runtime.CompilerServices;

namespace Stemsharp.Audio;

/// <summary>A reader with another number of channels.</summary>
internal sealed class ChannelReader : IAudioReader
{
    private readonly IAudioReader _inner;
    private readonly float[]? _table;
    private readonly float[] _buffer;

    /// <param name="inner">Disposed with this reader.</param>
    /// <param name="channels">Channels that are wanted.</param>
    /// <param name="downmix">How more than two become two.</param>
    /// <param name="mask">The channels' speakers; null for the usual ones.</param>
    public ChannelReader(IAudioReader inner, int channels, Downmix downmix = Downmix.First, int? mask = null)
    {
        if (!ChannelConversion.IsPossible(inner.Channels, channels))
        {
            throw new AudioException($"A recording with {inner.Channels} channels can't be read as {channels} channels; it needs one, or at least {channels}.") { Failure = AudioFailure.Unsupported };
        }

        _inner = inner;
        Channels = channels;
        _buffer = new float[4096 * inner.Channels];
        _table = downmix != Downmix.First && channels == 2 && inner.Channels > 2
            ? DownmixTable.Of(downmix, inner.Channels, mask ?? DownmixTable.UsualMask(inner.Channels)) : null;
    }

    public int SampleRate => _inner.SampleRate;
    public int Channels { get; }
    public long? Length => _inner.Length;

    public int Read(Span<float> interleaved)
    {
        int want = Math.Min(interleaved.Length / Channels, _buffer.Length / _inner.Channels);
        int got = _inner.Read(_buffer.AsSpan(0, want * _inner.Channels));
        if (_table is null)
        {
            ChannelConversion.Convert(_buffer.AsSpan(0, got * _inner.Channels), _inner.Channels, interleaved, Channels);
        }
        else
        {
            Mix(got, interleaved);
        }

        return got;
    }

    public void Dispose() => _inner.Dispose();

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Mix(int frames, Span<float> interleaved)
    {
        int channels = _inner.Channels;
        for (int i = 0; i < frames; i++)
        {
            ReadOnlySpan<float> frame = _buffer.AsSpan(i * channels, channels);
            for (int side = 0; side < 2; side++)
            {
                float sum = 0;
                for (int c = 0; c < channels; c++)
                {
                    sum += _table![side * channels + c] * frame[c];
                }

                interleaved[2 * i + side] = sum;
            }
        }
    }
}
