namespace Stemsharp.Audio;

/// <summary>A part of a recording.</summary>
internal sealed class RangeReader : IAudioReader
{
    private readonly IAudioReader _inner;
    private readonly long _length;
    private long _skip, _left;

    /// <param name="inner">Stands at its start; disposed with this reader.</param>
    /// <param name="start">First frame.</param>
    /// <param name="length">Frames at most.</param>
    public RangeReader(IAudioReader inner, long start, long length)
    {
        _inner = inner;
        _length = length;
        _left = length;
        Length = inner.Length is long all ? Math.Clamp(all - start, 0, length) : null;
        if (inner is WavReader wav)
        {
            wav.Seek(start);
        }
        else
        {
            _skip = start;
        }
    }

    public int SampleRate => _inner.SampleRate;
    public int Channels => _inner.Channels;
    public long? Length { get; }

    public int Read(Span<float> interleaved)
    {
        while (_skip > 0)
        {
            // Decoding what comes before is exact in every format; seeking in compressed ones is not.
            int want = (int)Math.Min(_skip, interleaved.Length / Channels);
            if (want == 0)
            {
                return 0;
            }

            int skipped = _inner.Read(interleaved[..(want * Channels)]);
            if (skipped == 0)
            {
                return 0;
            }

            _skip -= skipped;
        }

        int frames = (int)Math.Min(interleaved.Length / Channels, _left);
        if (frames == 0)
        {
            return 0;
        }

        int got = _inner.Read(interleaved[..(frames * Channels)]);
        _left -= got;
        if (got == 0 && _left == _length)
        {
            throw new AudioException($"The part that is asked for begins behind the recording's end. Choose an earlier start.");
        }

        return got;
    }

    public void Dispose() => _inner.Dispose();
}
