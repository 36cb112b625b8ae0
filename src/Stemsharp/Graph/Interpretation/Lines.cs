using System.Numerics;
using System.Runtime.InteropServices;

namespace Stemsharp.Graph.Interpretation;

/// <summary>The interpreter's two inner loops, several values at a time.</summary>
internal static class Lines
{
    /// <summary>row += factor·line, each product rounded before it is added.</summary>
    public static void AddScaled(Span<double> row, double factor, ReadOnlySpan<double> line)
    {
        ReadOnlySpan<Vector<double>> source = MemoryMarshal.Cast<double, Vector<double>>(line[..row.Length]);
        Span<Vector<double>> target = MemoryMarshal.Cast<double, Vector<double>>(row);
        Vector<double> factors = new(factor);
        for (int i = 0; i < target.Length; i++)
        {
            target[i] += factors * source[i];
        }

        for (int i = target.Length * Vector<double>.Count; i < row.Length; i++)
        {
            row[i] += factor * line[i];
        }
    }

    /// <summary>The sum of products.</summary>
    public static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        ReadOnlySpan<Vector<double>> x = MemoryMarshal.Cast<double, Vector<double>>(a), y = MemoryMarshal.Cast<double, Vector<double>>(b[..a.Length]);
        Vector<double> sums = Vector<double>.Zero;
        for (int i = 0; i < x.Length; i++)
        {
            sums += x[i] * y[i];
        }

        double sum = Vector.Sum(sums);
        for (int i = x.Length * Vector<double>.Count; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }
}
