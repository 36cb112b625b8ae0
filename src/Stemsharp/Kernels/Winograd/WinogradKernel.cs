using System.Runtime.CompilerServices;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Simd;

namespace Stemsharp.Kernels.Winograd;

/// <summary>
/// Winograd's F(4, 3) along frequency rows (Lavin and Gray, "Fast Algorithms for Convolutional Neural
/// Networks", 2015): four rows of a three-row convolution from six products instead of twelve. Along time the
/// convolution stays as it is, so that lanes never mix.
/// Points 0, ±3/4, ±3/2 and infinity: the usual ±1, ±2 lose 3 dB more.
/// </summary>
internal static unsafe class WinogradKernel<TIsa, V>
    where TIsa : struct, ISimd<V>
    where V : struct
{
    /// <summary>Rows that one transform gives.</summary>
    public const int Outputs = 4;

    /// <summary>Rows that it takes; also the number of products.</summary>
    public const int Inputs = 6;

    /// <summary>Floats in a transformed line: 48 columns with margins of 8.</summary>
    public const int Line = 64;

    /// <summary>Index of the first column in a line.</summary>
    public const int Margin = 8;

    private const double A = 0.75, B = 1.5;

    // Powers of two that balance weights and data: they cost nothing in accuracy.
    private static ReadOnlySpan<double> Balance => [1, 1, 1, 2, 2, 1];

    /// <summary>The transformed weights of product <paramref name="index"/> from those of three rows.</summary>
    public static double Weight(int index, double w0, double w1, double w2)
    {
        const double A2 = A * A, B2 = B * B;
        double value = index switch
        {
            0 => w0 / (A2 * B2),
            1 => (w0 + A * w1 + A2 * w2) / (2 * A2 * (A2 - B2)),
            2 => (w0 - A * w1 + A2 * w2) / (2 * A2 * (A2 - B2)),
            3 => (w0 + B * w1 + B2 * w2) / (2 * B2 * (B2 - A2)),
            4 => (w0 - B * w1 + B2 * w2) / (2 * B2 * (B2 - A2)),
            _ => w2,
        };
        return value * Balance[index];
    }

    /// <summary>Transforms six lines of 64 floats at in0 … in5 (null for a row of zeros), optionally sums of two sources.</summary>
    /// <param name="first">Six pointers into the first source.</param>
    /// <param name="second">Six pointers into the second one, or null.</param>
    /// <param name="output">Product 0's line; the others follow at <paramref name="stride"/>.</param>
    /// <param name="stride">Floats from product to product.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transform(float** first, float** second, float* output, nint stride)
    {
        const float A2 = (float)(A * A), B2 = (float)(B * B), Sum = A2 + B2, Product = A2 * B2;
        V a2 = TIsa.Broadcast(A2), b2 = TIsa.Broadcast(B2), a = TIsa.Broadcast((float)A), b = TIsa.Broadcast((float)B / 2);
        V sum = TIsa.Broadcast(Sum), product = TIsa.Broadcast(Product), half = TIsa.Broadcast(0.5f);
        for (int i = 0; i < Line; i += TIsa.Lanes, output += TIsa.Lanes)
        {
            V d0 = Row(first, second, 0, i), d1 = Row(first, second, 1, i), d2 = Row(first, second, 2, i);
            V d3 = Row(first, second, 3, i), d4 = Row(first, second, 4, i), d5 = Row(first, second, 5, i);
            V evenA = TIsa.NegateMultiplyAdd(b2, d2, d4), oddA = TIsa.Multiply(a, TIsa.NegateMultiplyAdd(b2, d1, d3));
            V evenB = TIsa.Multiply(half, TIsa.NegateMultiplyAdd(a2, d2, d4)), oddB = TIsa.Multiply(b, TIsa.NegateMultiplyAdd(a2, d1, d3));
            TIsa.Store(output, TIsa.MultiplyAdd(product, d0, TIsa.NegateMultiplyAdd(sum, d2, d4)));
            TIsa.Store(output + stride, TIsa.Add(evenA, oddA));
            TIsa.Store(output + 2 * stride, TIsa.Subtract(evenA, oddA));
            TIsa.Store(output + 3 * stride, TIsa.Add(evenB, oddB));
            TIsa.Store(output + 4 * stride, TIsa.Subtract(evenB, oddB));
            TIsa.Store(output + 5 * stride, TIsa.MultiplyAdd(product, d1, TIsa.NegateMultiplyAdd(sum, d3, d5)));
        }
    }

    /// <summary>Turns six products' tiles, in place, into four rows' tiles.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Inverse(float* tiles)
    {
        V a = TIsa.Broadcast((float)A), b = TIsa.Broadcast((float)B);
        V a2 = TIsa.Broadcast((float)(A * A)), b2 = TIsa.Broadcast((float)(B * B));
        V a3 = TIsa.Broadcast((float)(A * A * A)), b3 = TIsa.Broadcast((float)(B * B * B));
        for (int i = 0; i < Tile.Size; i += TIsa.Lanes, tiles += TIsa.Lanes)
        {
            V m1 = TIsa.Load(tiles + Tile.Size), m2 = TIsa.Load(tiles + 2 * Tile.Size), m3 = TIsa.Load(tiles + 3 * Tile.Size), m4 = TIsa.Load(tiles + 4 * Tile.Size);
            V sumA = TIsa.Add(m1, m2), differenceA = TIsa.Subtract(m1, m2), sumB = TIsa.Add(m3, m4), differenceB = TIsa.Subtract(m3, m4);
            TIsa.Store(tiles, TIsa.Add(TIsa.Load(tiles), TIsa.Add(sumA, sumB)));
            TIsa.Store(tiles + Tile.Size, TIsa.MultiplyAdd(a, differenceA, TIsa.Multiply(b, differenceB)));
            TIsa.Store(tiles + 2 * Tile.Size, TIsa.MultiplyAdd(a2, sumA, TIsa.Multiply(b2, sumB)));
            TIsa.Store(tiles + 3 * Tile.Size, TIsa.MultiplyAdd(a3, differenceA, TIsa.MultiplyAdd(b3, differenceB, TIsa.Load(tiles + 5 * Tile.Size))));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Row(float** first, float** second, int row, int i)
    {
        if (first[row] == null)
        {
            return TIsa.Broadcast(0f);
        }

        V x = TIsa.Load(first[row] + i);
        return second == null ? x : TIsa.Add(x, TIsa.Load(second[row] + i));
    }
}
