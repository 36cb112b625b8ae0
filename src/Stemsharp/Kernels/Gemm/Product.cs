using System.Runtime.CompilerServices;
using Stemsharp.Kernels.Paired;
using Stemsharp.Simd;

namespace Stemsharp.Kernels.Gemm;

/// <summary>Whole tiles: the micro kernel over all blocks of K.</summary>
internal static unsafe class Product<TIsa, V>
    where TIsa : struct, ISimd<V>
    where V : struct
{
    /// <summary>Floats that narrow weights are widened into: the longest chain of a strip, and what a vector may write beyond.</summary>
    public const int RoomFloats = Tile.MaxChain * Tile.Rows + 64;

    /// <summary>tile [8][48] = strip [k][8] transposed · panel [k][48]; added to the tile with <paramref name="accumulate"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(float* strip, float* panel, int k, float* tile, bool accumulate = false, int longestChain = Tile.MaxChain)
    {
        int chain = Tile.Chain(k, longestChain);
        for (int start = 0; start < k; start += chain)
        {
            MicroKernel<TIsa, V>.Run(strip + start * Tile.Rows, panel + start * Tile.Columns, Math.Min(chain, k - start), tile, accumulate || start > 0);
        }
    }

    /// <summary>
    /// The same for some panels at once, with a part of a strip of weights; of some strips, where the matrix takes
    /// <see cref="PackedWeights.StripsAtOnce"/>, whose tiles follow each other. Narrow weights are widened into
    /// <paramref name="room"/>, a block at a time, once for all panels. Panels are <see cref="Prepare"/>d for their matrix.
    /// </summary>
    /// <param name="weights">The matrix.</param>
    /// <param name="strip">Which strip of it; the first of those taken together.</param>
    /// <param name="strips">How many, at most <see cref="PackedWeights.StripsAtOnce"/>.</param>
    /// <param name="first">The part's first row of K, a multiple of 32.</param>
    /// <param name="k">The part's length.</param>
    /// <param name="panels">The first panel; the others follow at <paramref name="panelStride"/> floats.</param>
    /// <param name="panelStride">Floats from panel to panel.</param>
    /// <param name="count">How many panels.</param>
    /// <param name="tiles">The first panel's tiles; the others follow at <paramref name="tileStride"/> floats.</param>
    /// <param name="tileStride">Floats from tile to tile.</param>
    /// <param name="room"><see cref="RoomFloats"/> floats.</param>
    /// <param name="accumulate">Whether to add to the tiles.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(
        PackedWeights weights, int strip, int strips, int first, int k, float* panels, nint panelStride, int count, float* tiles, nint tileStride, float* room, bool accumulate = false)
    {
        if (weights.Pairs is { } pairs)
        {
            pairs.Multiply(weights.PairStrip(strip, first), strips, (uint*)panels, panelStride, count, PairKernels.Pairs(k), tiles, tileStride, accumulate);
            return;
        }

        if (!weights.IsNarrow)
        {
            float* a = weights.Strip(strip) + first * Tile.Rows;
            for (int p = 0; p < count; p++)
            {
                Run(a, panels + p * panelStride, k, tiles + p * tileStride, accumulate);
            }

            return;
        }

        int chain = Tile.Chain(k);
        ushort* narrow = weights.NarrowStrip(strip) + first * Tile.Rows;
        for (int start = 0; start < k; start += chain)
        {
            int rows = Math.Min(chain, k - start);
            ushort* own = narrow + start * Tile.Rows;
            Widen(own, rows * Tile.Rows, room);
            // The first panel's product hints the codes that come next: the processor does not look across pages for them.
            nint next = (nint)(own + rows * Tile.Rows) - (nint)room;
            for (int p = 0; p < count; p++)
            {
                MicroKernel<TIsa, V>.Run(room, panels + p * panelStride + start * Tile.Columns, rows, tiles + p * tileStride, accumulate || start > 0, p == 0 ? next : 0);
            }
        }
    }

    /// <summary>Makes a panel what a matrix is multiplied with: where that is stored as pairs, the panel's rows become pairs in their place.</summary>
    /// <param name="weights">The matrix.</param>
    /// <param name="panel">[rows][48].</param>
    /// <param name="rows">Rows.</param>
    public static void Prepare(PackedWeights weights, float* panel, int rows) => weights.Pairs?.Round(panel, rows, (uint*)panel);

    /// <summary>The same for the first columns of one panel.</summary>
    /// <param name="weights">The matrix.</param>
    /// <param name="strip">Which strip of it.</param>
    /// <param name="panel">The panel, as many rows as the matrix has columns.</param>
    /// <param name="columns">How many columns are wanted.</param>
    /// <param name="tile">The tile.</param>
    /// <param name="room"><see cref="RoomFloats"/> floats.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void RunColumns(PackedWeights weights, int strip, float* panel, int columns, float* tile, float* room)
    {
        int k = weights.K;
        if (columns > SlimKernel<TIsa, V>.MostColumns)
        {
            Run(weights, strip, 1, 0, k, panel, 0, 1, tile, 0, room);
            return;
        }

        int chain = Tile.Chain(k);
        for (int start = 0; start < k; start += chain)
        {
            int rows = Math.Min(chain, k - start);
            float* a = room;
            if (weights.IsNarrow)
            {
                Widen(weights.NarrowStrip(strip) + start * Tile.Rows, rows * Tile.Rows, room);
            }
            else
            {
                a = weights.Strip(strip) + start * Tile.Rows;
            }

            SlimKernel<TIsa, V>.Run(a, panel + start * Tile.Columns, rows, columns, tile, start > 0);
        }
    }

    /// <summary>A whole strip of weights as floats: where it lies, or widened.</summary>
    /// <param name="weights">The matrix.</param>
    /// <param name="strip">Which strip of it.</param>
    /// <param name="room">As many floats as the strip has, and 64.</param>
    public static float* Widened(PackedWeights weights, int strip, float* room)
    {
        if (!weights.IsNarrow)
        {
            return weights.Strip(strip);
        }

        Widen(weights.NarrowStrip(strip), weights.K * Tile.Rows, room);
        return room;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Widen(ushort* narrow, int count, float* room)
    {
        for (float* end = room + count; room < end; room += 2 * TIsa.Lanes, narrow += 2 * TIsa.Lanes)
        {
            TIsa.Store(room, TIsa.LoadNarrow(narrow));
            TIsa.Store(room + TIsa.Lanes, TIsa.LoadNarrow(narrow + TIsa.Lanes));
        }
    }
}
