namespace Stemsharp.Kernels.Simd;

/// <summary>
/// The vector operations that kernels are written in, once, for every width. <typeparamref name="V"/> is the
/// vector itself, so that the compiler keeps it in a register; an implementation only names instructions.
/// </summary>
/// <typeparam name="V">A vector of <see cref="Lanes"/> floats.</typeparam>
internal unsafe interface ISimd<V>
    where V : struct
{
    /// <summary>Floats in a vector: 16, 8, 4 or 1.</summary>
    static abstract int Lanes { get; }

    /// <summary>
    /// Rows of a register tile three vectors wide: 8 where there are 32 vector registers, 4 where there are 16.
    /// </summary>
    static abstract int TileRows { get; }

    static abstract V Load(float* p);

    /// <summary>Widens as many <see cref="Gemm.NarrowFloat"/>s, exactly.</summary>
    static abstract V LoadNarrow(ushort* p);

    static abstract void Store(float* p, V v);

    static abstract V Broadcast(float x);

    static abstract V Add(V a, V b);

    static abstract V Subtract(V a, V b);

    static abstract V Multiply(V a, V b);

    static abstract V Divide(V a, V b);

    static abstract V Min(V a, V b);

    static abstract V Max(V a, V b);

    /// <summary>a·b + c, with one rounding where the hardware has it.</summary>
    static abstract V MultiplyAdd(V a, V b, V c);

    /// <summary>The same for one number for all lanes. Where the hardware can, it is taken from memory by the very instruction that multiplies.</summary>
    static abstract V MultiplyAdd(float* a, V b, V c);

    /// <summary>c − a·b, with one rounding where the hardware has it.</summary>
    static abstract V NegateMultiplyAdd(V a, V b, V c);

    static abstract V Sqrt(V a);

    /// <summary>
    /// x·2ⁿ for an n given as the float that adding 1.5·2²³ to it makes: the low bits of that float's pattern
    /// are n, and are added to x's exponent. The result must be a normal number.
    /// </summary>
    static abstract V ScaleByPowerOfTwo(V x, V shifted);

    /// <summary>The sum of the lanes, in double precision, lower lane first.</summary>
    static abstract double Sum(V a);

    /// <summary>
    /// From 4·Lanes consecutive floats at p, the Lanes floats at p, p+4, … and those from p+1, p+2, p+3.
    /// </summary>
    static abstract void Deinterleave4(float* p, out V a, out V b, out V c, out V d);

    /// <summary>The opposite of <see cref="Deinterleave4"/>: stores a0 b0 c0 d0 a1 b1 ….</summary>
    static abstract void Interleave4(float* p, V a, V b, V c, V d);
}
