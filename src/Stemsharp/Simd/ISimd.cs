namespace Stemsharp.Simd;

/// <summary>
/// The vector arithmetic that transforms and kernels are written in, once, for every width and both precisions.
/// <typeparamref name="V"/> is the vector itself, so that the compiler keeps it in a register; an implementation only
/// names instructions.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
/// <typeparam name="V">A vector of <see cref="Lanes"/> numbers.</typeparam>
internal unsafe interface ISimd<T, V>
    where T : unmanaged
    where V : struct
{
    /// <summary>Numbers in a vector: 16, 8, 4 or 1 floats, or half as many doubles (at least 1).</summary>
    static abstract int Lanes { get; }

    static abstract V Load(T* p);

    static abstract void Store(T* p, V v);

    /// <summary>Loads as many floats, exactly.</summary>
    static abstract V LoadSingles(float* p);

    /// <summary>Stores as many floats, rounded to the nearest.</summary>
    static abstract void StoreSingles(float* p, V v);

    static abstract V Broadcast(T x);

    static abstract V Add(V a, V b);

    static abstract V Subtract(V a, V b);

    static abstract V Multiply(V a, V b);

    /// <summary>a·b + c, with one rounding where the tier has it.</summary>
    static abstract V MultiplyAdd(V a, V b, V c);

    /// <summary>a·b − c, with one rounding where the tier has it.</summary>
    static abstract V MultiplySubtract(V a, V b, V c);
}

/// <summary>What kernels need of vectors of floats beyond that.</summary>
/// <typeparam name="V">A vector of floats.</typeparam>
internal unsafe interface ISimd<V> : ISimd<float, V>
    where V : struct
{
    /// <summary>
    /// Rows of a register tile three vectors wide: 8 where there are 32 vector registers, 4 where there are 16.
    /// </summary>
    static abstract int TileRows { get; }

    /// <summary>Widens as many <see cref="NarrowFloat"/>s, exactly.</summary>
    static abstract V LoadNarrow(ushort* p);

    static abstract V Divide(V a, V b);

    static abstract V Min(V a, V b);

    static abstract V Max(V a, V b);

    /// <summary>a·b + c for one number a for all lanes. Where the hardware can, it is taken from memory by the very instruction that multiplies.</summary>
    static abstract V MultiplyAdd(float* a, V b, V c);

    /// <summary>c − a·b, with one rounding where the tier has it.</summary>
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
