using System.Runtime.CompilerServices;

namespace Stemsharp.Audio;

/// <summary>A writer that takes frames at one rate and passes them on at another.</summary>
internal sealed class ResamplingWriter : IStagedWriter
{
    private const int BlockFrames = 4096;
    private readonly PcmWriter _inner;
    private readonly Resampler _resampler;
    private readonly float[] _output;
    private long _left;

    /// <param name="inner">Where the frames go; disposed with this writer.</param>
    /// <param name="sampleRate">The rate that frames arrive with.</param>
    /// <param name="length">Frames that are passed on at most; the surplus is cut.</param>
    public ResamplingWriter(PcmWriter inner, int sampleRate, long? length)
    {
        _inner = inner;
        _resampler = new Resampler(sampleRate, inner.SampleRate, inner.Channels);
        _output = new float[BlockFrames * inner.Channels];
        _left = length ?? long.MaxValue;
    }

    public int SampleRate => _resampler.From;
    public int Channels => _inner.Channels;
    public long ClippedSamples => _inner.ClippedSamples;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Write(ReadOnlySpan<float> interleaved)
    {
        while (!interleaved.IsEmpty)
        {
            int made = _resampler.Process(interleaved, _output, out int consumed);
            interleaved = interleaved[(consumed * Channels)..];
            Pass(made);
        }
    }

    public void Complete()
    {
        PassRest();
        _inner.Complete();
    }

    public void Finish()
    {
        PassRest();
        _inner.Finish();
    }

    public void Commit() => _inner.Commit();

    public void Undo() => _inner.Undo();

    public void Dispose() => _inner.Dispose();

    private void PassRest()
    {
        int made;
        while ((made = _resampler.Finish(_output)) > 0)
        {
            Pass(made);
        }
    }

    private void Pass(int frames)
    {
        frames = (int)Math.Min(frames, _left);
        _left -= frames;
        if (frames > 0)
        {
            _inner.Write(_output.AsSpan(0, frames * Channels));
        }
    }
}
