using System.Runtime.CompilerServices;
using Stemsharp.Simd;

namespace Stemsharp.Kernels.Gemm;

/// <summary>
/// The product of <see cref="MicroKernel{TIsa, V}"/> for the first columns of a tile alone, to the same bits: what a whole tile would
/// compute beyond them is left out. A vector of columns at a time, eight rows of it.
/// </summary>
internal static unsafe class SlimKernel<TIsa, V>
    where TIsa : struct, ISimd<V>
    where V : struct
{
    /// <summary>The most columns for which this is faster than a whole tile.</summary>
    public const int MostColumns = 2 * Tile.Stretch;

    /// <summary>Sets, or adds to, the first columns of a tile; some more of them are written, to whole vectors.</summary>
    /// <param name="a">The strip, [k][8].</param>
    /// <param name="b">The panel, k rows of 48 floats.</param>
    /// <param name="k">Terms.</param>
    /// <param name="columns">How many columns.</param>
    /// <param name="c">The tile, [8][48].</param>
    /// <param name="accumulate">Whether to add to the tile.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(float* a, float* b, int k, int columns, float* c, bool accumulate)
    {
        for (int column = 0; column < columns; column += TIsa.Lanes)
        {
            Rows8(a, b + column, k, c + column, accumulate);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows8(float* a, float* b, int k, float* c, bool accumulate)
    {
        V c0 = default, c1 = default, c2 = default, c3 = default, c4 = default, c5 = default, c6 = default, c7 = default;
        for (float* end = a + k * Tile.Rows; a != end; a += Tile.Rows, b += Tile.Columns)
        {
            V x = TIsa.Load(b);
            c0 = TIsa.MultiplyAdd(a, x, c0);
            c1 = TIsa.MultiplyAdd(a + 1, x, c1);
            c2 = TIsa.MultiplyAdd(a + 2, x, c2);
            c3 = TIsa.MultiplyAdd(a + 3, x, c3);
            c4 = TIsa.MultiplyAdd(a + 4, x, c4);
            c5 = TIsa.MultiplyAdd(a + 5, x, c5);
            c6 = TIsa.MultiplyAdd(a + 6, x, c6);
            c7 = TIsa.MultiplyAdd(a + 7, x, c7);
        }

        Finish(c, 0, c0, accumulate);
        Finish(c, 1, c1, accumulate);
        Finish(c, 2, c2, accumulate);
        Finish(c, 3, c3, accumulate);
        Finish(c, 4, c4, accumulate);
        Finish(c, 5, c5, accumulate);
        Finish(c, 6, c6, accumulate);
        Finish(c, 7, c7, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish(float* c, int row, V sum, bool accumulate)
    {
        float* p = c + row * Tile.Columns;
        TIsa.Store(p, accumulate ? TIsa.Add(TIsa.Load(p), sum) : sum);
    }
}
