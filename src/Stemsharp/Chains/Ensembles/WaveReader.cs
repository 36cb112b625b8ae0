using System.Runtime.CompilerServices;
using Stemsharp.Audio;
using Stemsharp.Separation;

namespace Stemsharp.Chains.Ensembles;

/// <summary>Makes each sample of the same sample of all versions.</summary>
internal sealed class WaveReader : IAudioReader
{
    private readonly IAudioReader[] _versions;
    private readonly Func<ReadOnlySpan<float>, float> _rule;
    private readonly float[] _one;
    private float[][] _blocks = [];

    /// <param name="versions">Owned.</param>
    /// <param name="rule">Makes one sample of a sample of each version.</param>
    public WaveReader(IAudioReader[] versions, Func<ReadOnlySpan<float>, float> rule)
    {
        _versions = versions;
        _rule = rule;
        _one = new float[versions.Length];
    }

    public int SampleRate => _versions[0].SampleRate;

    public int Channels => _versions[0].Channels;

    public long? Length => _versions[0].Length;

    /// <summary>The weighted mean, summed in double precision.</summary>
    /// <param name="weights">They add up to 1.</param>
    public static Func<ReadOnlySpan<float>, float> Average(double[] weights) => [MethodImpl(MethodImplOptions.AggressiveOptimization)] (samples) =>
    {
        double sum = 0;
        for (int i = 0; i < samples.Length; i++)
        {
            sum += weights[i] * samples[i];
        }

        return (float)sum;
    };

    /// <summary>The middle one, or the mean of the two in the middle.</summary>
    public static float Median(ReadOnlySpan<float> samples)
    {
        Span<float> sorted = stackalloc float[samples.Length];
        samples.CopyTo(sorted);
        sorted.Sort();
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (float)(((double)sorted[middle - 1] + sorted[middle]) / 2);
    }

    /// <summary>The one nearest to zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Smallest(ReadOnlySpan<float> samples)
    {
        float found = samples[0];
        foreach (float sample in samples)
        {
            found = Math.Abs(sample) < Math.Abs(found) ? sample : found;
        }

        return found;
    }

    /// <summary>The one farthest from zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Largest(ReadOnlySpan<float> samples)
    {
        float found = samples[0];
        foreach (float sample in samples)
        {
            found = Math.Abs(sample) > Math.Abs(found) ? sample : found;
        }

        return found;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int Read(Span<float> interleaved)
    {
        int samples = interleaved.Length / Channels * Channels;
        if (_blocks.Length == 0 || _blocks[0].Length < samples)
        {
            _blocks = [.. _versions.Select(_ => new float[samples])];
        }

        int frames = 0;
        for (int v = 0; v < _versions.Length; v++)
        {
            int got = FullRead.Frames(_versions[v], _blocks[v].AsSpan(0, samples));
            frames = v == 0 ? got : Math.Min(frames, got);
        }

        for (int i = 0; i < frames * Channels; i++)
        {
            for (int v = 0; v < _versions.Length; v++)
            {
                _one[v] = _blocks[v][i];
            }

            interleaved[i] = _rule(_one);
        }

        return frames;
    }

    public void Dispose()
    {
        foreach (IAudioReader version in _versions)
        {
            version.Dispose();
        }
    }
}
