using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Stemsharp.Simd;

/// <summary>AVX-512: 16 lanes, 32 registers.</summary>
internal readonly unsafe struct Simd512 : ISimd<Vector512<float>>
{
    public static int Lanes => 16;

    public static int TileRows => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(float* p) => Vector512.Load(p);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadNarrow(ushort* p) =>
        ((Avx512F.ConvertToVector512Int32(Vector256.Load((short*)p)) << NarrowFloat.Shift) & Vector512.Create(NarrowFloat.Mask)).AsSingle() * Vector512.Create(NarrowFloat.Scale);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* p, Vector512<float> v) => v.Store(p);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadSingles(float* p) => Load(p);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreSingles(float* p, Vector512<float> v) => Store(p, v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Broadcast(float x) => Vector512.Create(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Add(Vector512<float> a, Vector512<float> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Subtract(Vector512<float> a, Vector512<float> b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Multiply(Vector512<float> a, Vector512<float> b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Divide(Vector512<float> a, Vector512<float> b) => a / b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Min(Vector512<float> a, Vector512<float> b) => Avx512F.Min(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Max(Vector512<float> a, Vector512<float> b) => Avx512F.Max(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> MultiplyAdd(Vector512<float> a, Vector512<float> b, Vector512<float> c) => Avx512F.FusedMultiplyAdd(a, b, c);

    // A volatile read, or the compiler would load the number once for several products, with an instruction of its own.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> MultiplyAdd(float* a, Vector512<float> b, Vector512<float> c) => Avx512F.FusedMultiplyAdd(Vector512.Create(Volatile.Read(ref *a)), b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> MultiplySubtract(Vector512<float> a, Vector512<float> b, Vector512<float> c) => Avx512F.FusedMultiplySubtract(a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> NegateMultiplyAdd(Vector512<float> a, Vector512<float> b, Vector512<float> c) => Avx512F.FusedMultiplyAddNegated(a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Sqrt(Vector512<float> a) => Avx512F.Sqrt(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> ScaleByPowerOfTwo(Vector512<float> x, Vector512<float> shifted) => (x.AsInt32() + (shifted.AsInt32() << 23)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Sum(Vector512<float> a) => Simd256.Sum(a.GetLower()) + Simd256.Sum(a.GetUpper());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Deinterleave4(float* p, out Vector512<float> a, out Vector512<float> b, out Vector512<float> c, out Vector512<float> d)
    {
        Vector512<float> x0 = Load(p), x1 = Load(p + 16), x2 = Load(p + 32), x3 = Load(p + 48);
        Vector512<int> even = Vector512.Create(0, 4, 8, 12, 16, 20, 24, 28, 1, 5, 9, 13, 17, 21, 25, 29);
        Vector512<int> odd = even + Vector512.Create(2);
        Vector512<float> ab0 = Avx512F.PermuteVar16x32x2(x0, even, x1), ab1 = Avx512F.PermuteVar16x32x2(x2, even, x3);
        Vector512<float> cd0 = Avx512F.PermuteVar16x32x2(x0, odd, x1), cd1 = Avx512F.PermuteVar16x32x2(x2, odd, x3);
        a = Vector512.Create(ab0.GetLower(), ab1.GetLower());
        b = Vector512.Create(ab0.GetUpper(), ab1.GetUpper());
        c = Vector512.Create(cd0.GetLower(), cd1.GetLower());
        d = Vector512.Create(cd0.GetUpper(), cd1.GetUpper());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Interleave4(float* p, Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d)
    {
        Vector512<int> low = Vector512.Create(0, 16, 0, 16, 1, 17, 1, 17, 2, 18, 2, 18, 3, 19, 3, 19);
        for (int quarter = 0; quarter < 4; quarter++)
        {
            Vector512<int> index = low + Vector512.Create(4 * quarter);
            Vector512<float> ab = Avx512F.PermuteVar16x32x2(a, index, b), cd = Avx512F.PermuteVar16x32x2(c, index, d);
            Store(p + 16 * quarter, Vector512.ConditionalSelect(Vector512.Create(-1, -1, 0, 0, -1, -1, 0, 0, -1, -1, 0, 0, -1, -1, 0, 0).AsSingle(), ab, cd));
        }
    }
}
