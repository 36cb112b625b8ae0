using System.Runtime.CompilerServices;
using Stemsharp.Simd;

namespace Stemsharp.Kernels.Elementary;

/// <summary>
/// Elementary functions for every vector width. The polynomials are minimax fits made for this project
/// (weighted least squares, Lawson's iteration); the errors stated are against double precision.
/// A multiply-add overwrites one of its operands, and the compiler takes the first: so the value that is needed no more
/// comes first, or each would begin with a copy.
/// </summary>
internal static unsafe class VectorMath<TIsa, V>
    where TIsa : struct, ISimd<V>
    where V : struct
{
    private const float ErfcOfOne = 0.15729920705f;
    private const float RoundingShift = 12582912f; // 1.5·2²³: adding it leaves a whole number in the low bits
    private const float Log2EHigh = 1.44269502162933349609f; // log2(e) in two parts, so that the product's
    private const float Log2ELow = 1.925963033500011e-8f; // rounding error does not count

    /// <summary>
    /// eˣ to 1.5 ulp. The argument is clamped so that results stay normal: below −86.6 it gives 2.4e-38, never
    /// a denormal, which would slow everything after it.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Exp(V x)
    {
        x = TIsa.Max(TIsa.Min(x, TIsa.Broadcast(88f)), TIsa.Broadcast(-86.6f));
        V shifted = TIsa.MultiplyAdd(x, TIsa.Broadcast(Log2EHigh), TIsa.Broadcast(RoundingShift));
        V n = TIsa.Subtract(shifted, TIsa.Broadcast(RoundingShift));
        V minus = TIsa.NegateMultiplyAdd(x, TIsa.Broadcast(Log2ELow), TIsa.NegateMultiplyAdd(x, TIsa.Broadcast(Log2EHigh), n));
        return TIsa.ScaleByPowerOfTwo(PowerOfMinus(minus), shifted);
    }

    /// <summary>
    /// 2ˣ⁻ⁿ for a whole number n with a relative error of 1e-7, for softmax weights: x − n must not be above 127; below
    /// −120 it gives about 2⁻¹²⁰.
    /// </summary>
    /// <param name="x">The exponents, below 2²² in magnitude.</param>
    /// <param name="offset">What <see cref="Offset"/> gives for n.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Exp2(V x, V offset)
    {
        V shifted = TIsa.Add(x, offset);
        V r = TIsa.Subtract(x, TIsa.Subtract(shifted, offset));
        V p = TIsa.MultiplyAdd(r, TIsa.Broadcast(0.0013276472454890609f), TIsa.Broadcast(0.009675540961325169f));
        p = TIsa.MultiplyAdd(p, r, TIsa.Broadcast(0.05550713092088699f));
        p = TIsa.MultiplyAdd(p, r, TIsa.Broadcast(0.24022120237350464f));
        p = TIsa.MultiplyAdd(p, r, TIsa.Broadcast(0.6931469440460205f));
        p = TIsa.MultiplyAdd(p, r, TIsa.Broadcast(1.0000001192092896f));
        return TIsa.ScaleByPowerOfTwo(p, Limit(shifted));
    }

    /// <summary>2ᵐ⁻ⁿ for whole numbers, exact down to 2⁻¹²⁰.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V PowerOfTwo(V m, V offset) => TIsa.ScaleByPowerOfTwo(TIsa.Broadcast(1f), Limit(TIsa.Add(m, offset)));

    /// <summary>The nearest whole number, up to 2²² in magnitude.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Round(V x) => TIsa.Subtract(TIsa.Add(x, TIsa.Broadcast(RoundingShift)), TIsa.Broadcast(RoundingShift));

    /// <summary>What <see cref="Exp2"/> adds to an exponent, so that the sum's low bits are the nearest whole number less n.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Offset(V n) => TIsa.Subtract(TIsa.Broadcast(RoundingShift), n);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Limit(V shifted) => TIsa.Max(shifted, TIsa.Broadcast(RoundingShift - 120f));

    /// <summary>1/(1 + e⁻ˣ).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Sigmoid(V x)
    {
        x = TIsa.Max(TIsa.Min(x, TIsa.Broadcast(86.6f)), TIsa.Broadcast(-86.6f));
        V shifted = TIsa.NegateMultiplyAdd(x, TIsa.Broadcast(Log2EHigh), TIsa.Broadcast(RoundingShift));
        V n = TIsa.Subtract(shifted, TIsa.Broadcast(RoundingShift));
        V minus = TIsa.MultiplyAdd(x, TIsa.Broadcast(Log2ELow), TIsa.MultiplyAdd(x, TIsa.Broadcast(Log2EHigh), n));
        V one = TIsa.Broadcast(1f);
        return TIsa.Divide(one, TIsa.Add(one, TIsa.ScaleByPowerOfTwo(PowerOfMinus(minus), shifted)));
    }

    /// <summary>
    /// tanh x to 3 ulp, by e⁻²ˣ − 1 without a difference of near numbers: 2ⁿ·(2⁻ˢ − 1) + (2ⁿ − 1).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Tanh(V x)
    {
        V one = TIsa.Broadcast(1f);
        x = TIsa.Multiply(TIsa.Max(TIsa.Min(x, TIsa.Broadcast(10f)), TIsa.Broadcast(-10f)), TIsa.Broadcast(2f));
        V shifted = TIsa.NegateMultiplyAdd(x, TIsa.Broadcast(Log2EHigh), TIsa.Broadcast(RoundingShift));
        V n = TIsa.Subtract(shifted, TIsa.Broadcast(RoundingShift));
        V s = TIsa.MultiplyAdd(x, TIsa.Broadcast(Log2ELow), TIsa.MultiplyAdd(x, TIsa.Broadcast(Log2EHigh), n));
        V scale = TIsa.ScaleByPowerOfTwo(one, shifted);
        V less = TIsa.MultiplyAdd(TIsa.Multiply(SlopeOfMinus(s), s), scale, TIsa.Subtract(scale, one));
        return TIsa.Divide(TIsa.Subtract(TIsa.Broadcast(0f), less), TIsa.Add(less, TIsa.Broadcast(2f)));
    }

    // 2⁻ˢ for |s| ≤ ½, relative error 2e-9 before rounding.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V PowerOfMinus(V s) => TIsa.MultiplyAdd(SlopeOfMinus(s), s, TIsa.Broadcast(1f));

    // (2⁻ˢ − 1)/s.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V SlopeOfMinus(V s)
    {
        V p = TIsa.MultiplyAdd(s, TIsa.Broadcast(0.0001534581242594868f), TIsa.Broadcast(-0.0013399930903688073f));
        p = TIsa.MultiplyAdd(p, s, TIsa.Broadcast(0.009618489071726799f));
        p = TIsa.MultiplyAdd(p, s, TIsa.Broadcast(-0.05550328642129898f));
        p = TIsa.MultiplyAdd(p, s, TIsa.Broadcast(0.24022646248340607f));
        return TIsa.MultiplyAdd(p, s, TIsa.Broadcast(-0.6931471824645996f));
    }

    /// <summary>
    /// x·Φ(x) with the exact erf form: erf(z) = z·P(z²)/Q(z²) on |z| ≤ 3.95, where it reaches 1 − 2.3e-8.
    /// Absolute error of erf below 3.4e-7, 1e-7 on average.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Gelu(V x)
    {
        V z = TIsa.Multiply(x, TIsa.Broadcast(0.70710678118654752f));
        z = TIsa.Max(TIsa.Min(z, TIsa.Broadcast(3.95f)), TIsa.Broadcast(-3.95f));
        V u = TIsa.Multiply(z, z);
        V p = TIsa.MultiplyAdd(u, TIsa.Broadcast(2.0117397525609704e-06f), TIsa.Broadcast(0.00028760163695551455f));
        V q = TIsa.MultiplyAdd(u, TIsa.Broadcast(3.7839734432054684e-05f), TIsa.Broadcast(0.0011982093565165997f));
        p = TIsa.MultiplyAdd(p, u, TIsa.Broadcast(0.003917350433766842f));
        q = TIsa.MultiplyAdd(q, u, TIsa.Broadcast(0.015270765870809555f));
        p = TIsa.MultiplyAdd(p, u, TIsa.Broadcast(0.0532071590423584f));
        q = TIsa.MultiplyAdd(q, u, TIsa.Broadcast(0.11559105664491653f));
        p = TIsa.MultiplyAdd(p, u, TIsa.Broadcast(0.19403640925884247f));
        q = TIsa.MultiplyAdd(q, u, TIsa.Broadcast(0.505291759967804f));
        p = TIsa.MultiplyAdd(p, u, TIsa.Broadcast(1.128378987312317f));
        q = TIsa.MultiplyAdd(q, u, TIsa.Broadcast(1f));
        V erf = TIsa.Divide(TIsa.Multiply(z, p), q);
        V half = TIsa.Multiply(x, TIsa.Broadcast(0.5f));
        return TIsa.MultiplyAdd(half, erf, half);
    }

    /// <summary>
    /// x·Φ(x) to the last bits, for networks that make much of them: erf(z) = z + z·Q(z²) on |z| ≤ 1, and 1 − exp(−H(|z| − 1)) beyond, both as
    /// one sum. Absolute error of erf below 1e-7, a third of <see cref="Gelu"/>'s.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V PreciseGelu(V x)
    {
        V one = TIsa.Broadcast(1f), size = TIsa.Max(x, TIsa.Subtract(TIsa.Broadcast(0f), x));
        V z = TIsa.Multiply(size, TIsa.Broadcast(0.70710678118654752f)), near = TIsa.Min(z, one);
        V far = TIsa.Subtract(TIsa.Min(TIsa.Max(z, one), TIsa.Broadcast(4.1f)), one), u = TIsa.Multiply(near, near);
        V q = TIsa.MultiplyAdd(u, TIsa.Broadcast(-9.667044650996104e-06f), TIsa.Broadcast(0.00011265958892181516f));
        q = TIsa.MultiplyAdd(q, u, TIsa.Broadcast(-0.0008484080317430198f));
        q = TIsa.MultiplyAdd(q, u, TIsa.Broadcast(0.005221031606197357f));
        q = TIsa.MultiplyAdd(q, u, TIsa.Broadcast(-0.026865430176258087f));
        q = TIsa.MultiplyAdd(q, u, TIsa.Broadcast(0.11283782124519348f));
        q = TIsa.MultiplyAdd(q, u, TIsa.Broadcast(-0.37612637877464294f));
        q = TIsa.MultiplyAdd(q, u, TIsa.Broadcast(0.12837916612625122f));
        V h = TIsa.MultiplyAdd(far, TIsa.Broadcast(-1.5917062228254508e-06f), TIsa.Broadcast(3.244736581109464e-05f));
        h = TIsa.MultiplyAdd(h, far, TIsa.Broadcast(-0.00031789959757588804f));
        h = TIsa.MultiplyAdd(h, far, TIsa.Broadcast(0.002048797206953168f));
        h = TIsa.MultiplyAdd(h, far, TIsa.Broadcast(-0.01007071789354086f));
        h = TIsa.MultiplyAdd(h, far, TIsa.Broadcast(0.04157085344195366f));
        h = TIsa.MultiplyAdd(h, far, TIsa.Broadcast(0.8431063890457153f));
        h = TIsa.MultiplyAdd(h, far, TIsa.Broadcast(2.638967514038086f));
        h = TIsa.MultiplyAdd(h, far, TIsa.Broadcast(1.8496055603027344f));
        V rest = TIsa.Subtract(TIsa.Broadcast(ErfcOfOne), Exp(TIsa.Subtract(TIsa.Broadcast(0f), h)));
        V erf = TIsa.Add(TIsa.MultiplyAdd(near, q, near), rest), half = TIsa.Broadcast(0.5f);
        return TIsa.MultiplyAdd(TIsa.Multiply(size, half), erf, TIsa.Multiply(x, half));
    }
}
