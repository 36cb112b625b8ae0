using Stemsharp.Audio;
using Stemsharp.Simd;
using Xunit;

namespace Stemsharp.Tests.Audio;

/// <summary>Integers sample by sample as the rule says, whatever is computed at once.</summary>
public class QuantiserTests
{
    [Theory]
    [InlineData(16, true)]
    [InlineData(16, false)]
    [InlineData(24, true)]
    [InlineData(32, true)]
    [InlineData(8, false)]
    public void Every_sample_is_rounded_by_the_rule(int bits, bool dither)
    {
        Random random = new(bits);
        float step = (float)Math.ScaleB(1, 1 - bits);
        float[] special = [0, -0f, 1, -1, 1.0001f, -1.0001f, 0.5f * step, 1.5f * step, -0.5f * step, 3 * step, float.NaN, float.PositiveInfinity, float.NegativeInfinity, 7, float.Epsilon];
        Quantiser tested = new(bits, dither, 11);
        Rule rule = new(bits, dither, 11);
        for (int round = 0; round < 400; round++)
        {
            // Whole blocks of music, blocks of exact values, and mixtures; of every length around a vector's.
            float[] samples = new float[random.Next(0, 70)];
            for (int i = 0; i < samples.Length; i++)
            {
                samples[i] = (round % 4) switch
                {
                    0 => (float)(random.NextDouble() - 0.5),
                    1 => random.Next(-100, 100) * step,
                    2 => random.Next(3) == 0 ? special[random.Next(special.Length)] : (float)(random.NextDouble() - 0.5),
                    _ => random.Next(20) == 0 ? special[random.Next(special.Length)] : (float)(3 * random.NextDouble() - 1.5),
                };
            }

            int[] expected = [.. samples.Select(rule.Next)], found = new int[samples.Length];
            tested.Quantise(samples, found);
            Assert.Equal(expected, found);
            Assert.Equal(rule.Clipped, tested.ClippedSamples);
        }
    }

    private sealed class Rule(int bits, bool dither, ulong seed)
    {
        private readonly double _scale = Math.ScaleB(1, bits - 1);
        private long _drawn;

        public long Clipped { get; private set; }

        public int Next(float sample)
        {
            double scaled = sample * _scale, rounded = Math.Round(scaled);
            if (dither && bits <= 24 && rounded != scaled)
            {
                ulong z = SplitMix64.At(seed, _drawn++);
                rounded = Math.Round(scaled + ((double)(uint)z - (uint)(z >> 32)) / 4294967296);
            }

            if (double.IsNaN(rounded))
            {
                return 0;
            }

            if (rounded < -_scale || (rounded > _scale - 1 && scaled > _scale))
            {
                Clipped++;
            }

            return (int)Math.Clamp(rounded, -_scale, _scale - 1);
        }
    }
}
