namespace Stemsharp.Simd;

/// <summary>One lane in double precision: plain scalar code.</summary>
internal readonly unsafe struct Doubles1 : ISimd<double, double>
{
    public static int Lanes => 1;

    public static double Load(double* p) => *p;

    public static void Store(double* p, double v) => *p = v;

    public static double LoadSingles(float* p) => *p;

    public static void StoreSingles(float* p, double v) => *p = (float)v;

    public static double Broadcast(double x) => x;

    public static double Add(double a, double b) => a + b;

    public static double Subtract(double a, double b) => a - b;

    public static double Multiply(double a, double b) => a * b;

    public static double MultiplyAdd(double a, double b, double c) => a * b + c;

    public static double MultiplySubtract(double a, double b, double c) => a * b - c;
}
