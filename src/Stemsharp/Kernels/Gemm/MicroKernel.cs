using System.Runtime.CompilerServices;
using Stemsharp.Kernels.Simd;

namespace Stemsharp.Kernels.Gemm;

/// <summary>
/// The innermost product: a tile of 8 rows and 48 columns, C = A·B over one block of K.
/// A is a strip [K][8] of packed weights, B a panel of K rows of 48 floats, C a dense tile [8][48].
/// Every vector width computes the same tile, cut into register tiles that it can hold: 8×3 vectors with 32
/// registers, 4×3 with 16.
/// </summary>
internal static unsafe class MicroKernel<TIsa, V>
    where TIsa : struct, ISimd<V>
    where V : struct
{
    // Rows of the panel that are hinted ahead: it streams from the second-level cache, whose latency that covers.
    private const int Ahead = 8;

    /// <summary>
    /// Sets (or, with <paramref name="accumulate"/>, adds to) the tile. Each call starts its sums at zero, so
    /// that no chain of additions is longer than <paramref name="k"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Run(float* a, float* b, int k, nint bStride, float* c, bool accumulate)
    {
        for (int column = 0; column < Tile.Columns; column += 3 * TIsa.Lanes)
        {
            if (TIsa.TileRows == 8)
            {
                Rows8(a, b + column, k, bStride, c + column, accumulate);
            }
            else
            {
                Rows4(a, b + column, k, bStride, c + column, accumulate);
                Rows4(a + 4, b + column, k, bStride, c + 4 * Tile.Columns + column, accumulate);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows8(float* a, float* b, int k, nint bStride, float* c, bool accumulate)
    {
        V c00 = default, c01 = default, c02 = default, c10 = default, c11 = default, c12 = default;
        V c20 = default, c21 = default, c22 = default, c30 = default, c31 = default, c32 = default;
        V c40 = default, c41 = default, c42 = default, c50 = default, c51 = default, c52 = default;
        V c60 = default, c61 = default, c62 = default, c70 = default, c71 = default, c72 = default;
        for (; k > 0; k--)
        {
            V b0 = TIsa.Load(b), b1 = TIsa.Load(b + TIsa.Lanes), b2 = TIsa.Load(b + 2 * TIsa.Lanes);
            Prefetch.Near(b + Ahead * bStride, TIsa.Lanes);
            V x = TIsa.Broadcast(a[0]);
            c00 = TIsa.MultiplyAdd(x, b0, c00);
            c01 = TIsa.MultiplyAdd(x, b1, c01);
            c02 = TIsa.MultiplyAdd(x, b2, c02);
            x = TIsa.Broadcast(a[1]);
            c10 = TIsa.MultiplyAdd(x, b0, c10);
            c11 = TIsa.MultiplyAdd(x, b1, c11);
            c12 = TIsa.MultiplyAdd(x, b2, c12);
            x = TIsa.Broadcast(a[2]);
            c20 = TIsa.MultiplyAdd(x, b0, c20);
            c21 = TIsa.MultiplyAdd(x, b1, c21);
            c22 = TIsa.MultiplyAdd(x, b2, c22);
            x = TIsa.Broadcast(a[3]);
            c30 = TIsa.MultiplyAdd(x, b0, c30);
            c31 = TIsa.MultiplyAdd(x, b1, c31);
            c32 = TIsa.MultiplyAdd(x, b2, c32);
            x = TIsa.Broadcast(a[4]);
            c40 = TIsa.MultiplyAdd(x, b0, c40);
            c41 = TIsa.MultiplyAdd(x, b1, c41);
            c42 = TIsa.MultiplyAdd(x, b2, c42);
            x = TIsa.Broadcast(a[5]);
            c50 = TIsa.MultiplyAdd(x, b0, c50);
            c51 = TIsa.MultiplyAdd(x, b1, c51);
            c52 = TIsa.MultiplyAdd(x, b2, c52);
            x = TIsa.Broadcast(a[6]);
            c60 = TIsa.MultiplyAdd(x, b0, c60);
            c61 = TIsa.MultiplyAdd(x, b1, c61);
            c62 = TIsa.MultiplyAdd(x, b2, c62);
            x = TIsa.Broadcast(a[7]);
            c70 = TIsa.MultiplyAdd(x, b0, c70);
            c71 = TIsa.MultiplyAdd(x, b1, c71);
            c72 = TIsa.MultiplyAdd(x, b2, c72);
            a += Tile.Rows;
            b += bStride;
        }

        Finish(c, 0, c00, c01, c02, accumulate);
        Finish(c, 1, c10, c11, c12, accumulate);
        Finish(c, 2, c20, c21, c22, accumulate);
        Finish(c, 3, c30, c31, c32, accumulate);
        Finish(c, 4, c40, c41, c42, accumulate);
        Finish(c, 5, c50, c51, c52, accumulate);
        Finish(c, 6, c60, c61, c62, accumulate);
        Finish(c, 7, c70, c71, c72, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows4(float* a, float* b, int k, nint bStride, float* c, bool accumulate)
    {
        V c00 = default, c01 = default, c02 = default, c10 = default, c11 = default, c12 = default;
        V c20 = default, c21 = default, c22 = default, c30 = default, c31 = default, c32 = default;
        for (; k > 0; k--)
        {
            V b0 = TIsa.Load(b), b1 = TIsa.Load(b + TIsa.Lanes), b2 = TIsa.Load(b + 2 * TIsa.Lanes);
            V x = TIsa.Broadcast(a[0]);
            c00 = TIsa.MultiplyAdd(x, b0, c00);
            c01 = TIsa.MultiplyAdd(x, b1, c01);
            c02 = TIsa.MultiplyAdd(x, b2, c02);
            x = TIsa.Broadcast(a[1]);
            c10 = TIsa.MultiplyAdd(x, b0, c10);
            c11 = TIsa.MultiplyAdd(x, b1, c11);
            c12 = TIsa.MultiplyAdd(x, b2, c12);
            x = TIsa.Broadcast(a[2]);
            c20 = TIsa.MultiplyAdd(x, b0, c20);
            c21 = TIsa.MultiplyAdd(x, b1, c21);
            c22 = TIsa.MultiplyAdd(x, b2, c22);
            x = TIsa.Broadcast(a[3]);
            c30 = TIsa.MultiplyAdd(x, b0, c30);
            c31 = TIsa.MultiplyAdd(x, b1, c31);
            c32 = TIsa.MultiplyAdd(x, b2, c32);
            a += Tile.Rows;
            b += bStride;
        }

        Finish(c, 0, c00, c01, c02, accumulate);
        Finish(c, 1, c10, c11, c12, accumulate);
        Finish(c, 2, c20, c21, c22, accumulate);
        Finish(c, 3, c30, c31, c32, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish(float* c, int row, V v0, V v1, V v2, bool accumulate)
    {
        float* p = c + row * Tile.Columns;
        if (accumulate)
        {
            v0 = TIsa.Add(TIsa.Load(p), v0);
            v1 = TIsa.Add(TIsa.Load(p + TIsa.Lanes), v1);
            v2 = TIsa.Add(TIsa.Load(p + 2 * TIsa.Lanes), v2);
        }

        TIsa.Store(p, v0);
        TIsa.Store(p + TIsa.Lanes, v1);
        TIsa.Store(p + 2 * TIsa.Lanes, v2);
    }
}
