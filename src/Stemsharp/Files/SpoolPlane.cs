using System.Runtime.CompilerServices;
using Stemsharp.Audio;
using Stemsharp.Separation;

namespace Stemsharp.Files;

/// <summary>One file's samples in a spool, at the rate at which they will be written: front to back in, front to back out.</summary>
internal sealed class SpoolPlane : IWaitingSamples
{
    private const int BlockFrames = 4096;
    private readonly StemSpool _spool;
    private readonly int _plane;
    private readonly long _capacity;
    private readonly Resampler? _resampler;
    private readonly float[] _resampled;
    private readonly PeakMeter _peak = new();
    private long _written, _read;

    /// <param name="spool">Where.</param>
    /// <param name="plane">Which plane of it.</param>
    /// <param name="capacity">Samples that the plane holds; surplus ones are dropped.</param>
    /// <param name="resampler">From the rate of what comes to that of what waits; null where they are the same.</param>
    public SpoolPlane(StemSpool spool, int plane, long capacity, Resampler? resampler = null)
    {
        _spool = spool;
        _plane = plane;
        _capacity = capacity;
        _resampler = resampler;
        _resampled = resampler is null ? [] : new float[BlockFrames * resampler.Channels];
    }

    public float Peak => _peak.Peak;

    /// <summary>Appends frames, channels interleaved.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Write(ReadOnlySpan<float> samples)
    {
        if (_resampler is null)
        {
            Append(samples);
            return;
        }

        while (!samples.IsEmpty)
        {
            int made = _resampler.Process(samples, _resampled, out int consumed);
            samples = samples[(consumed * _resampler.Channels)..];
            Append(_resampled.AsSpan(0, made * _resampler.Channels));
        }
    }

    /// <summary>Appends what the resampler still holds.</summary>
    public void End()
    {
        for (int made; _resampler is not null && (made = _resampler.Finish(_resampled)) > 0;)
        {
            Append(_resampled.AsSpan(0, made * _resampler.Channels));
        }
    }

    public int Read(Span<float> samples)
    {
        int count = (int)Math.Min(samples.Length, _written - _read);
        _spool.Read(_plane, _read, samples[..count]);
        _read += count;
        return count;
    }

    private void Append(ReadOnlySpan<float> samples)
    {
        samples = samples[..(int)Math.Min(samples.Length, _capacity - _written)];
        _peak.Add(samples);
        _spool.Write(_plane, _written, samples);
        _written += samples.Length;
    }
}
