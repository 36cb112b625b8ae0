using System.Numerics.Tensors;

namespace Stemsharp.Export.Interpretation;

/// <summary>Operations on single elements, with broadcasting.</summary>
internal static class Elementwise
{
    private const int Steps = 64;
    private const double Reach = 4.5;

    // erf and its slope, Steps to the unit: cubic interpolation between them is exact to 1e-9.
    private static readonly (double Value, double Slope)[] s_erf = [.. Enumerable.Range(0, (int)(Reach * Steps) + 2).Select(i => (Erf(i / (double)Steps), 2 / Math.Sqrt(Math.PI) * Math.Exp(-(i / (double)Steps) * (i / (double)Steps)) / Steps))];

    public static void Unary(string type, ReadOnlyMemory<float> x, float[] y, double epsilon)
    {
        Ranges.For(x.Length, (start, end) =>
        {
            ReadOnlySpan<float> source = x.Span[start..end];
            Span<float> target = y.AsSpan(start, end - start);
            switch (type)
            {
                case "sqrt": TensorPrimitives.Sqrt(source, target); break;
                case "square": TensorPrimitives.Multiply(source, source, target); break;
                case "sigmoid": TensorPrimitives.Sigmoid(source, target); break;
                case "tanh": TensorPrimitives.Tanh(source, target); break;
                case "relu": TensorPrimitives.Max(source, 0f, target); break;
                case "abs": TensorPrimitives.Abs(source, target); break;
                case "silu":
                    TensorPrimitives.Sigmoid(source, target);
                    TensorPrimitives.Multiply(source, target, target);
                    break;
                case "cast": source.CopyTo(target); break;
                case "rsqrt":
                    for (int i = 0; i < source.Length; i++)
                    {
                        target[i] = 1 / MathF.Sqrt(source[i] + (float)epsilon);
                    }

                    break;
                case "erf":
                    for (int i = 0; i < source.Length; i++)
                    {
                        target[i] = (float)Signed(source[i]);
                    }

                    break;
                case "gelu":
                    for (int i = 0; i < source.Length; i++)
                    {
                        target[i] = Gelu(source[i]);
                    }

                    break;
                default: throw new InvalidOperationException($"{type} is no operation on single elements.");
            }
        });
    }

    /// <summary>Applies add, sub, mul or real_div with the usual broadcasting of trailing axes.</summary>
    public static void Binary(string type, IOperand x, IOperand y, int[] shape, float[] result)
    {
        int rank = shape.Length;
        int[] xs = Strides(x.Shape, rank), ys = Strides(y.Shape, rank);
        // Inner axes that all three walk through in one stride are one axis.
        int inner = shape[^1], axis = rank - 2;
        for (; axis >= 0 && xs[axis] == xs[^1] * inner && ys[axis] == ys[^1] * inner; axis--)
        {
            inner *= shape[axis];
        }

        int outer = shape.Take(axis + 1).Aggregate(1, (n, d) => n * d), last = axis;
        int grain = Math.Max(1, (1 << 15) / inner), pieces = (outer + grain - 1) / grain;
        Parallel.For(0, pieces, piece =>
        {
            for (int row = piece * grain; row < Math.Min(outer, (piece + 1) * grain); row++)
            {
                int rest = row, a = 0, b = 0;
                for (int i = last; i >= 0; i--)
                {
                    (rest, int position) = Math.DivRem(rest, shape[i]);
                    a += position * xs[i];
                    b += position * ys[i];
                }

                Line(type, x.Data, a, xs[^1], y.Data, b, ys[^1], result.AsSpan(row * inner, inner));
            }
        });
    }

    private static void Line(string type, float[] x, int a, int xs, float[] y, int b, int ys, Span<float> result)
    {
        int n = result.Length;
        if (xs == 0 && ys == 0)
        {
            result.Fill(type switch { "add" => x[a] + y[b], "sub" => x[a] - y[b], "mul" => x[a] * y[b], "maximum" => Math.Max(x[a], y[b]), _ => x[a] / y[b] });
            return;
        }

        switch (type)
        {
            case "add" when xs == 0: TensorPrimitives.Add(y.AsSpan(b, n), x[a], result); break;
            case "add" when ys == 0: TensorPrimitives.Add(x.AsSpan(a, n), y[b], result); break;
            case "add": TensorPrimitives.Add(x.AsSpan(a, n), y.AsSpan(b, n), result); break;
            case "mul" when xs == 0: TensorPrimitives.Multiply(y.AsSpan(b, n), x[a], result); break;
            case "mul" when ys == 0: TensorPrimitives.Multiply(x.AsSpan(a, n), y[b], result); break;
            case "mul": TensorPrimitives.Multiply(x.AsSpan(a, n), y.AsSpan(b, n), result); break;
            case "maximum" when xs == 0: TensorPrimitives.Max(y.AsSpan(b, n), x[a], result); break;
            case "maximum" when ys == 0: TensorPrimitives.Max(x.AsSpan(a, n), y[b], result); break;
            case "maximum": TensorPrimitives.Max(x.AsSpan(a, n), y.AsSpan(b, n), result); break;
            case "sub" when xs == 0: TensorPrimitives.Subtract(x[a], y.AsSpan(b, n), result); break;
            case "sub" when ys == 0: TensorPrimitives.Subtract(x.AsSpan(a, n), y[b], result); break;
            case "sub": TensorPrimitives.Subtract(x.AsSpan(a, n), y.AsSpan(b, n), result); break;
            case "real_div" when xs == 0: TensorPrimitives.Divide(x[a], y.AsSpan(b, n), result); break;
            case "real_div" when ys == 0: TensorPrimitives.Divide(x.AsSpan(a, n), y[b], result); break;
            default: TensorPrimitives.Divide(x.AsSpan(a, n), y.AsSpan(b, n), result); break;
        }
    }

    // Strides aligned to the result's axes, 0 where the operand is broadcast.
    private static int[] Strides(int[] shape, int rank)
    {
        int[] strides = new int[rank];
        for (int i = shape.Length - 1, stride = 1; i >= 0; stride *= shape[i], i--)
        {
            strides[i + rank - shape.Length] = shape[i] == 1 ? 0 : stride;
        }

        return strides;
    }

    // x·Φ(x), computed in double and rounded once.
    private static float Gelu(float x)
    {
        return (float)(0.5 * x * (1 + Signed(x / Math.Sqrt(2))));
    }

    private static double Signed(double x)
    {
        double erf = Math.Abs(x) >= Reach ? 1 : Interpolate(Math.Abs(x));
        return x < 0 ? -erf : erf;
    }

    private static double Interpolate(double z)
    {
        double scaled = z * Steps;
        int i = (int)scaled;
        double t = scaled - i;
        (double v0, double d0) = s_erf[i];
        (double v1, double d1) = s_erf[i + 1];
        double rise = v1 - v0, a = d0 - rise, b = rise - d1;
        return v0 + t * rise + t * (1 - t) * (a * (1 - t) + b * t);
    }

    // Maclaurin series with positive terms: 2/√π·e^(−x²)·Σ 2ⁿx^(2n+1)/(1·3·…·(2n+1)).
    private static double Erf(double x)
    {
        double term = x, sum = x;
        for (int n = 1; term > 1e-18 * sum; n++)
        {
            sum += term *= 2 * x * x / (2 * n + 1);
        }

        return 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
    }
}
