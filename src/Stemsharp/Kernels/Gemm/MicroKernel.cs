using System.Runtime.CompilerServices;
using Stemsharp.Simd;

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
    /// <summary>
    /// Sets (or, with <paramref name="accumulate"/>, adds to) the tile. Each call starts its sums at zero, so
    /// that no chain of additions is longer than <paramref name="k"/>.
    /// </summary>
    /// <param name="a">The strip.</param>
    /// <param name="b">The panel.</param>
    /// <param name="k">Terms.</param>
    /// <param name="c">The tile.</param>
    /// <param name="accumulate">Whether to add to the tile.</param>
    /// <param name="next">
    /// Bytes from the strip to what is wanted after it: while the strip is used, as much of that is hinted for the
    /// second-level cache; nothing with 0.
    /// </param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Run(float* a, float* b, int k, float* c, bool accumulate, nint next = 0)
    {
        if (next == 0)
        {
            Run<PanelRows>(a, b, k, 0, c, accumulate, 0);
        }
        else
        {
            Run<PanelRowsAndCodes>(a, b, k, 0, c, accumulate, next);
        }
    }

    /// <summary>The same where the rows of B lie <paramref name="bStride"/> floats apart.</summary>
    /// <param name="a">The strip.</param>
    /// <param name="b">The first row.</param>
    /// <param name="k">Terms.</param>
    /// <param name="bStride">Floats from row to row.</param>
    /// <param name="c">The tile.</param>
    /// <param name="accumulate">Whether to add to the tile.</param>
    /// <param name="next">Bytes from each row to a line that is wanted later and hinted; nothing with 0.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Run(float* a, float* b, int k, nint bStride, float* c, bool accumulate, nint next)
    {
        if (next == 0)
        {
            Run<StridedRows>(a, b, k, bStride, c, accumulate, 0);
        }
        else
        {
            Run<StridedRowsAndLines>(a, b, k, bStride, c, accumulate, next);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Run<TRows>(float* a, float* b, int k, nint bStride, float* c, bool accumulate, nint next)
        where TRows : struct, IRows
    {
        for (int column = 0; column < Tile.Columns; column += 3 * TIsa.Lanes)
        {
            if (TIsa.TileRows == 8)
            {
                Rows8<TRows>(a, b + column, k, bStride, c + column, accumulate, next);
            }
            else
            {
                Rows4<TRows>(a, b + column, k, bStride, c + column, accumulate);
                Rows4<TRows>(a + 4, b + column, k, bStride, c + 4 * Tile.Columns + column, accumulate);
            }
        }
    }

    // Two rows a turn, with offsets that are known in advance: what is no multiply-add takes turns with them, and
    // where another thread runs on the same core every instruction counts.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows8<TRows>(float* a, float* b, int k, nint bStride, float* c, bool accumulate, nint next)
        where TRows : struct, IRows
    {
        V c00 = default, c01 = default, c02 = default, c10 = default, c11 = default, c12 = default;
        V c20 = default, c21 = default, c22 = default, c30 = default, c31 = default, c32 = default;
        V c40 = default, c41 = default, c42 = default, c50 = default, c51 = default, c52 = default;
        V c60 = default, c61 = default, c62 = default, c70 = default, c71 = default, c72 = default;
        nint stride = TRows.Stride(bStride);
        for (float* end = a + (k & ~1) * Tile.Rows; a != end; a += 2 * Tile.Rows, b += 2 * stride)
        {
            if (TRows.HintsLines)
            {
                Prefetch.Near((float*)((byte*)b + next), TIsa.Lanes);
            }

            Step8(
                a, 0, b, 0,
                ref c00, ref c01, ref c02, ref c10, ref c11, ref c12, ref c20, ref c21, ref c22, ref c30, ref c31, ref c32,
                ref c40, ref c41, ref c42, ref c50, ref c51, ref c52, ref c60, ref c61, ref c62, ref c70, ref c71, ref c72);
            if (TRows.HintsLines)
            {
                Prefetch.Near((float*)((byte*)(b + stride) + next), TIsa.Lanes);
            }

            if (TRows.HintsCodes)
            {
                Prefetch.Far((byte*)a + next, TIsa.Lanes);
            }

            Step8(
                a, Tile.Rows, b, stride,
                ref c00, ref c01, ref c02, ref c10, ref c11, ref c12, ref c20, ref c21, ref c22, ref c30, ref c31, ref c32,
                ref c40, ref c41, ref c42, ref c50, ref c51, ref c52, ref c60, ref c61, ref c62, ref c70, ref c71, ref c72);
        }

        if ((k & 1) != 0)
        {
            Step8(
                a, 0, b, 0,
                ref c00, ref c01, ref c02, ref c10, ref c11, ref c12, ref c20, ref c21, ref c22, ref c30, ref c31, ref c32,
                ref c40, ref c41, ref c42, ref c50, ref c51, ref c52, ref c60, ref c61, ref c62, ref c70, ref c71, ref c72);
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
    private static void Rows4<TRows>(float* a, float* b, int k, nint bStride, float* c, bool accumulate)
        where TRows : struct, IRows
    {
        V c00 = default, c01 = default, c02 = default, c10 = default, c11 = default, c12 = default;
        V c20 = default, c21 = default, c22 = default, c30 = default, c31 = default, c32 = default;
        nint stride = TRows.Stride(bStride);
        for (float* end = a + (k & ~1) * Tile.Rows; a != end; a += 2 * Tile.Rows, b += 2 * stride)
        {
            Step4(a, b, ref c00, ref c01, ref c02, ref c10, ref c11, ref c12, ref c20, ref c21, ref c22, ref c30, ref c31, ref c32);
            Step4(a + Tile.Rows, b + stride, ref c00, ref c01, ref c02, ref c10, ref c11, ref c12, ref c20, ref c21, ref c22, ref c30, ref c31, ref c32);
        }

        if ((k & 1) != 0)
        {
            Step4(a, b, ref c00, ref c01, ref c02, ref c10, ref c11, ref c12, ref c20, ref c21, ref c22, ref c30, ref c31, ref c32);
        }

        Finish(c, 0, c00, c01, c02, accumulate);
        Finish(c, 1, c10, c11, c12, accumulate);
        Finish(c, 2, c20, c21, c22, accumulate);
        Finish(c, 3, c30, c31, c32, accumulate);
    }

    // The row of a turn whose weights start at a[first] and whose panel's row at b[row]: added to pointers beforehand, the
    // offsets would take instructions of their own. Two of the eight numbers are taken from memory by the multiplications
    // themselves: three loads instead of one, but an instruction less each. With more of them loads run short.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step8(
        float* a, int first, float* b, nint row,
        ref V c00, ref V c01, ref V c02, ref V c10, ref V c11, ref V c12,
        ref V c20, ref V c21, ref V c22, ref V c30, ref V c31, ref V c32,
        ref V c40, ref V c41, ref V c42, ref V c50, ref V c51, ref V c52,
        ref V c60, ref V c61, ref V c62, ref V c70, ref V c71, ref V c72)
    {
        V b0 = TIsa.Load(b + row), b1 = TIsa.Load(b + (row + TIsa.Lanes)), b2 = TIsa.Load(b + (row + 2 * TIsa.Lanes));
        Row(a[first], b0, b1, b2, ref c00, ref c01, ref c02);
        Row(a[first + 1], b0, b1, b2, ref c10, ref c11, ref c12);
        Row(a[first + 2], b0, b1, b2, ref c20, ref c21, ref c22);
        c30 = TIsa.MultiplyAdd(a + (first + 3), b0, c30);
        c31 = TIsa.MultiplyAdd(a + (first + 3), b1, c31);
        c32 = TIsa.MultiplyAdd(a + (first + 3), b2, c32);
        Row(a[first + 4], b0, b1, b2, ref c40, ref c41, ref c42);
        Row(a[first + 5], b0, b1, b2, ref c50, ref c51, ref c52);
        c60 = TIsa.MultiplyAdd(a + (first + 6), b0, c60);
        c61 = TIsa.MultiplyAdd(a + (first + 6), b1, c61);
        c62 = TIsa.MultiplyAdd(a + (first + 6), b2, c62);
        Row(a[first + 7], b0, b1, b2, ref c70, ref c71, ref c72);
    }

    // One row of the panel.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step4(
        float* a, float* b,
        ref V c00, ref V c01, ref V c02, ref V c10, ref V c11, ref V c12,
        ref V c20, ref V c21, ref V c22, ref V c30, ref V c31, ref V c32)
    {
        V b0 = TIsa.Load(b), b1 = TIsa.Load(b + TIsa.Lanes), b2 = TIsa.Load(b + 2 * TIsa.Lanes);
        Row(a[0], b0, b1, b2, ref c00, ref c01, ref c02);
        Row(a[1], b0, b1, b2, ref c10, ref c11, ref c12);
        Row(a[2], b0, b1, b2, ref c20, ref c21, ref c22);
        Row(a[3], b0, b1, b2, ref c30, ref c31, ref c32);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Row(float a, V b0, V b1, V b2, ref V c0, ref V c1, ref V c2)
    {
        V x = TIsa.Broadcast(a);
        c0 = TIsa.MultiplyAdd(x, b0, c0);
        c1 = TIsa.MultiplyAdd(x, b1, c1);
        c2 = TIsa.MultiplyAdd(x, b2, c2);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Finish(float* c, int row, V v0, V v1, V v2, bool accumulate)
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

    /// <summary>
    /// How far B's rows are apart, and what is hinted beside them: types, so that the offsets of a panel's rows are constants
    /// in the code. Hints take the place of sums, so there are few: a panel's own rows need none, in whatever cache they are.
    /// </summary>
    private interface IRows
    {
        static abstract bool HintsCodes { get; }

        static abstract bool HintsLines { get; }

        static abstract nint Stride(nint given);
    }

    private readonly struct PanelRows : IRows
    {
        public static bool HintsCodes => false;

        public static bool HintsLines => false;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static nint Stride(nint given) => Tile.Columns;
    }

    private readonly struct PanelRowsAndCodes : IRows
    {
        public static bool HintsCodes => true;

        public static bool HintsLines => false;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static nint Stride(nint given) => Tile.Columns;
    }

    private readonly struct StridedRows : IRows
    {
        public static bool HintsCodes => false;

        public static bool HintsLines => false;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static nint Stride(nint given) => given;
    }

    private readonly struct StridedRowsAndLines : IRows
    {
        public static bool HintsCodes => false;

        public static bool HintsLines => true;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static nint Stride(nint given) => given;
    }
}
