using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Stemsharp.Simd;

namespace Stemsharp.Audio;

/// <summary>
/// Rounds floats to integers of a given depth, with triangular (TPDF) dither of ±1 step where asked. Samples that are
/// on the grid already carry no rounding error that dither would have to hide; they pass unchanged, so that a copy of
/// a 16-bit file is that file, and digital silence stays silent.
/// </summary>
internal sealed class Quantiser
{
    private readonly double _scale;
    private readonly double _low, _high;
    private readonly bool _dither;
    private SplitMix64 _random;

    /// <param name="bits">Depth of the integers, 8 to 32.</param>
    /// <param name="dither">Whether rounding is dithered.</param>
    /// <param name="seed">Seed of the dither.</param>
    public Quantiser(int bits, bool dither, ulong seed)
    {
        _scale = Math.ScaleB(1, bits - 1);
        _low = -_scale;
        _high = _scale - 1;
        // A float has no precision beyond 24 bits, so that there is nothing to dither.
        _dither = dither && bits <= 24;
        _random = new SplitMix64(seed);
    }

    /// <summary>Samples that were beyond the integers' range and were cut to it.</summary>
    public long ClippedSamples { get; private set; }

    /// <summary>Rounds to the nearest integer (ties to even), clamped. NaN becomes 0.</summary>
    public void Quantise(ReadOnlySpan<float> samples, Span<int> integers)
    {
        int done = Vector256.IsHardwareAccelerated ? Blocks(samples, integers) : 0;
        Each(samples[done..], integers[done..]);
    }

    // Where all eight samples of a block are dithered, or none, and none is beyond full scale: the rule in music. Other blocks go one by one.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int Blocks(ReadOnlySpan<float> samples, Span<int> integers)
    {
        Vector256<double> scale = Vector256.Create(_scale), low = Vector256.Create(_low), high = Vector256.Create(_high);
        int i = 0;
        for (; i <= samples.Length - Vector256<float>.Count; i += Vector256<float>.Count)
        {
            (Vector256<double> lower, Vector256<double> upper) = Vector256.Widen(Vector256.Create(samples[i..]));
            lower *= scale;
            upper *= scale;
            Vector256<double> first = Vector256.Round(lower), second = Vector256.Round(upper);
            if (_dither)
            {
                Vector256<double> exactFirst = Vector256.Equals(first, lower), exactSecond = Vector256.Equals(second, upper);
                if ((exactFirst | exactSecond) == Vector256<double>.Zero)
                {
                    SplitMix64 random = _random;
                    first = Vector256.Round(lower + Triangular(random.NextFour()));
                    second = Vector256.Round(upper + Triangular(random.NextFour()));
                    if (InRange(first) && InRange(second))
                    {
                        _random = random;
                        Integers(first, second).CopyTo(integers[i..]);
                        continue;
                    }
                }

                if ((exactFirst & exactSecond).AsUInt64() != Vector256<ulong>.AllBitsSet)
                {
                    Each(samples.Slice(i, Vector256<float>.Count), integers[i..]);
                    continue;
                }
            }

            if (InRange(first) && InRange(second))
            {
                Integers(first, second).CopyTo(integers[i..]);
            }
            else
            {
                Each(samples.Slice(i, Vector256<float>.Count), integers[i..]);
            }
        }

        return i;

        bool InRange(Vector256<double> rounded) => Vector256.GreaterThanOrEqualAll(rounded, low) && Vector256.LessThanOrEqualAll(rounded, high);
    }

    // Whole numbers of at most 32 bits stand in the lowest bits of 1.5·2⁵² plus themselves.
    private static Vector256<int> Integers(Vector256<double> lower, Vector256<double> upper)
    {
        Vector256<double> magic = Vector256.Create(6755399441055744.0);
        return Vector256.Narrow((lower + magic).AsInt64(), (upper + magic).AsInt64());
    }

    private static Vector256<double> Triangular(Vector256<ulong> z) =>
        (Double(z & Vector256.Create(0xFFFFFFFFul)) - Double(z >>> 32)) * Vector256.Create(1.0 / 4294967296);

    // A whole number below 2⁵² as the lowest bits of 2⁵² plus itself.
    private static Vector256<double> Double(Vector256<ulong> whole) =>
        (whole | Vector256.Create(0x4330000000000000ul)).AsDouble() - Vector256.Create(4503599627370496.0);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Each(ReadOnlySpan<float> samples, Span<int> integers)
    {
        for (int i = 0; i < samples.Length; i++)
        {
            double scaled = samples[i] * _scale;
            double rounded = Math.Round(scaled);
            if (_dither && rounded != scaled)
            {
                rounded = Math.Round(scaled + Triangular());
            }

            if (rounded >= _low && rounded <= _high)
            {
                integers[i] = (int)rounded;
                continue;
            }

            if (double.IsNaN(rounded))
            {
                integers[i] = 0;
                continue;
            }

            // Full scale +1 has no integer of its own; a peak of exactly that is not counted as cut.
            if (rounded < _low || scaled > _scale)
            {
                ClippedSamples++;
            }

            integers[i] = (int)Math.Clamp(rounded, _low, _high);
        }
    }

    /// <summary>The difference of two uniform numbers: triangular in −1 … 1.</summary>
    private double Triangular()
    {
        ulong z = _random.Next();
        return ((double)(uint)z - (uint)(z >> 32)) * (1.0 / 4294967296);
    }
}
