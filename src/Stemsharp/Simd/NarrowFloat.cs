using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Stemsharp.Simd;

/// <summary>
/// The 16-bit floats that weights are kept in: sign, five bits of exponent with a bias of 25, ten of mantissa;
/// exponent 0 is zero. Every IEEE half below 128 in magnitude is one of them exactly, the subnormal ones
/// included, and without subnormals or infinities four cheap operations widen them (<see cref="ISimd{V}.LoadNarrow"/>).
/// </summary>
internal static class NarrowFloat
{
    /// <summary>What a code's bits, put where a float has them, are multiplied by.</summary>
    public const float Scale = 5.0706024e30f; // 2^102

    /// <summary>How far a code's magnitude is shifted, to where a float has it.</summary>
    public const int Shift = 13;

    /// <summary>The bits that remain of a code, extended by its sign and shifted.</summary>
    public const int Mask = unchecked((int)0x8FFFE000);

    private const uint DroppedBits = (1 << Shift) - 1;
    private const uint Magnitude = 0x7FFFFFFF;
    private const uint Bias = 102u << 23; // a float's bias less a code's
    private const uint Smallest = 1u << 23, Range = 31u << 23; // of magnitudes less the bias

    /// <summary>Whether all of some floats have exact codes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool Fits(ReadOnlySpan<float> values)
    {
        int i = 0;
        Vector256<uint> bad = default;
        for (; i <= values.Length - Vector256<uint>.Count; i += Vector256<uint>.Count)
        {
            Vector256<uint> bits = Vector256.Create(values.Slice(i, Vector256<uint>.Count)).AsUInt32(), magnitude = bits & Vector256.Create(Magnitude);
            Vector256<uint> outside = Vector256.GreaterThanOrEqual(magnitude - Vector256.Create(Bias + Smallest), Vector256.Create(Range));
            bad |= bits & Vector256.Create(DroppedBits) | Vector256.AndNot(outside, Vector256.Equals(magnitude, default));
            if (i % 4096 == 0 && bad != default)
            {
                return false;
            }
        }

        bool fits = bad == default;
        for (; i < values.Length; i++)
        {
            fits &= Fits(values[i]);
        }

        return fits;
    }

    /// <summary>The codes of floats that have them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Narrow(ReadOnlySpan<float> values, Span<ushort> codes)
    {
        int i = 0;
        for (; i <= values.Length - Vector256<ushort>.Count; i += Vector256<ushort>.Count)
        {
            Vector256<uint> low = Codes(Vector256.Create(values.Slice(i, Vector256<uint>.Count)).AsUInt32());
            Vector256<uint> high = Codes(Vector256.Create(values.Slice(i + Vector256<uint>.Count, Vector256<uint>.Count)).AsUInt32());
            Vector256.Narrow(low, high).CopyTo(codes[i..]);
        }

        for (; i < values.Length; i++)
        {
            codes[i] = Narrow(values[i]);
        }
    }

    /// <summary>The float that a code stands for.</summary>
    public static float Widen(ushort code) => BitConverter.Int32BitsToSingle(((short)code << Shift) & Mask) * Scale;

    private static bool Fits(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value), magnitude = bits & Magnitude;
        return magnitude == 0 || ((bits & DroppedBits) == 0 && magnitude - (Bias + Smallest) < Range);
    }

    private static ushort Narrow(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value), magnitude = bits & Magnitude;
        return (ushort)(bits >> 16 & 0x8000 | (magnitude == 0 ? 0 : magnitude - Bias >> Shift));
    }

    private static Vector256<uint> Codes(Vector256<uint> bits)
    {
        Vector256<uint> magnitude = bits & Vector256.Create(Magnitude), zero = Vector256.Equals(magnitude, default);
        return bits >> 16 & Vector256.Create(0x8000u) | Vector256.AndNot(magnitude - Vector256.Create(Bias) >> Shift, zero);
    }
}
