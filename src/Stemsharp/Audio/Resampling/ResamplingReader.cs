using System.Runtime.CompilerServices;

namespace Stemsharp.Audio;

/// <summary>A reader at another sample rate.</summary>
internal sealed class ResamplingReader : IAudioReader
{
    private const int BlockFrames = 4096;
    private readonly IAudioReader _inner;
    private readonly Resampler _resampler;
    private readonly float[] _input;
    private int _from, _to;
    private bool _ended;

    /// <param name="inner">Disposed with this reader.</param>
    /// <param name="sampleRate">The rate that is wanted.</param>
    public ResamplingReader(IAudioReader inner, int sampleRate)
    {
        _inner = inner;
        _resampler = new Resampler(inner.SampleRate, sampleRate, inner.Channels);
        _input = new float[BlockFrames * inner.Channels];
    }

    public int SampleRate => _resampler.To;
    public int Channels => _inner.Channels;
    public long? Length => _inner.Length is long frames ? Resampler.OutputLength(frames, _inner.SampleRate, SampleRate) : null;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int Read(Span<float> interleaved)
    {
        if (interleaved.Length < Channels)
        {
            return 0;
        }

        while (true)
        {
            if (_ended)
            {
                return _resampler.Finish(interleaved);
            }

            int made = _resampler.Process(_input.AsSpan(_from * Channels, (_to - _from) * Channels), interleaved, out int consumed);
            _from += consumed;
            if (made > 0)
            {
                return made;
            }

            _from = 0;
            _to = _inner.Read(_input);
            _ended = _to == 0;
        }
    }

    public void Dispose() => _inner.Dispose();
}
