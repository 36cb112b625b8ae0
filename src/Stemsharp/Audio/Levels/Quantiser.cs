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
