using Stemsharp.Kernels.Elementary;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Kernels.Norm;
using Stemsharp.Simd;
using Xunit;

namespace Stemsharp.Tests.Kernels;

/// <summary>What each kernel is checked against, for one instruction set. Lengths stand around the blocks that kernels really have.</summary>
internal sealed unsafe partial class KernelCases<TIsa, V> : IKernelCases
    where TIsa : struct, ISimd<V>
    where V : struct
{
    public void Functions()
    {
        // Without a fused multiply-add the reduction of large arguments rounds twice.
        double tolerance = TIsa.Lanes >= 8 ? 3e-7 : 6e-6;
        const double Step = 0.0137;
        float* x = stackalloc float[TIsa.Lanes];
        float* y = stackalloc float[TIsa.Lanes];

        // Every lane has a number of its own, and all numbers between them.
        for (double v = -130; v <= 95; v += Step * TIsa.Lanes)
        {
            for (int i = 0; i < TIsa.Lanes; i++)
            {
                x[i] = (float)(v + i * Step);
            }

            V a = TIsa.Load(x);
            Each(VectorMath<TIsa, V>.Exp(a), (f, e) => Assert.Equal(1, e / Math.Exp(Math.Clamp(f, -86.6f, 88f)), tolerance));
            foreach (float n in (float[])[0, 3, -7])
            {
                // At the limit the whole part stops; the fraction goes on.
                V offset = VectorMath<TIsa, V>.Offset(TIsa.Broadcast(n));
                Each(VectorMath<TIsa, V>.Exp2(a, offset), (f, e) =>
                {
                    double whole = Math.Round(f) - n, rest = f - Math.Round(f);
                    Assert.Equal(1, e / Math.Pow(2, Math.Max(whole, -120) + rest), 3e-7);
                });
                Each(VectorMath<TIsa, V>.PowerOfTwo(VectorMath<TIsa, V>.Round(a), offset), (f, e) => Assert.Equal(Math.Pow(2, Math.Max(Math.Round(f) - n, -120)), e));
            }

            Each(VectorMath<TIsa, V>.Sigmoid(a), (f, e) => Assert.Equal(1 / (1 + Math.Exp(-f)), e, 2e-7));
            Each(VectorMath<TIsa, V>.Tanh(a), (f, e) => Assert.Equal(Math.Tanh(f), e, tolerance * Math.Abs(Math.Tanh(f)) + 1e-9));
            Each(VectorMath<TIsa, V>.Gelu(a), (f, e) => Assert.Equal(Stemsharp.Graph.Interpretation.Elementwise.Gelu([f])[0], e, 3e-7 * Math.Max(1, Math.Abs(f))));
            Each(PreciseGelu<TIsa, V>.Apply(a), (f, e) => Assert.Equal(Stemsharp.Graph.Interpretation.Elementwise.Gelu([f])[0], e, 1e-7 * Math.Max(1, Math.Abs(f))));
            Each(Silu<TIsa, V>.Apply(a), (f, e) => Assert.Equal(f / (1 + Math.Exp(-f)), e, 2e-7 * Math.Max(1, Math.Abs(f))));
            Each(Relu<TIsa, V>.Apply(a), (f, e) => Assert.Equal(Math.Max(f, 0), e));
            Each(Identity<TIsa, V>.Apply(a), (f, e) => Assert.Equal(f, e));
        }

        void Each(V result, Action<double, double> check)
        {
            TIsa.Store(y, result);
            for (int i = 0; i < TIsa.Lanes; i++)
            {
                check(x[i], y[i]);
            }
        }
    }

    public void Moments()
    {
        // Beyond two chains of single precision, and a vector more.
        int longest = (2 * MomentKernels<TIsa, V>.Chain + 1) * TIsa.Lanes + 1;
        for (int n = 0; n <= longest; n++)
        {
            float[] x = Random(Math.Max(n, 1), n);
            Moments moments;
            fixed (float* p = x)
            {
                moments = MomentKernels<TIsa, V>.Of(p, n, 0.25f);
            }

            double sum = 0, squares = 0;
            for (int i = 0; i < n; i++)
            {
                sum += (double)x[i] - 0.25;
                squares += ((double)x[i] - 0.25) * ((double)x[i] - 0.25);
            }

            Assert.Equal(sum, moments.Sum, 2e-5);
            Assert.Equal(squares, moments.Squares, 2e-5);
        }
    }

    public void LayerNorm()
    {
        foreach (int rows in Around(Panel<TIsa, V>.LayerNormChain, 100))
        {
            float[] x = Random(rows * Tile.Columns, rows), weight = Random(rows, 1), bias = Random(rows, 2), y = new float[x.Length];
            fixed (float* p = x, w = weight, b = bias, q = y)
            {
                Panel<TIsa, V>.LayerNorm(p, Tile.Columns, rows, w, b, 1e-5f, q);
            }

            for (int c = 0; c < Tile.Columns; c++)
            {
                double[] column = [.. Enumerable.Range(0, rows).Select(r => (double)x[r * Tile.Columns + c])];
                double mean = column.Average(), variance = column.Average(v => (v - mean) * (v - mean));
                for (int r = 0; r < rows; r++)
                {
                    Assert.Equal((column[r] - mean) / Math.Sqrt(variance + 1e-5) * weight[r] + bias[r], y[r * Tile.Columns + c], 1e-4);
                }
            }
        }
    }

    public void RmsNorm()
    {
        foreach (int rows in Around(Panel<TIsa, V>.LayerNormChain, 100))
        {
            // Three stretches apart, rows in pairs; the last column is zero, the one before so faint that the least norm counts.
            const int Second = 40, Third = 20, Group = 2, GroupStride = 200, Stride = 70;
            PanelRows where = new(rows, Group, GroupStride, Stride);
            float[] x = Random((rows + 1) * GroupStride, rows), gamma = Random(rows, 1), y = new float[rows * Tile.Columns];
            for (int r = 0; r < rows; r++)
            {
                x[At(r, Tile.Columns - 1)] = 0;
                x[At(r, Tile.Columns - 2)] *= 1e-13f;
            }

            fixed (float* p = x, g = gamma, q = y)
            {
                Panel<TIsa, V>.RmsNorm(p, where, Second, Third, g, q);
            }

            for (int c = 0; c < Tile.Columns; c++)
            {
                double[] column = [.. Enumerable.Range(0, rows).Select(r => (double)x[At(r, c)])];
                double norm = Math.Max(Math.Sqrt(column.Sum(v => v * v)), 1e-12);
                for (int r = 0; r < rows; r++)
                {
                    Assert.Equal(column[r] / norm * Math.Sqrt(rows) * gamma[r], y[r * Tile.Columns + c], 1e-5);
                }
            }

            int At(int row, int column) => (int)where.Offset(row) + column % Tile.Stretch + (column / Tile.Stretch) switch { 0 => 0, 1 => Second, _ => Third };
        }
    }

    public void Panels()
    {
        const int Rows = 3, Stride = 70;
        float[] a = Random(Rows * Stride, 1), b = Random(Rows * Stride, 2), panel = new float[Rows * Tile.Columns];
        fixed (float* p = a, q = b, to = panel)
        {
            Panel<TIsa, V>.Copy(p, Stride, Rows, to);
            Check(0, Tile.Columns, (r, c) => a[r * Stride + c]);
            Panel<TIsa, V>.CopySum(p, q, Stride, Rows, to);
            Check(0, Tile.Columns, (r, c) => a[r * Stride + c] + b[r * Stride + c]);
            for (int low = -1; low <= Tile.Columns; low++)
            {
                for (int high = low; high <= Tile.Columns + 1; high++)
                {
                    Panel<TIsa, V>.CopyEdge(p, null, Stride, Rows, low, high, to);
                    Check(low, high, (r, c) => a[r * Stride + c]);
                    Panel<TIsa, V>.CopyEdge(p, q, Stride, Rows, low, high, to);
                    Check(low, high, (r, c) => a[r * Stride + c] + b[r * Stride + c]);
                }
            }

            Panel<TIsa, V>.Clear(Rows, to);
            Check(0, 0, (_, _) => 1);
        }

        void Check(int low, int high, Func<int, int, float> inside)
        {
            for (int r = 0; r < Rows; r++)
            {
                for (int c = 0; c < Tile.Columns; c++)
                {
                    Assert.Equal(c >= low && c < high ? inside(r, c) : 0, panel[r * Tile.Columns + c]);
                }
            }

            Random(panel.Length, low + 100 * high).CopyTo(panel, 0);
        }
    }

    /// <summary>Lengths from 1 on around a block, twice it and three times it, and one more.</summary>
    private static int[] Around(int block, int other) =>
        [1, 7, 8, 9, block - 1, block, block + 1, 2 * block - 1, 2 * block, 2 * block + 1, 3 * block, other];

    private static float[] Random(int length, int seed)
    {
        Random random = new(seed);
        float[] x = new float[length];
        for (int i = 0; i < length; i++)
        {
            x[i] = random.NextSingle() - 0.5f;
        }

        return x;
    }
}
