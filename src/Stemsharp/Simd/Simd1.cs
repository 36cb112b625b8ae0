namespace Stemsharp.Simd;

/// <summary>One lane: plain scalar code, the specification of the wider ones and the last resort.</summary>
internal readonly unsafe struct Simd1 : ISimd<float>
{
    public static int Lanes => 1;

    public static int TileRows => 4;

    public static float Load(float* p) => *p;

    public static float LoadNarrow(ushort* p) => NarrowFloat.Widen(*p);

    public static void Store(float* p, float v) => *p = v;

    public static float LoadSingles(float* p) => *p;

    public static void StoreSingles(float* p, float v) => *p = v;

    public static float Broadcast(float x) => x;

    public static float Add(float a, float b) => a + b;

    public static float Subtract(float a, float b) => a - b;

    public static float Multiply(float a, float b) => a * b;

    public static float Divide(float a, float b) => a / b;

    public static float Min(float a, float b) => a < b ? a : b;

    public static float Max(float a, float b) => a > b ? a : b;

    // A scalar fused multiply-add without hardware support is a call into the C library.
    public static float MultiplyAdd(float a, float b, float c) => a * b + c;

    public static float MultiplyAdd(float* a, float b, float c) => *a * b + c;

    public static float MultiplySubtract(float a, float b, float c) => a * b - c;

    public static float NegateMultiplyAdd(float a, float b, float c) => c - a * b;

    public static float Sqrt(float a) => MathF.Sqrt(a);

    public static float ScaleByPowerOfTwo(float x, float shifted) => BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(x) + (BitConverter.SingleToInt32Bits(shifted) << 23));

    public static double Sum(float a) => a;

    public static void Deinterleave4(float* p, out float a, out float b, out float c, out float d)
    {
        a = p[0];
        b = p[1];
        c = p[2];
        d = p[3];
    }

    public static void Interleave4(float* p, float a, float b, float c, float d)
    {
        p[0] = a;
        p[1] = b;
        p[2] = c;
        p[3] = d;
    }
}
