using Stemsharp.Kernels.Attention;
using Stemsharp.Kernels.Elementary;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Kernels.Norm;
using Stemsharp.Kernels.Winograd;
using Stemsharp.Simd;
using Xunit;

namespace Stemsharp.Tests.Kernels;

/// <summary>What each kernel is checked against, for one vector width.</summary>
internal static unsafe class KernelCases<TIsa, V>
    where TIsa : struct, ISimd<V>
    where V : struct
{
    private static readonly int[] s_lengths = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 127, 128, 129, 511, 512, 513, 700, 1025];

    public static void Products()
    {
        foreach (int k in s_lengths)
        {
            float[] strip = Random(k * Tile.Rows, k), panel = Random(k * Tile.Columns, k + 1), tile = Random(Tile.Size, k + 2), before = [.. tile];
            foreach (bool accumulate in (bool[])[false, true])
            {
                fixed (float* a = strip, b = panel, c = tile)
                {
                    Product<TIsa, V>.Run(a, b, k, c, accumulate);
                }

                for (int r = 0; r < Tile.Rows; r++)
                {
                    for (int j = 0; j < Tile.Columns; j++)
                    {
                        double sum = accumulate ? before[r * Tile.Columns + j] : 0;
                        for (int i = 0; i < k; i++)
                        {
                            sum += (double)strip[i * Tile.Rows + r] * panel[i * Tile.Columns + j];
                        }

                        Assert.Equal(sum, tile[r * Tile.Columns + j], 2e-6 * Math.Sqrt(k) + 1e-6);
                    }
                }

                before = [.. tile];
            }
        }
    }

    // Halves, so that they are packed as narrow floats, against the same ones packed as they are.
    public static void Weights()
    {
        const int Rows = 13, Panels = 2;
        foreach (int k in s_lengths)
        {
            float[] matrix = Array.ConvertAll(Random(Rows * k, k), v => (float)(Half)v), bias = Random(Rows, 1), panels = Random(Panels * k * Tile.Columns, 2), room = new float[Product<TIsa, V>.RoomFloats];
            int[] order = [-1, .. Enumerable.Range(0, Rows).Reverse()];
            using PackedWeights narrow = PackedWeights.Pack(order, k, matrix, bias), single = PackedWeights.PackSingle(order, k, matrix, bias);
            Assert.True(narrow.IsNarrow);
            Assert.False(single.IsNarrow);
            Assert.Equal(new Span<float>(single.Bias, order.Length), new Span<float>(narrow.Bias, order.Length));
            for (int strip = 0; strip < narrow.Strips; strip++)
            {
                foreach ((int first, int length) in ((int, int)[])[(0, k), (k / 3, k - k / 3)])
                {
                    float[] expected = Random(Panels * Tile.Size, 3), actual = [.. expected];
                    foreach (bool accumulate in (bool[])[true, false])
                    {
                        fixed (float* b = panels, e = expected, a = actual, r = room)
                        {
                            for (int p = 0; p < Panels; p++)
                            {
                                Product<TIsa, V>.Run(single.Strip(strip) + first * Tile.Rows, b + p * k * Tile.Columns, length, e + p * Tile.Size, accumulate);
                            }

                            Product<TIsa, V>.Run(narrow, strip, first, length, b, k * Tile.Columns, Panels, a, Tile.Size, r, accumulate);
                        }

                        Assert.Equal(expected, actual);
                    }
                }
            }
        }
    }

    public static void Functions()
    {
        // Without a fused multiply-add the reduction of large arguments rounds twice.
        double tolerance = TIsa.Lanes >= 8 ? 3e-7 : 6e-6;
        float* x = stackalloc float[TIsa.Lanes];
        float* y = stackalloc float[TIsa.Lanes];
        for (double v = -130; v <= 95; v += 0.0137)
        {
            for (int i = 0; i < TIsa.Lanes; i++)
            {
                x[i] = (float)v;
            }

            V a = TIsa.Load(x);
            double f = x[0];
            TIsa.Store(y, VectorMath<TIsa, V>.Exp(a));
            Assert.Equal(1, y[0] / Math.Exp(Math.Clamp(f, -86.6f, 88f)), tolerance);
            foreach (float n in (float[])[0, 3, -7])
            {
                // At the limit the whole part stops; the fraction goes on.
                V offset = VectorMath<TIsa, V>.Offset(TIsa.Broadcast(n));
                TIsa.Store(y, VectorMath<TIsa, V>.Exp2(a, offset));
                double whole = Math.Round(f) - n, rest = f - Math.Round(f);
                Assert.Equal(1, y[0] / Math.Pow(2, Math.Max(whole, -120) + rest), 3e-7);
                TIsa.Store(y, VectorMath<TIsa, V>.PowerOfTwo(VectorMath<TIsa, V>.Round(a), offset));
                Assert.Equal(Math.Pow(2, Math.Max(whole, -120)), y[0]);
            }

            TIsa.Store(y, VectorMath<TIsa, V>.Sigmoid(a));
            Assert.Equal(1 / (1 + Math.Exp(-f)), y[0], 2e-7);
            TIsa.Store(y, VectorMath<TIsa, V>.Gelu(a));
            Assert.Equal(Stemsharp.Graph.Interpretation.Elementwise.Gelu([f])[0], y[0], 3e-7 * Math.Max(1, Math.Abs(f)));
        }
    }

    public static void Moments()
    {
        for (int n = 0; n <= 160; n++)
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

            Assert.Equal(sum, moments.Sum, 1e-5);
            Assert.Equal(squares, moments.Squares, 1e-5);
        }
    }

    public static void Attention()
    {
        foreach (int width in (int[])[8, 12, 16, 48])
        {
            foreach (int keys in (int[])[1, 7, 8, 9, 191, 192, 193, 400])
            {
                foreach (int panels in (int[])[1, 2])
                {
                    AttentionOf(width, keys, panels);
                }
            }
        }
    }

    public static void LayerNorm()
    {
        foreach (int rows in (int[])[1, 31, 32, 33, 64, 100])
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

    public static void Interleaving()
    {
        int n = TIsa.Lanes;
        float[] x = Random(4 * n, 5), y = new float[4 * n];
        fixed (float* p = x, q = y)
        {
            TIsa.Deinterleave4(p, out V a, out V b, out V c, out V d);
            TIsa.Store(q, a);
            TIsa.Store(q + n, b);
            TIsa.Store(q + 2 * n, c);
            TIsa.Store(q + 3 * n, d);
            for (int i = 0; i < 4 * n; i++)
            {
                Assert.Equal(x[i], y[i % 4 * n + i / 4]);
            }

            TIsa.Interleave4(q, a, b, c, d);
        }

        Assert.Equal(x, y);
    }

    // One channel, one column at a time: four outputs of a three-row kernel.
    public static void Winograd()
    {
        const int Inputs = WinogradKernel<Simd1, float>.Inputs, Line = WinogradKernel<Simd1, float>.Line;
        float[] x = Random(Inputs * Line, 3), w = Random(3, 4), lines = new float[Inputs * Line], tiles = new float[Inputs * Tile.Size];
        fixed (float* p = x, q = lines, t = tiles)
        {
            float** rows = stackalloc float*[Inputs];
            for (int i = 0; i < Inputs; i++)
            {
                rows[i] = p + i * Line;
            }

            WinogradKernel<TIsa, V>.Transform(rows, null, q, Line);
            for (int i = 0; i < Inputs; i++)
            {
                double weight = WinogradKernel<TIsa, V>.Weight(i, w[0], w[1], w[2]);
                for (int c = 0; c < Tile.Columns; c++)
                {
                    t[i * Tile.Size + c] = (float)(weight * q[i * Line + c]);
                }
            }

            WinogradKernel<TIsa, V>.Inverse(t);
            for (int row = 0; row < WinogradKernel<TIsa, V>.Outputs; row++)
            {
                for (int c = 0; c < Tile.Columns; c++)
                {
                    double expected = (double)w[0] * x[row * Line + c] + (double)w[1] * x[(row + 1) * Line + c] + (double)w[2] * x[(row + 2) * Line + c];
                    Assert.Equal(expected, t[row * Tile.Size + c], 5e-6);
                }
            }
        }
    }

    // Two channels, three groups of one row; each of them is zeros in turn.
    public static void RowPairs()
    {
        const int Channels = 2, Inputs = RowPairKernel<Simd1, float>.Inputs, Part = Channels * Tile.Columns;
        float[] x = Random(Inputs * Part, 3), w = Random(2 * Channels, 4), panels = new float[Inputs * Part], product = new float[Channels];
        for (int missing = -1; missing < Inputs; missing++)
        {
            fixed (float* p = x, q = panels)
            {
                float* first = missing == 0 ? null : p, last = missing == 2 ? null : p + 2 * Part;
                RowPairKernel<TIsa, V>.Transform(first, missing == 1 ? null : p + Part, last, Tile.Columns, Channels, q, Part);
            }

            double Input(int group, int channel, int column) => group == missing ? 0 : x[group * Part + channel * Tile.Columns + column];
            for (int row = 0; row < RowPairKernel<TIsa, V>.Outputs; row++)
            {
                for (int column = 0; column < Tile.Columns; column++)
                {
                    double expected = 0, actual = 0;
                    for (int c = 0; c < Channels; c++)
                    {
                        expected += w[c] * Input(row, c, column) + w[Channels + c] * Input(row + 1, c, column);
                    }

                    foreach (int index in (int[])[0, row + 1])
                    {
                        RowPairKernel<TIsa, V>.Weights(w, Channels, index, product);
                        for (int c = 0; c < Channels; c++)
                        {
                            actual += (double)product[c] * panels[index * Part + c * Tile.Columns + column];
                        }
                    }

                    Assert.Equal(expected, actual, 1e-6);
                }
            }
        }
    }

    private static void AttentionOf(int width, int keys, int panels)
    {
        int keyStrips = Tile.Strips(keys), valueStrips = Tile.Strips(width);
        float[] q = Random(panels * width * Tile.Columns, 1), k = Random(width * keys, 2), v = Random(width * keys, 3);
        float[] packedKeys = new float[keyStrips * width * Tile.Rows], packedValues = new float[valueStrips * keys * Tile.Rows];
        for (int d = 0; d < width; d++)
        {
            for (int t = 0; t < keys; t++)
            {
                packedKeys[(t / Tile.Rows * width + d) * Tile.Rows + t % Tile.Rows] = k[d * keys + t];
                packedValues[(d / Tile.Rows * keys + t) * Tile.Rows + d % Tile.Rows] = v[d * keys + t];
            }
        }

        float[] scratch = new float[AttentionKernel<TIsa, V>.Scratch(width)];
        fixed (float* pq = q, pk = packedKeys, pv = packedValues, s = scratch)
        {
            AttentionKernel<TIsa, V>.Run(pq, panels, pk, pv, keys, width, s);
        }

        for (int p = 0; p < panels; p++)
        {
            for (int c = 0; c < Tile.Columns; c += 5)
            {
                double[] weights = new double[keys];
                for (int t = 0; t < keys; t++)
                {
                    for (int d = 0; d < width; d++)
                    {
                        weights[t] += (double)q[(p * width + d) * Tile.Columns + c] * k[d * keys + t];
                    }

                    weights[t] = Math.Pow(2, weights[t]);
                }

                double sum = weights.Sum();
                for (int d = 0; d < width; d++)
                {
                    double expected = 0;
                    for (int t = 0; t < keys; t++)
                    {
                        expected += weights[t] / sum * v[d * keys + t];
                    }

                    Assert.Equal(expected, scratch[p * AttentionKernel<TIsa, V>.PanelScratch(width) + d * Tile.Columns + c], 2e-6);
                }
            }
        }
    }

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
