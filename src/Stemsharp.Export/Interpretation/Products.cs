using System.Runtime.Intrinsics;

namespace Stemsharp.Export.Interpretation;

/// <summary>Linear layers, matrix products and attention.</summary>
internal static class Products
{
    // y[n, o] = Σ x[n, c]·w[o, c] + b[o]
    public static void Linear(ReadOnlyMemory<float> x, int n, int columns, ReadOnlySpan<float> weight, int rows, float[]? bias, float[] y) =>
        Gemm.Run(new PackedRows(weight, rows, columns, columns, 1), n, (column, count, panel) => PackTransposed(x.Span, column, count, columns, panel), (column, count, tile) =>
        {
            for (int j = 0; j < count; j++)
            {
                Span<float> line = y.AsSpan((column + j) * rows, rows);
                for (int o = 0; o < rows; o++)
                {
                    line[o] = tile[o * Gemm.PanelWidth + j] + (bias?[o] ?? 0);
                }
            }
        });

    // y = op(x)·op(w), one matrix of a batch.
    public static void MatMul(ReadOnlySpan<float> x, ReadOnlyMemory<float> w, int m, int k, int n, bool transposeX, bool transposeY, Memory<float> y, Summation order = Summation.Blocks)
    {
        PackedRows rows = transposeX ? new(x, m, k, 1, m, order) : new(x, m, k, k, 1, order);
        Gemm.Run(rows, n, (column, count, panel) =>
        {
            if (transposeY)
            {
                PackTransposed(w.Span, column, count, k, panel);
                return;
            }

            for (int row = 0; row < k; row++)
            {
                w.Span.Slice(row * n + column, count).CopyTo(panel[(row * Gemm.PanelWidth)..]);
            }
        }, (column, count, tile) =>
        {
            for (int row = 0; row < m; row++)
            {
                tile.Slice(row * Gemm.PanelWidth, count).CopyTo(y.Span[(row * n + column)..]);
            }
        });
    }

    /// <summary>One head: q, y [nq, d]; k, v [nk, d]. Scores live for 32 queries at a time; all in single precision.</summary>
    public static void Attention(ReadOnlyMemory<float> q, ReadOnlySpan<float> k, ReadOnlySpan<float> v, int nq, int nk, int width, Memory<float> y)
    {
        PackedRows keys = new(k, nk, width, width, 1);
        PackedRows values = new(v, width, nk, 1, width);
        float scale = (float)(1 / Math.Sqrt(width));
        Gemm.Run(keys, nq, (column, count, panel) => PackTransposed(q.Span, column, count, width, panel, scale), (column, count, tile) =>
        {
            float[] weights = new float[nk * Gemm.PanelWidth];
            tile[..weights.Length].CopyTo(weights);
            float[] result = new float[values.PaddedRows * Gemm.PanelWidth];
            Span<float> sums = stackalloc float[Gemm.PanelWidth];
            SoftmaxColumns(weights, sums);
            Gemm.Multiply(values, weights, result);
            for (int j = 0; j < count; j++)
            {
                for (int d = 0; d < width; d++)
                {
                    y.Span[(column + j) * width + d] = result[d * Gemm.PanelWidth + j] / sums[j];
                }
            }
        });
    }

    // exp(s − max) in place, and the sums per column.
    private static void SoftmaxColumns(Span<float> scores, Span<float> sums)
    {
        for (int half = 0; half < Gemm.PanelWidth; half += 16)
        {
            Vector512<float> max = Vector512.Create(float.NegativeInfinity), sum = default;
            for (int i = half; i < scores.Length; i += Gemm.PanelWidth)
            {
                max = Vector512.Max(max, Vector512.Create<float>(scores[i..]));
            }

            for (int i = half; i < scores.Length; i += Gemm.PanelWidth)
            {
                Vector512<float> e = Vector512.Exp(Vector512.Create<float>(scores[i..]) - max);
                e.CopyTo(scores[i..]);
                sum += e;
            }

            sum.CopyTo(sums[half..]);
        }
    }

    // panel[k, j] = x[column + j, k]
    private static void PackTransposed(ReadOnlySpan<float> x, int column, int count, int depth, Span<float> panel, float scale = 1)
    {
        for (int j = 0; j < count; j++)
        {
            ReadOnlySpan<float> line = x.Slice((column + j) * depth, depth);
            for (int k = 0; k < depth; k++)
            {
                panel[k * Gemm.PanelWidth + j] = line[k] * scale;
            }
        }
    }
}
