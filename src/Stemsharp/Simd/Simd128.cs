using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Stemsharp.Simd;

/// <summary>
/// 128-bit vectors: NEON (32 registers) and SSE (16 registers). On x64 multiply-adds are not fused, whatever the processor has:
/// .NET knows them together with AVX2 only, and so this tier gives the same bits wherever it is chosen or forced.
/// </summary>
internal readonly unsafe struct Simd128 : ISimd<Vector128<float>>
{
    public static int Lanes => 4;

    public static int TileRows => AdvSimd.IsSupported ? 8 : 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Load(float* p) => Vector128.Load(p);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> LoadNarrow(ushort* p) =>
        ((Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(long*)p).AsInt16()) << NarrowFloat.Shift) & Vector128.Create(NarrowFloat.Mask)).AsSingle() * Vector128.Create(NarrowFloat.Scale);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* p, Vector128<float> v) => v.Store(p);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> LoadSingles(float* p) => Load(p);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreSingles(float* p, Vector128<float> v) => Store(p, v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Broadcast(float x) => Vector128.Create(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Add(Vector128<float> a, Vector128<float> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Subtract(Vector128<float> a, Vector128<float> b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Multiply(Vector128<float> a, Vector128<float> b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Divide(Vector128<float> a, Vector128<float> b) => a / b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Min(Vector128<float> a, Vector128<float> b) => Vector128.MinNative(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Max(Vector128<float> a, Vector128<float> b) => Vector128.MaxNative(a, b);

    // FusedMultiplyAdd would be emulated, lane by lane, where the hardware lacks it.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> MultiplyAdd(Vector128<float> a, Vector128<float> b, Vector128<float> c) =>
        X86Base.IsSupported ? a * b + c : Vector128.MultiplyAddEstimate(a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> MultiplyAdd(float* a, Vector128<float> b, Vector128<float> c) => MultiplyAdd(Broadcast(*a), b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> MultiplySubtract(Vector128<float> a, Vector128<float> b, Vector128<float> c) => a * b - c;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> NegateMultiplyAdd(Vector128<float> a, Vector128<float> b, Vector128<float> c) =>
        X86Base.IsSupported ? c - a * b : Vector128.MultiplyAddEstimate(-a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Sqrt(Vector128<float> a) => Vector128.Sqrt(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> ScaleByPowerOfTwo(Vector128<float> x, Vector128<float> shifted) => (x.AsInt32() + (shifted.AsInt32() << 23)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Sum(Vector128<float> a) => (double)a[0] + a[1] + ((double)a[2] + a[3]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Deinterleave4(float* p, out Vector128<float> a, out Vector128<float> b, out Vector128<float> c, out Vector128<float> d)
    {
        Vector128<float> x0 = Load(p), x1 = Load(p + 4), x2 = Load(p + 8), x3 = Load(p + 12);
        Transpose(x0, x1, x2, x3, out a, out b, out c, out d);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Interleave4(float* p, Vector128<float> a, Vector128<float> b, Vector128<float> c, Vector128<float> d)
    {
        Transpose(a, b, c, d, out Vector128<float> x0, out Vector128<float> x1, out Vector128<float> x2, out Vector128<float> x3);
        Store(p, x0);
        Store(p + 4, x1);
        Store(p + 8, x2);
        Store(p + 12, x3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(
        Vector128<float> x0, Vector128<float> x1, Vector128<float> x2, Vector128<float> x3,
        out Vector128<float> y0, out Vector128<float> y1, out Vector128<float> y2, out Vector128<float> y3)
    {
        Vector128<float> l01 = Low(x0, x1), h01 = High(x0, x1), l23 = Low(x2, x3), h23 = High(x2, x3);
        y0 = Vector128.Create(l01.GetLower(), l23.GetLower());
        y1 = Vector128.Create(l01.GetUpper(), l23.GetUpper());
        y2 = Vector128.Create(h01.GetLower(), h23.GetLower());
        y3 = Vector128.Create(h01.GetUpper(), h23.GetUpper());
    }

    // a0 b0 a1 b1
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Low(Vector128<float> a, Vector128<float> b) => AdvSimd.Arm64.IsSupported
        ? AdvSimd.Arm64.ZipLow(a, b)
        : Sse.IsSupported ? Sse.UnpackLow(a, b) : Vector128.Create(a[0], b[0], a[1], b[1]);

    // a2 b2 a3 b3
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> High(Vector128<float> a, Vector128<float> b) => AdvSimd.Arm64.IsSupported
        ? AdvSimd.Arm64.ZipHigh(a, b)
        : Sse.IsSupported ? Sse.UnpackHigh(a, b) : Vector128.Create(a[2], b[2], a[3], b[3]);
}
