using Stemsharp.Simd;
using Xunit;

namespace Stemsharp.Tests.Simd;

/// <summary>The 16-bit form of weights loses nothing, and says so where it would.</summary>
public class NarrowFloatTests
{
    private static readonly float[] s_halves =
        [.. Enumerable.Range(0, 1 << 16).Select(i => (float)BitConverter.UInt16BitsToHalf((ushort)i)).Where(v => MathF.Abs(v) < 128)];

    [Fact]
    public void Every_half_below_128_comes_back_bit_by_bit()
    {
        Assert.Equal(2 * (1 + 1023 + (15 + 6) * 1024), s_halves.Length);
        Assert.True(NarrowFloat.Fits(s_halves));
        ushort[] codes = new ushort[s_halves.Length];
        NarrowFloat.Narrow(s_halves, codes);
        Assert.Equal(s_halves.Length, codes.Distinct().Count());
        for (int i = 0; i < codes.Length; i++)
        {
            Assert.Equal(BitConverter.SingleToInt32Bits(s_halves[i]), BitConverter.SingleToInt32Bits(NarrowFloat.Widen(codes[i])));
        }
    }

    [Theory]
    [InlineData(128f)]
    [InlineData(-128f)]
    [InlineData(0.1f)]
    [InlineData(1.00048828125f)]
    [InlineData(2.98023223876953125e-8f)]
    [InlineData(1e-40f)]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void What_has_no_code_is_found_at_any_place(float value)
    {
        for (int length = 1; length < 40; length++)
        {
            float[] values = new float[length];
            Array.Fill(values, 0.5f);
            for (int i = 0; i < length; i++)
            {
                values[i] = value;
                Assert.False(NarrowFloat.Fits(values));
                values[i] = -0f;
                Assert.True(NarrowFloat.Fits(values));
            }
        }
    }

    [Fact]
    public void Lengths_around_a_vector_narrow_alike()
    {
        for (int length = 0; length < 40; length++)
        {
            ReadOnlySpan<float> values = s_halves.AsSpan(5000, length);
            ushort[] codes = new ushort[length];
            NarrowFloat.Narrow(values, codes);
            for (int i = 0; i < length; i++)
            {
                Assert.Equal(values[i], NarrowFloat.Widen(codes[i]));
            }
        }
    }
}
