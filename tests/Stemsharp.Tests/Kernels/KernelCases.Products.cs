using Stemsharp.Cpu.Steps;
using Stemsharp.Kernels.Gemm;
using Xunit;

namespace Stemsharp.Tests.Kernels;

/// <content>Matrix products and their packed weights.</content>
internal sealed unsafe partial class KernelCases<TIsa, V>
{
    private static readonly int[] s_lengths =
        [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 127, 128, 129, 700, .. Around(WinogradWeights.LongestChain, 400)[4..], .. Around(Tile.MaxChain, 1300)[4..]];

    public void Products()
    {
        foreach (int k in s_lengths)
        {
            float[] strip = Random(k * Tile.Rows, k), panel = Random(k * Tile.Columns, k + 1);
            foreach (int chain in (int[])[Tile.MaxChain, WinogradWeights.LongestChain])
            {
                float[] tile = Random(Tile.Size, k + 2), before = [.. tile];
                foreach (bool accumulate in (bool[])[false, true])
                {
                    fixed (float* a = strip, b = panel, c = tile)
                    {
                        Product<TIsa, V>.Run(a, b, k, c, accumulate, chain);
                    }

                    AssertProduct(strip, panel, Tile.Columns, k, accumulate ? before : null, tile);
                    before = [.. tile];
                }
            }
        }
    }

    public void StridedProducts()
    {
        foreach (int k in (int[])[1, 2, 3, 8, 33])
        {
            foreach (int stride in (int[])[Tile.Columns, Tile.Columns + 1, 100])
            {
                float[] strip = Random(k * Tile.Rows, k), rows = Random(k * stride + Tile.Columns, k + 1);
                foreach (int next in (int[])[0, 64])
                {
                    // What is hinted for the cache changes nothing.
                    float[] tile = new float[Tile.Size];
                    fixed (float* a = strip, b = rows, c = tile)
                    {
                        MicroKernel<TIsa, V>.Run(a, b, k, stride, c, accumulate: false, next);
                    }

                    AssertProduct(strip, rows, stride, k, null, tile);
                }
            }
        }
    }

    // Halves, so that they are packed as narrow floats, against the same ones packed as they are.
    public void Weights()
    {
        const int Rows = 13;
        foreach (int k in s_lengths)
        {
            float[] matrix = Array.ConvertAll(Random(Rows * k, k), v => (float)(Half)v), bias = Random(Rows, 1), room = new float[Product<TIsa, V>.RoomFloats];
            int[] order = [-1, .. Enumerable.Range(0, Rows).Reverse()];
            using PackedWeights narrow = new(order.Length, k), single = new(order.Length, k);
            narrow.Fill(order, matrix, bias);
            single.FillSingle(order, matrix, bias);
            Assert.True(narrow.IsNarrow);
            Assert.False(single.IsNarrow);
            Assert.Equal(new Span<float>(single.Bias, order.Length), new Span<float>(narrow.Bias, order.Length));

            // As many panels as steps let share a strip: one, two or four.
            foreach (int panels in (int[])[1, 2, 4])
            {
                float[] columns = Random(panels * k * Tile.Columns, 2);
                for (int strip = 0; strip < narrow.Strips; strip++)
                {
                    foreach ((int first, int length) in ((int, int)[])[(0, k), (k / 3, k - k / 3)])
                    {
                        float[] expected = Random(panels * Tile.Size, 3), actual = [.. expected];
                        foreach (bool accumulate in (bool[])[true, false])
                        {
                            fixed (float* b = columns, e = expected, a = actual, r = room)
                            {
                                for (int p = 0; p < panels; p++)
                                {
                                    Product<TIsa, V>.Run(single.Strip(strip) + first * Tile.Rows, b + p * k * Tile.Columns, length, e + p * Tile.Size, accumulate);
                                }

                                Product<TIsa, V>.Run(narrow, strip, 1, first, length, b, k * Tile.Columns, panels, a, Tile.Size, r, accumulate);
                            }

                            Assert.Equal(expected, actual);
                        }
                    }
                }
            }
        }
    }

    private static void AssertProduct(float[] strip, float[] rows, int stride, int k, float[]? before, float[] tile)
    {
        for (int r = 0; r < Tile.Rows; r++)
        {
            for (int j = 0; j < Tile.Columns; j++)
            {
                double sum = before is null ? 0 : before[r * Tile.Columns + j];
                for (int i = 0; i < k; i++)
                {
                    sum += (double)strip[i * Tile.Rows + r] * rows[i * stride + j];
                }

                Assert.Equal(sum, tile[r * Tile.Columns + j], 2e-6 * Math.Sqrt(k) + 1e-6);
            }
        }
    }
}
