using Stemsharp.Kernels.Attention;
using Stemsharp.Kernels.Gemm;
using Xunit;

namespace Stemsharp.Tests.Kernels;

/// <content>Attention with its running softmax.</content>
internal sealed unsafe partial class KernelCases<TIsa, V>
{
    private const int KeyBlock = AttentionKernel<Stemsharp.Simd.Simd1, float>.KeyBlock;

    public void Attention()
    {
        foreach (int width in (int[])[8, 12, 16, 48])
        {
            foreach (int keys in Around(KeyBlock, 3 * KeyBlock + 16))
            {
                for (int panels = 1; panels <= AttentionKernel<TIsa, V>.MaxPanels; panels++)
                {
                    AttentionOf(width, keys, panels, _ => 1, 2e-6);
                }
            }
        }
    }

    // Each block's greatest score is above, or below, that of the one before: what came before is rescaled, or stays.
    public void RisingAttention()
    {
        foreach (int keys in Around(KeyBlock, 3 * KeyBlock + 16))
        {
            AttentionOf(16, keys, 2, t => 1 + 6f * t / keys, 1e-5);
            AttentionOf(16, keys, 2, t => 7 - 6f * t / keys, 1e-5);
        }
    }

    private static void AttentionOf(int width, int keys, int panels, Func<int, float> scaleOf, double tolerance)
    {
        int keyStrips = Tile.Strips(keys), valueStrips = Tile.Strips(width);
        float[] q = Random(panels * width * Tile.Columns, 1), k = Random(width * keys, 2), v = Random(width * keys, 3);
        float[] packedKeys = new float[keyStrips * width * Tile.Rows], packedValues = new float[valueStrips * keys * Tile.Rows];
        for (int d = 0; d < width; d++)
        {
            for (int t = 0; t < keys; t++)
            {
                k[d * keys + t] *= scaleOf(t);
                packedKeys[(t / Tile.Rows * width + d) * Tile.Rows + t % Tile.Rows] = k[d * keys + t];
                packedValues[(d / Tile.Rows * keys + t) * Tile.Rows + d % Tile.Rows] = v[d * keys + t];
            }
        }

        float[] scratch = new float[AttentionKernel<TIsa, V>.Scratch(width)];
        fixed (float* pq = q, pk = packedKeys, pv = packedValues, s = scratch)
        {
            AttentionKernel<TIsa, V>.Run(pq, panels, pk, pv, keys, width, s);
        }

        double[] weights = new double[keys];
        for (int p = 0; p < panels; p++)
        {
            for (int c = 0; c < Tile.Columns; c++)
            {
                double sum = 0;
                for (int t = 0; t < keys; t++)
                {
                    double score = 0;
                    for (int d = 0; d < width; d++)
                    {
                        score += (double)q[(p * width + d) * Tile.Columns + c] * k[d * keys + t];
                    }

                    weights[t] = Math.Pow(2, score);
                    sum += weights[t];
                }

                for (int d = 0; d < width; d++)
                {
                    double expected = 0;
                    for (int t = 0; t < keys; t++)
                    {
                        expected += weights[t] / sum * v[d * keys + t];
                    }

                    Assert.Equal(expected, scratch[p * AttentionKernel<TIsa, V>.PanelScratch(width) + d * Tile.Columns + c], tolerance);
                }
            }
        }
    }
}
