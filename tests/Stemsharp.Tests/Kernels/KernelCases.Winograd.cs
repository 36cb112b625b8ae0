using Stemsharp.Kernels.Gemm;
using Stemsharp.Kernels.Winograd;
using Stemsharp.Simd;
using Xunit;

namespace Stemsharp.Tests.Kernels;

/// <content>Convolutions with fewer products.</content>
internal sealed unsafe partial class KernelCases<TIsa, V>
{
    // One channel, one column at a time: four outputs of a three-row kernel. The input is one source or the sum of two; each row is zeros in turn.
    public void Winograd()
    {
        const int Inputs = WinogradKernel<Simd1, float>.Inputs, Line = WinogradKernel<Simd1, float>.Line;
        float[] one = Random(Inputs * Line, 3), two = Random(Inputs * Line, 5), w = Random(3, 4), lines = new float[Inputs * Line], tiles = new float[Inputs * Tile.Size];
        float** first = stackalloc float*[Inputs];
        float** second = stackalloc float*[Inputs];
        for (int missing = -1; missing < Inputs; missing++)
        {
            foreach (bool summed in (bool[])[false, true])
            {
                fixed (float* p = one, p2 = two, q = lines, t = tiles)
                {
                    for (int i = 0; i < Inputs; i++)
                    {
                        first[i] = i == missing ? null : p + i * Line;
                        second[i] = i == missing ? null : p2 + i * Line;
                    }

                    WinogradKernel<TIsa, V>.Transform(first, summed ? second : null, q, Line);
                    for (int i = 0; i < Inputs; i++)
                    {
                        double weight = WinogradKernel<TIsa, V>.Weight(i, w[0], w[1], w[2]);
                        for (int c = 0; c < Tile.Columns; c++)
                        {
                            t[i * Tile.Size + c] = (float)(weight * q[i * Line + c]);
                        }
                    }

                    WinogradKernel<TIsa, V>.Inverse(t);
                }

                double Input(int row, int c) => row == missing ? 0 : (double)one[row * Line + c] + (summed ? two[row * Line + c] : 0);
                for (int row = 0; row < WinogradKernel<TIsa, V>.Outputs; row++)
                {
                    for (int c = 0; c < Tile.Columns; c++)
                    {
                        double expected = w[0] * Input(row, c) + w[1] * Input(row + 1, c) + w[2] * Input(row + 2, c);
                        Assert.Equal(expected, tiles[row * Tile.Size + c], 1e-5);
                    }
                }
            }
        }
    }

    // Two channels, three groups of one row; each of them is zeros in turn.
    public void RowPairs()
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
}
