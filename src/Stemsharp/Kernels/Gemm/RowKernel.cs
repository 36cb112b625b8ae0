using System.Runtime.CompilerServices;
using Stemsharp.Simd;

namespace Stemsharp.Kernels.Gemm;

/// <summary>
/// The product of <see cref="MicroKernel{TIsa, V}"/> where A is not packed: eight rows at one stride, whose terms lie side by side. So
/// lines of activations are multiplied with a matrix along their length, and the matrix is what is packed, as panels.
/// </summary>
internal static unsafe class RowKernel<TIsa, V>
    where TIsa : struct, ISimd<V>
    where V : struct
{
    /// <summary>tile [8][48] = rows [8][k] · panel [k][48], or added to it.</summary>
    /// <param name="a">The first row.</param>
    /// <param name="stride">Floats from row to row.</param>
    /// <param name="b">The panel.</param>
    /// <param name="k">Terms.</param>
    /// <param name="c">The tile.</param>
    /// <param name="longestChain">Terms that are summed at once; longer sums are cut into equal parts.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(float* a, nint stride, float* b, int k, float* c, int longestChain = Tile.MaxChain)
    {
        int chain = Tile.Chain(k, longestChain);
        for (int start = 0; start < k; start += chain)
        {
            int terms = Math.Min(chain, k - start);
            float* own = a + start, panel = b + start * Tile.Columns;
            for (int column = 0; column < Tile.Columns; column += 3 * TIsa.Lanes)
            {
                if (TIsa.TileRows == 8)
                {
                    Rows8(own, stride, panel + column, terms, c + column, start > 0);
                }
                else
                {
                    Rows4(own, stride, panel + column, terms, c + column, start > 0);
                    Rows4(own + 4 * stride, stride, panel + column, terms, c + 4 * Tile.Columns + column, start > 0);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows8(float* a, nint stride, float* b, int k, float* c, bool accumulate)
    {
        V c00 = default, c01 = default, c02 = default, c10 = default, c11 = default, c12 = default;
        V c20 = default, c21 = default, c22 = default, c30 = default, c31 = default, c32 = default;
        V c40 = default, c41 = default, c42 = default, c50 = default, c51 = default, c52 = default;
        V c60 = default, c61 = default, c62 = default, c70 = default, c71 = default, c72 = default;
        float* lower = a + 4 * stride;
        nint twice = 2 * stride, thrice = 3 * stride;
        for (float* end = a + k; a != end; a++, lower++, b += Tile.Columns)
        {
            V b0 = TIsa.Load(b), b1 = TIsa.Load(b + TIsa.Lanes), b2 = TIsa.Load(b + 2 * TIsa.Lanes);
            MicroKernel<TIsa, V>.Row(a[0], b0, b1, b2, ref c00, ref c01, ref c02);
            MicroKernel<TIsa, V>.Row(a[stride], b0, b1, b2, ref c10, ref c11, ref c12);
            MicroKernel<TIsa, V>.Row(a[twice], b0, b1, b2, ref c20, ref c21, ref c22);
            MicroKernel<TIsa, V>.Row(a[thrice], b0, b1, b2, ref c30, ref c31, ref c32);
            MicroKernel<TIsa, V>.Row(lower[0], b0, b1, b2, ref c40, ref c41, ref c42);
            MicroKernel<TIsa, V>.Row(lower[stride], b0, b1, b2, ref c50, ref c51, ref c52);
            MicroKernel<TIsa, V>.Row(lower[twice], b0, b1, b2, ref c60, ref c61, ref c62);
            MicroKernel<TIsa, V>.Row(lower[thrice], b0, b1, b2, ref c70, ref c71, ref c72);
        }

        MicroKernel<TIsa, V>.Finish(c, 0, c00, c01, c02, accumulate);
        MicroKernel<TIsa, V>.Finish(c, 1, c10, c11, c12, accumulate);
        MicroKernel<TIsa, V>.Finish(c, 2, c20, c21, c22, accumulate);
        MicroKernel<TIsa, V>.Finish(c, 3, c30, c31, c32, accumulate);
        MicroKernel<TIsa, V>.Finish(c, 4, c40, c41, c42, accumulate);
        MicroKernel<TIsa, V>.Finish(c, 5, c50, c51, c52, accumulate);
        MicroKernel<TIsa, V>.Finish(c, 6, c60, c61, c62, accumulate);
        MicroKernel<TIsa, V>.Finish(c, 7, c70, c71, c72, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows4(float* a, nint stride, float* b, int k, float* c, bool accumulate)
    {
        V c00 = default, c01 = default, c02 = default, c10 = default, c11 = default, c12 = default;
        V c20 = default, c21 = default, c22 = default, c30 = default, c31 = default, c32 = default;
        nint twice = 2 * stride, thrice = 3 * stride;
        for (float* end = a + k; a != end; a++, b += Tile.Columns)
        {
            V b0 = TIsa.Load(b), b1 = TIsa.Load(b + TIsa.Lanes), b2 = TIsa.Load(b + 2 * TIsa.Lanes);
            MicroKernel<TIsa, V>.Row(a[0], b0, b1, b2, ref c00, ref c01, ref c02);
            MicroKernel<TIsa, V>.Row(a[stride], b0, b1, b2, ref c10, ref c11, ref c12);
            MicroKernel<TIsa, V>.Row(a[twice], b0, b1, b2, ref c20, ref c21, ref c22);
            MicroKernel<TIsa, V>.Row(a[thrice], b0, b1, b2, ref c30, ref c31, ref c32);
        }

        MicroKernel<TIsa, V>.Finish(c, 0, c00, c01, c02, accumulate);
        MicroKernel<TIsa, V>.Finish(c, 1, c10, c11, c12, accumulate);
        MicroKernel<TIsa, V>.Finish(c, 2, c20, c21, c22, accumulate);
        MicroKernel<TIsa, V>.Finish(c, 3, c30, c31, c32, accumulate);
    }
}
