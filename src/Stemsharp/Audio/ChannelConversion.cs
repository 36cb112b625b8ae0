namespace Stemsharp.Audio;

/// <summary>
/// Changes the number of channels as demucs does: one channel is duplicated, of more channels than wanted the
/// first ones are taken (front left and right in every common layout), and several become one as their mean.
/// </summary>
internal static class ChannelConversion
{
    /// <summary>Converts whole frames.</summary>
    /// <param name="source">[frames, sourceChannels].</param>
    /// <param name="sourceChannels">Channels there are.</param>
    /// <param name="target">[frames, targetChannels], overwritten.</param>
    /// <param name="targetChannels">Channels that are wanted.</param>
    public static void Convert(ReadOnlySpan<float> source, int sourceChannels, Span<float> target, int targetChannels)
    {
        int frames = source.Length / sourceChannels;
        if (sourceChannels == targetChannels)
        {
            source.CopyTo(target);
        }
        else if (sourceChannels == 1)
        {
            for (int i = 0; i < frames; i++)
            {
                target.Slice(i * targetChannels, targetChannels).Fill(source[i]);
            }
        }
        else if (targetChannels == 1)
        {
            for (int i = 0; i < frames; i++)
            {
                double sum = 0;
                foreach (float sample in source.Slice(i * sourceChannels, sourceChannels))
                {
                    sum += sample;
                }

                target[i] = (float)(sum / sourceChannels);
            }
        }
        else
        {
            for (int i = 0; i < frames; i++)
            {
                source.Slice(i * sourceChannels, targetChannels).CopyTo(target.Slice(i * targetChannels, targetChannels));
            }
        }
    }

    /// <summary>Whether the conversion is defined.</summary>
    public static bool IsPossible(int sourceChannels, int targetChannels) =>
        sourceChannels >= targetChannels || sourceChannels == 1;
}

/// <summary>A reader with another number of channels.</summary>
internal sealed class ChannelReader : IAudioReader
{
    private readonly IAudioReader _inner;
    private readonly float[] _buffer;

    /// <param name="inner">Disposed with this reader.</param>
    /// <param name="channels">Channels that are wanted.</param>
    public ChannelReader(IAudioReader inner, int channels)
    {
        if (!ChannelConversion.IsPossible(inner.Channels, channels))
        {
            throw new AudioException($"A recording with {inner.Channels} channels can't be read as {channels} channels; it needs one, or at least {channels}.");
        }

        _inner = inner;
        Channels = channels;
        _buffer = new float[4096 * inner.Channels];
    }

    public int SampleRate => _inner.SampleRate;
    public int Channels { get; }
    public long? Length => _inner.Length;

    public int Read(Span<float> interleaved)
    {
        int want = Math.Min(interleaved.Length / Channels, _buffer.Length / _inner.Channels);
        int got = _inner.Read(_buffer.AsSpan(0, want * _inner.Channels));
        ChannelConversion.Convert(_buffer.AsSpan(0, got * _inner.Channels), _inner.Channels, interleaved, Channels);
        return got;
    }

    public void Dispose() => _inner.Dispose();
}
