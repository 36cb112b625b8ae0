using System.Runtime.CompilerServices;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Simd;

namespace Stemsharp.Kernels.Winograd;

/// <summary>
/// Winograd's F(2, 2) along frequency: two neighbouring rows of a convolution with two taps from three products instead
/// of four (S. Winograd, "Arithmetic Complexity of Computations", 1980). With groups of rows x₀, x₁, x₂ and taps h₀, h₁:
/// m = (h₀ + h₁)·x₁, then y₀ = m + h₀·(x₀ − x₁) and y₁ = m + h₁·(x₂ − x₁). Only sums and differences: accuracy
/// hardly changes. A tap may be a whole matrix and x a group of rows, as in a kernel of 8 at stride 4.
/// </summary>
internal static unsafe class RowPairKernel<TIsa, V>
    where TIsa : struct, ISimd<V>
    where V : struct
{
    /// <summary>Rows that a pair gives.</summary>
    public const int Outputs = 2;

    /// <summary>Groups of rows that it takes; also the number of products.</summary>
    public const int Inputs = 3;

    // Below so many terms a product's ends cost more than the fourth product saved.
    private const int FewestTerms = 48;

    /// <summary>Whether pairs of rows are worth it for a tap of so many terms.</summary>
    public static bool Fits(int terms) => terms >= FewestTerms;

    /// <summary>
    /// Fills one row of a group in three panels: x₁ for the sum of the taps, and the differences for the first and the
    /// second one. A null row stands for zeros.
    /// </summary>
    /// <param name="x0">The first group's row in the first channel, at the block's first column.</param>
    /// <param name="x1">The same of the second group.</param>
    /// <param name="x2">The same of the third group.</param>
    /// <param name="stride">Floats from channel to channel.</param>
    /// <param name="channels">How many.</param>
    /// <param name="panel">The sum's panel: [channels][48].</param>
    /// <param name="panelStride">Floats from panel to panel.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transform(float* x0, float* x1, float* x2, nint stride, int channels, float* panel, nint panelStride)
    {
        V zero = TIsa.Broadcast(0f);
        for (int c = 0; c < channels; c++, panel += Tile.Columns)
        {
            for (int i = 0; i < Tile.Columns; i += TIsa.Lanes)
            {
                V first = x0 == null ? zero : TIsa.Load(x0 + c * stride + i);
                V middle = x1 == null ? zero : TIsa.Load(x1 + c * stride + i);
                V last = x2 == null ? zero : TIsa.Load(x2 + c * stride + i);
                TIsa.Store(panel + i, middle);
                TIsa.Store(panel + panelStride + i, TIsa.Subtract(first, middle));
                TIsa.Store(panel + 2 * panelStride + i, TIsa.Subtract(last, middle));
            }
        }
    }

    /// <summary>The weights of product <paramref name="index"/>, [rows][part], from a matrix [rows][2][part]: the sum, then both halves as they are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Weights(ReadOnlySpan<float> matrix, int part, int index, Span<float> result)
    {
        for (int r = 0; r < result.Length / part; r++)
        {
            ReadOnlySpan<float> first = matrix.Slice(2 * r * part, part), second = matrix.Slice((2 * r + 1) * part, part);
            Span<float> row = result.Slice(r * part, part);
            switch (index)
            {
                case 0:
                    for (int k = 0; k < part; k++)
                    {
                        row[k] = first[k] + second[k];
                    }

                    break;
                case 1:
                    first.CopyTo(row);
                    break;
                default:
                    second.CopyTo(row);
                    break;
            }
        }
    }
}
