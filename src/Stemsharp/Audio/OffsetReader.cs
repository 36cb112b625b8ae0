using System.Runtime.CompilerServices;

namespace Stemsharp.Audio;

/// <summary>A recording that is moved in time: silence comes before it, or what comes before zero is left out.</summary>
internal sealed class OffsetReader : IJudgingReader
{
    private readonly IAudioReader _inner;
    private long _silence, _skip;

    /// <param name="inner">Stands at its start; disposed with this reader.</param>
    /// <param name="offset">Frames of silence before it; negative: frames that are left out.</param>
    public OffsetReader(IAudioReader inner, long offset)
    {
        _inner = inner;
        _silence = Math.Max(offset, 0);
        _skip = Math.Max(-offset, 0);
        Length = inner.Length is long all ? Math.Max(all + offset, 0) : null;
    }

    public int SampleRate => _inner.SampleRate;

    public int Channels => _inner.Channels;

    public long? Length { get; }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int Read(Span<float> interleaved)
    {
        int room = interleaved.Length / Channels;
        if (_silence > 0)
        {
            int silent = (int)Math.Min(_silence, room);
            interleaved[..(silent * Channels)].Clear();
            _silence -= silent;
            return silent;
        }

        while (_skip > 0 && room > 0)
        {
            int skipped = _inner.Read(interleaved[..((int)Math.Min(_skip, room) * Channels)]);
            if (skipped == 0)
            {
                return 0;
            }

            _skip -= skipped;
        }

        return _inner.Read(interleaved);
    }

    public void Leave() => (_inner as IJudgingReader)?.Leave();

    public void Dispose() => _inner.Dispose();
}
