using System.Runtime.CompilerServices;

namespace Stemsharp.Audio;

/// <summary>
/// Makes stems add up to their mix exactly: what the stems lack goes to one of them. In integer formats the integers
/// of the stems' files sum to the mix's integer; in float formats the sum differs from the mix by at most half a unit
/// in the last place of the stem that takes the residual.
/// </summary>
internal sealed class ExactSum
{
    private const int BlockSamples = 1024;
    private readonly int _residual;
    private readonly Quantiser[]? _quantisers;
    private readonly Quantiser? _mixQuantiser;
    private readonly double _step;
    private readonly int _low, _high;
    private readonly int[][] _integers;
    private readonly float[] _scaled = new float[BlockSamples];
    private readonly double[] _rest = new double[BlockSamples];

    /// <param name="format">How the stems are written: 16- or 24-bit integers, or 32-bit float.</param>
    /// <param name="stems">How many stems there are.</param>
    /// <param name="residual">The stem that takes what the others lack.</param>
    /// <param name="dither">Whether rounding the other stems is dithered; the sum is exact either way.</param>
    /// <param name="seed">Seed of the dither.</param>
    /// <exception cref="OptionException">The format can't hold an exact sum of floats.</exception>
    public ExactSum(SampleFormat format, int stems, int residual, bool dither = false, ulong seed = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)residual, (uint)stems, nameof(residual));
        if (format is not (SampleFormat.Int16 or SampleFormat.Int24 or SampleFormat.Float32))
        {
            throw new OptionException($"An exact sum is not possible with {format}: valid are 16- and 24-bit integers and 32-bit float.");
        }

        _residual = residual;
        _integers = new int[stems + 1][];
        if (format.IsFloat())
        {
            return;
        }

        int bits = format.Bits();
        _step = Math.ScaleB(1, 1 - bits);
        _high = (1 << (bits - 1)) - 1;
        _low = -_high - 1;
        _mixQuantiser = new Quantiser(bits, dither: false, seed);
        _quantisers = new Quantiser[stems];
        for (int s = 0; s < stems; s++)
        {
            _quantisers[s] = new Quantiser(bits, dither, seed + (ulong)s);
        }

        for (int s = 0; s <= stems; s++)
        {
            _integers[s] = new int[BlockSamples];
        }
    }

    /// <summary>
    /// The one gain that keeps stems and mix within full scale, with the headroom of <see cref="ClipMode.Rescale"/>.
    /// </summary>
    /// <param name="mixPeak">Largest magnitude of the mix.</param>
    /// <param name="stemPeaks">Largest magnitude of each stem.</param>
    public static float SharedGain(float mixPeak, IEnumerable<float> stemPeaks) =>
        Clipping.RescaleGain(Math.Max(mixPeak, stemPeaks.DefaultIfEmpty(0).Max()));

    /// <summary>
    /// Changes stems in place. In integer formats they become exact multiples of the format's step, which writers
    /// store without any further rounding. The sum is <c>mix · gain</c>, rounded to the format.
    /// </summary>
    /// <param name="mix">Any number of channels, before the gain.</param>
    /// <param name="stems">As many samples each, before the gain.</param>
    /// <param name="gain">The factor for all of them.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Apply(ReadOnlySpan<float> mix, IReadOnlyList<Memory<float>> stems, float gain = 1)
    {
        if (stems.Count != _integers.Length - 1)
        {
            throw new ArgumentException($"There must be {_integers.Length - 1} stems.", nameof(stems));
        }

        for (int from = 0; from < mix.Length; from += BlockSamples)
        {
            int count = Math.Min(BlockSamples, mix.Length - from);
            Span<float> target = _scaled.AsSpan(0, count);
            for (int i = 0; i < count; i++)
            {
                target[i] = mix[from + i] * gain;
            }

            for (int s = 0; s < stems.Count; s++)
            {
                if (gain != 1)
                {
                    foreach (ref float sample in stems[s].Span.Slice(from, count))
                    {
                        sample *= gain;
                    }
                }
            }

            if (_quantisers is null)
            {
                SumFloats(target, stems, from);
            }
            else
            {
                SumIntegers(target, stems, from);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void SumFloats(ReadOnlySpan<float> mix, IReadOnlyList<Memory<float>> stems, int from)
    {
        Span<double> rest = _rest.AsSpan(0, mix.Length);
        for (int i = 0; i < rest.Length; i++)
        {
            rest[i] = mix[i];
        }

        for (int s = 0; s < stems.Count; s++)
        {
            if (s == _residual)
            {
                continue;
            }

            ReadOnlySpan<float> stem = stems[s].Span.Slice(from, mix.Length);
            for (int i = 0; i < rest.Length; i++)
            {
                rest[i] -= stem[i];
            }
        }

        Span<float> residual = stems[_residual].Span.Slice(from, mix.Length);
        for (int i = 0; i < rest.Length; i++)
        {
            residual[i] = (float)rest[i];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void SumIntegers(ReadOnlySpan<float> mix, IReadOnlyList<Memory<float>> stems, int from)
    {
        int count = stems.Count;
        int[] target = _integers[count];
        _mixQuantiser!.Quantise(mix, target);
        for (int s = 0; s < count; s++)
        {
            if (s != _residual)
            {
                _quantisers![s].Quantise(stems[s].Span.Slice(from, mix.Length), _integers[s]);
            }
        }

        for (int i = 0; i < mix.Length; i++)
        {
            long rest = target[i];
            for (int s = 0; s < count; s++)
            {
                if (s != _residual)
                {
                    rest -= _integers[s][i];
                }
            }

            int taken = (int)Math.Clamp(rest, _low, _high);
            _integers[_residual][i] = taken;
            rest -= taken;
            // A residual beyond full scale spills into stems that have room: the mix fits, so the sum always can.
            for (int s = 0; s < count && rest != 0; s++)
            {
                if (s == _residual)
                {
                    continue;
                }

                int moved = (int)Math.Clamp(_integers[s][i] + rest, _low, _high);
                rest -= moved - _integers[s][i];
                _integers[s][i] = moved;
            }
        }

        for (int s = 0; s < count; s++)
        {
            Span<float> samples = stems[s].Span.Slice(from, mix.Length);
            for (int i = 0; i < samples.Length; i++)
            {
                samples[i] = (float)(_integers[s][i] * _step);
            }
        }
    }
}
