using System.Runtime.CompilerServices;
using Stemsharp.Simd;

namespace Stemsharp.Kernels.Norm;

/// <summary>Sum and sum of squares of some values, in double precision; merged in a fixed order by its users.</summary>
internal struct Moments
{
    public double Sum;
    public double Squares;

    public void Add(in Moments other)
    {
        Sum += other.Sum;
        Squares += other.Squares;
    }

    /// <summary>The factor and the offset that a norm applies: x·factor + offset = (x − mean)/√(variance + ε).</summary>
    public readonly (float Factor, float Offset) Normaliser(double count, double epsilon)
    {
        double mean = Sum / count, variance = Math.Max(Squares / count - mean * mean, 0);
        double factor = 1 / Math.Sqrt(variance + epsilon);
        return ((float)factor, (float)(-mean * factor));
    }
}

/// <summary>Moments of stretches of floats.</summary>
internal static unsafe class MomentKernels<TIsa, V>
    where TIsa : struct, ISimd<V>
    where V : struct
{
    /// <summary>Vectors summed in single precision before a double takes over.</summary>
    public const int Chain = 16;

    /// <summary>Moments of n floats, each with <paramref name="centre"/> taken off first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Moments Of(float* p, int n, float centre)
    {
        Moments moments = default;
        V c = TIsa.Broadcast(centre);
        int i = 0;
        while (i + TIsa.Lanes <= n)
        {
            V sum = TIsa.Broadcast(0f), squares = sum;
            for (int end = Math.Min(i + Chain * TIsa.Lanes, n - n % TIsa.Lanes); i < end; i += TIsa.Lanes)
            {
                V x = TIsa.Subtract(TIsa.Load(p + i), c);
                sum = TIsa.Add(sum, x);
                squares = TIsa.MultiplyAdd(x, x, squares);
            }

            moments.Sum += TIsa.Sum(sum);
            moments.Squares += TIsa.Sum(squares);
        }

        for (; i < n; i++)
        {
            double x = (double)p[i] - centre;
            moments.Sum += x;
            moments.Squares += x * x;
        }

        return moments;
    }
}
