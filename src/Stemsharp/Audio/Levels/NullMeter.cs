using System.Runtime.CompilerServices;

namespace Stemsharp.Audio;

/// <summary>
/// How deep a mix cancels when its stems are subtracted from it: the energy that is left, relative to the mix.
/// </summary>
internal sealed class NullMeter
{
    private const int BlockSamples = 1024;
    private readonly double[] _difference = new double[BlockSamples];
    private double _mix, _rest;

    /// <summary>
    /// 10·log10(Σ(mix − Σ stems)² / Σ mix²) in dB: −∞ for an exact sum, 0 for stems that are all silent. NaN without signal.
    /// </summary>
    public double DepthDecibels => _rest == 0 && _mix > 0 ? double.NegativeInfinity : 10 * Math.Log10(_rest / _mix);

    /// <summary>Takes the next samples.</summary>
    /// <param name="mix">Any number of channels.</param>
    /// <param name="stems">As many samples each.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add(ReadOnlySpan<float> mix, IReadOnlyList<ReadOnlyMemory<float>> stems)
    {
        for (int from = 0; from < mix.Length; from += BlockSamples)
        {
            ReadOnlySpan<float> block = mix.Slice(from, Math.Min(BlockSamples, mix.Length - from));
            Span<double> difference = _difference.AsSpan(0, block.Length);
            for (int i = 0; i < block.Length; i++)
            {
                difference[i] = block[i];
                _mix += (double)block[i] * block[i];
            }

            foreach (ReadOnlyMemory<float> stem in stems)
            {
                ReadOnlySpan<float> samples = stem.Span.Slice(from, block.Length);
                for (int i = 0; i < samples.Length; i++)
                {
                    difference[i] -= samples[i];
                }
            }

            foreach (double value in difference)
            {
                _rest += value * value;
            }
        }
    }
}
