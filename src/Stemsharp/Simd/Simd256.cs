using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Stemsharp.Simd;

/// <summary>AVX2 with FMA: 8 lanes, 16 registers.</summary>
internal readonly unsafe struct Simd256 : ISimd<Vector256<float>>
{
    public static int Lanes => 8;

    public static int TileRows => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load(float* p) => Vector256.Load(p);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> LoadNarrow(ushort* p) =>
        ((Avx2.ConvertToVector256Int32((short*)p) << NarrowFloat.Shift) & Vector256.Create(NarrowFloat.Mask)).AsSingle() * Vector256.Create(NarrowFloat.Scale);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* p, Vector256<float> v) => v.Store(p);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> LoadSingles(float* p) => Load(p);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreSingles(float* p, Vector256<float> v) => Store(p, v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Broadcast(float x) => Vector256.Create(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Add(Vector256<float> a, Vector256<float> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Subtract(Vector256<float> a, Vector256<float> b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Multiply(Vector256<float> a, Vector256<float> b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Divide(Vector256<float> a, Vector256<float> b) => a / b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Min(Vector256<float> a, Vector256<float> b) => Avx.Min(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Max(Vector256<float> a, Vector256<float> b) => Avx.Max(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> MultiplyAdd(Vector256<float> a, Vector256<float> b, Vector256<float> c) => Fma.MultiplyAdd(a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> MultiplyAdd(float* a, Vector256<float> b, Vector256<float> c) => MultiplyAdd(Broadcast(*a), b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> MultiplySubtract(Vector256<float> a, Vector256<float> b, Vector256<float> c) => Fma.MultiplySubtract(a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> NegateMultiplyAdd(Vector256<float> a, Vector256<float> b, Vector256<float> c) => Fma.MultiplyAddNegated(a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Sqrt(Vector256<float> a) => Avx.Sqrt(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> ScaleByPowerOfTwo(Vector256<float> x, Vector256<float> shifted) => (x.AsInt32() + (shifted.AsInt32() << 23)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Sum(Vector256<float> a) => Simd128.Sum(a.GetLower()) + Simd128.Sum(a.GetUpper());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Deinterleave4(float* p, out Vector256<float> a, out Vector256<float> b, out Vector256<float> c, out Vector256<float> d)
    {
        Simd128.Deinterleave4(p, out Vector128<float> a0, out Vector128<float> b0, out Vector128<float> c0, out Vector128<float> d0);
        Simd128.Deinterleave4(p + 16, out Vector128<float> a1, out Vector128<float> b1, out Vector128<float> c1, out Vector128<float> d1);
        a = Vector256.Create(a0, a1);
        b = Vector256.Create(b0, b1);
        c = Vector256.Create(c0, c1);
        d = Vector256.Create(d0, d1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Interleave4(float* p, Vector256<float> a, Vector256<float> b, Vector256<float> c, Vector256<float> d)
    {
        Simd128.Interleave4(p, a.GetLower(), b.GetLower(), c.GetLower(), d.GetLower());
        Simd128.Interleave4(p + 16, a.GetUpper(), b.GetUpper(), c.GetUpper(), d.GetUpper());
    }
}
