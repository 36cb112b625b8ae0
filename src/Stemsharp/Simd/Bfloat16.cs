using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Stemsharp.Simd;

/// <summary>
/// The upper half of a single: sign, eight bits of exponent, seven of mantissa. Rounding is to the nearest, ties to even, whatever the
/// thread's mode; subnormal numbers become zeros of their sign, and numbers that are none stay none and quiet: as the processor's
/// vcvtneps2bf16 does it.
/// </summary>
internal static class Bfloat16
{
    private const uint Magnitude = 0x7FFFFFFF, Infinity = 0x7F800000, Smallest = 0x00800000, Quiet = 0x00400000, Sign = 0x80000000;

    private const float MinNormal = 1.17549435e-38f;

    /// <summary>The nearest one.</summary>
    public static ushort Round(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value), magnitude = bits & Magnitude;
        uint rounded = magnitude > Infinity ? bits | Quiet : magnitude < Smallest ? bits & Sign : bits + 0x7FFF + (bits >> 16 & 1);
        return (ushort)(rounded >> 16);
    }

    /// <summary>The single that it is the upper half of.</summary>
    public static float Widen(ushort code) => BitConverter.UInt32BitsToSingle((uint)code << 16);

    /// <summary>Zero of the same sign for a number that is subnormal; else the number.</summary>
    public static float Flush(float x) => Math.Abs(x) < MinNormal ? MathF.CopySign(0, x) : x;

    /// <inheritdoc cref="Flush(float)"/>
    public static Vector512<float> Flush(Vector512<float> x) =>
        Vector512.ConditionalSelect(Vector512.LessThan(Vector512.Abs(x), Vector512.Create(MinNormal)), x & Vector512.Create(-0f), x);

    /// <summary>The nearest ones.</summary>
    /// <param name="values">Singles.</param>
    /// <param name="codes">As many codes.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Round(ReadOnlySpan<float> values, Span<ushort> codes)
    {
        int i = 0;
        for (; i <= values.Length - Vector256<ushort>.Count; i += Vector256<ushort>.Count)
        {
            Vector256<uint> low = Rounded(Vector256.Create(values.Slice(i, Vector256<uint>.Count)));
            Vector256<uint> high = Rounded(Vector256.Create(values.Slice(i + Vector256<uint>.Count, Vector256<uint>.Count)));
            Vector256.Narrow(low >> 16, high >> 16).CopyTo(codes[i..]);
        }

        for (; i < values.Length; i++)
        {
            codes[i] = Round(values[i]);
        }
    }

    /// <summary>Eight pairs of codes, the even one in the low half.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> Pairs(Vector256<float> even, Vector256<float> odd) => Rounded(even) >> 16 | Rounded(odd) & Vector256.Create(0xFFFF0000);

    /// <summary>Eight pairs of codes of what rounding left: the nearest ones to what is missing, which holds for numbers that are finite and stay so.</summary>
    /// <param name="even">Singles.</param>
    /// <param name="odd">Others.</param>
    /// <param name="high">Their <see cref="Pairs"/>.</param>
    public static Vector256<uint> Rest(Vector256<float> even, Vector256<float> odd, Vector256<uint> high) =>
        Pairs(even - (high << 16).AsSingle(), odd - (high & Vector256.Create(0xFFFF0000)).AsSingle());

    // The code in the upper half.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Rounded(Vector256<float> value)
    {
        Vector256<uint> bits = value.AsUInt32(), magnitude = bits & Vector256.Create(Magnitude);
        Vector256<uint> nearest = bits + Vector256.Create(0x7FFFu) + (bits >> 16 & Vector256<uint>.One);
        Vector256<uint> subnormal = Vector256.LessThan(magnitude, Vector256.Create(Smallest)), none = Vector256.GreaterThan(magnitude, Vector256.Create(Infinity));
        return Vector256.ConditionalSelect(none, bits | Vector256.Create(Quiet), Vector256.ConditionalSelect(subnormal, bits & Vector256.Create(Sign), nearest));
    }
}
