using System.Runtime.CompilerServices;

namespace Stemsharp.Audio;

/// <summary>A part of a recording.</summary>
internal sealed class RangeReader : IAudioReader
{
    private readonly IAudioReader _inner;
    private readonly string _name;
    private readonly long _start;
    private long _skip, _left;

    /// <param name="inner">Stands at its start; disposed with this reader.</param>
    /// <param name="name">The recording's name, for messages.</param>
    /// <param name="start">First frame.</param>
    /// <param name="length">Frames at most.</param>
    public RangeReader(IAudioReader inner, string name, long start, long length)
    {
        _inner = inner;
        _name = name;
        _start = start;
        _left = length;
        Length = inner.Length is long all ? Math.Clamp(all - start, 0, length) : null;
        if (inner is ISeekingReader seeking)
        {
            seeking.Seek(start);
        }
        else
        {
            _skip = start;
        }
    }

    public int SampleRate => _inner.SampleRate;
    public int Channels => _inner.Channels;
    public long? Length { get; }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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
                throw StartsBehindTheEnd(_name, _start - _skip, _start, SampleRate);
            }

            _skip -= skipped;
        }

        int frames = (int)Math.Min(interleaved.Length / Channels, _left);
        int got = frames == 0 ? 0 : _inner.Read(interleaved[..(frames * Channels)]);
        _left -= got;
        if (_left == 0 && _inner is IJudgingReader judging)
        {
            judging.Leave();
        }

        return got;
    }

    /// <summary>The error of a part that a recording does not have.</summary>
    public static OptionException StartsBehindTheEnd(string name, long length, long start, int sampleRate) => new(
        $"'{name}' lasts {length / (double)sampleRate:0.###} s; it can't be read from {start / (double)sampleRate:0.###} s on.");

    public void Dispose() => _inner.Dispose();
}
