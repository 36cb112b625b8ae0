using System.Numerics;

namespace Stemsharp.Audio;

/// <summary>One channel of a frame in the shortest of the forms that FLAC has for it.</summary>
internal sealed class FlacSubframe(int block)
{
    private const int HighestFixedOrder = 4, ConstantType = 0, VerbatimType = 1, FixedType = 8, LinearType = 31;

    private readonly int[] _shifted = new int[block], _fixedResiduals = new int[block], _linearResiduals = new int[block];
    private readonly FlacRice _fixedCode = new(block), _linearCode = new(block);
    private readonly FlacLinearPredictor _predictor = new(block);

    /// <summary>Writes a block.</summary>
    /// <param name="bits">Where to.</param>
    /// <param name="samples">The block.</param>
    /// <param name="depth">Bits of a sample, at most 25.</param>
    public void Write(FlacBitWriter bits, ReadOnlySpan<int> samples, int depth)
    {
        if (!samples.ContainsAnyExcept(samples[0]))
        {
            bits.Write(ConstantType << 1, 8);
            bits.WriteSigned(samples[0], depth);
            return;
        }

        int wasted = Wasted(samples);
        if (wasted > 0)
        {
            for (int i = 0; i < samples.Length; i++)
            {
                _shifted[i] = samples[i] >> wasted;
            }

            samples = _shifted.AsSpan(0, samples.Length);
            depth -= wasted;
        }

        Span<int> fixedResiduals = _fixedResiduals.AsSpan(0, samples.Length), linearResiduals = _linearResiduals.AsSpan(0, samples.Length);
        int order = BestFixed(samples);
        Difference(samples, order, fixedResiduals);
        _fixedCode.Choose(fixedResiduals, order, depth);
        long fixedBits = _fixedCode.Bits + order * depth, linearBits = long.MaxValue;
        if (_predictor.TryFind(samples, depth, linearResiduals))
        {
            _linearCode.Choose(linearResiduals, _predictor.Order, depth);
            linearBits = _linearCode.Bits + 9 + (long)_predictor.Order * (depth + FlacLinearPredictor.Precision);
        }

        long plainBits = (long)samples.Length * depth;
        if (plainBits <= Math.Min(fixedBits, linearBits))
        {
            Begin(bits, VerbatimType, wasted, samples, depth);
        }
        else if (fixedBits <= linearBits)
        {
            Begin(bits, FixedType + order, wasted, samples[..order], depth);
            _fixedCode.Write(bits);
        }
        else
        {
            Begin(bits, LinearType + _predictor.Order, wasted, samples[.._predictor.Order], depth);
            bits.Write(FlacLinearPredictor.Precision - 1, 4);
            bits.WriteSigned(_predictor.Shift, 5);
            foreach (int coefficient in _predictor.Coefficients.AsSpan(0, _predictor.Order))
            {
                bits.WriteSigned(coefficient, FlacLinearPredictor.Precision);
            }

            _linearCode.Write(bits);
        }
    }

    /// <summary>What a block costs about: the sum of its second differences.</summary>
    public static long Roughness(ReadOnlySpan<int> samples)
    {
        long sum = 0;
        for (int i = 2; i < samples.Length; i++)
        {
            sum += Math.Abs(samples[i] - 2 * samples[i - 1] + samples[i - 2]);
        }

        return sum;
    }

    private static void Begin(FlacBitWriter bits, int type, int wasted, ReadOnlySpan<int> warmUp, int depth)
    {
        bits.Write((uint)(type << 1 | (wasted > 0 ? 1 : 0)), 8);
        if (wasted > 0)
        {
            bits.WriteUnary((uint)wasted - 1);
        }

        foreach (int sample in warmUp)
        {
            bits.WriteSigned(sample, depth);
        }
    }

    // Bits at the low end that are 0 in all of them; there is at least one sample that is not 0.
    private static int Wasted(ReadOnlySpan<int> samples)
    {
        int any = 0;
        foreach (int sample in samples)
        {
            any |= sample;
            if ((any & 1) != 0)
            {
                return 0;
            }
        }

        return BitOperations.TrailingZeroCount(any);
    }

    // Of the differences 0 … 4 the one with the smallest sum.
    private static int BestFixed(ReadOnlySpan<int> samples)
    {
        if (samples.Length <= HighestFixedOrder)
        {
            return 0;
        }

        long sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0, sum4 = 0;
        int last0 = samples[3], last1 = last0 - samples[2], last2 = last1 - (samples[2] - samples[1]);
        int last3 = last2 - (samples[2] - 2 * samples[1] + samples[0]);
        for (int i = HighestFixedOrder; i < samples.Length; i++)
        {
            int d0 = samples[i], d1 = d0 - last0, d2 = d1 - last1, d3 = d2 - last2, d4 = d3 - last3;
            sum0 += Math.Abs(d0);
            sum1 += Math.Abs(d1);
            sum2 += Math.Abs(d2);
            sum3 += Math.Abs(d3);
            sum4 += Math.Abs(d4);
            (last0, last1, last2, last3) = (d0, d1, d2, d3);
        }

        ReadOnlySpan<long> sums = [sum0, sum1, sum2, sum3, sum4];
        int best = 0;
        for (int order = 1; order <= HighestFixedOrder; order++)
        {
            best = sums[order] < sums[best] ? order : best;
        }

        return best;
    }

    private static void Difference(ReadOnlySpan<int> samples, int order, Span<int> residuals)
    {
        for (int i = order; i < samples.Length; i++)
        {
            residuals[i] = order switch
            {
                0 => samples[i],
                1 => samples[i] - samples[i - 1],
                2 => samples[i] - 2 * samples[i - 1] + samples[i - 2],
                3 => samples[i] - 3 * samples[i - 1] + 3 * samples[i - 2] - samples[i - 3],
                _ => samples[i] - 4 * samples[i - 1] + 6 * samples[i - 2] - 4 * samples[i - 3] + samples[i - 4],
            };
        }
    }
}
