using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Kernels.Paired;
using Stemsharp.Simd;

namespace Stemsharp.Kernels.Attention;

/// <summary>Keys and values from the tiles that a product gives into the strips that <see cref="AttentionKernel{TIsa, V}"/> reads.</summary>
internal static unsafe class AttentionStrips<TIsa, V>
    where TIsa : struct, ISimd<V>
    where V : struct
{
    /// <summary>
    /// [width][positions] → [positions/8][width][8]: eight neighbouring positions of a channel stay together.
    /// </summary>
    /// <param name="row">A channel of a tile.</param>
    /// <param name="count">Positions.</param>
    /// <param name="keys">The channel in the first position's strip.</param>
    /// <param name="width">Channels of the head.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void StoreKeys(float* row, int count, float* keys, int width)
    {
        for (int i = 0; i < count; i += Tile.Rows, keys += width * Tile.Rows)
        {
            *(Vector256<float>*)keys = *(Vector256<float>*)(row + i);
        }
    }

    /// <summary>A tile of eight channels becomes [positions][8].</summary>
    /// <param name="tile">Eight channels.</param>
    /// <param name="bias">Added to each channel.</param>
    /// <param name="count">Positions.</param>
    /// <param name="values">The first position in the channels' strip.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void StoreValues(float* tile, float* bias, int count, float* values)
    {
        float* woven = stackalloc float[4 * Tile.Columns];
        for (int half = 0; half < Tile.Rows; half += 4)
        {
            float* rows = tile + half * Tile.Columns;
            V b0 = TIsa.Broadcast(bias[half]), b1 = TIsa.Broadcast(bias[half + 1]), b2 = TIsa.Broadcast(bias[half + 2]), b3 = TIsa.Broadcast(bias[half + 3]);
            for (int i = 0; i < Tile.Columns; i += TIsa.Lanes)
            {
                V v0 = TIsa.Add(TIsa.Load(rows + i), b0), v1 = TIsa.Add(TIsa.Load(rows + Tile.Columns + i), b1);
                V v2 = TIsa.Add(TIsa.Load(rows + 2 * Tile.Columns + i), b2), v3 = TIsa.Add(TIsa.Load(rows + 3 * Tile.Columns + i), b3);
                TIsa.Interleave4(woven + 4 * i, v0, v1, v2, v3);
            }

            for (int i = 0; i < count; i++)
            {
                *(Vector128<float>*)(values + i * Tile.Rows + half) = *(Vector128<float>*)(woven + 4 * i);
            }
        }
    }

    /// <summary>A tile of eight channels becomes pairs of positions, [⌈positions/2⌉][8]; behind an odd number of positions stands a zero.</summary>
    /// <inheritdoc cref="StoreValues"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void StoreValuePairs(float* tile, float* bias, int count, float* values)
    {
        float* woven = stackalloc float[Tile.Size];
        StoreValues(tile, bias, count, woven);
        for (int i = 0; i < count; i += 2, woven += 2 * Tile.Rows, values += Tile.Rows)
        {
            Bfloat16.Pairs(Vector256.Load(woven), i + 1 < count ? Vector256.Load(woven + Tile.Rows) : default).Store((uint*)values);
        }
    }

    /// <summary>Four pairs of channels of a tile become words of keys in <see cref="TilePairs"/>' tiles.</summary>
    /// <param name="rows">[4][48], rounded.</param>
    /// <param name="start">The first position, a multiple of 48.</param>
    /// <param name="count">Positions.</param>
    /// <param name="keys">The head's keys.</param>
    /// <param name="pair">The first pair's place in the head, a multiple of 4.</param>
    /// <param name="pairs">The head's pairs.</param>
    /// <param name="tiles">Tells where they lie.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void StoreKeyTiles(float* rows, int start, int count, float* keys, int pair, int pairs, TilePairs tiles)
    {
        float* woven = stackalloc float[4 * Tile.Columns];
        for (int i = 0; i < Tile.Columns; i += TIsa.Lanes)
        {
            TIsa.Interleave4(woven + 4 * i, TIsa.Load(rows + i), TIsa.Load(rows + Tile.Columns + i), TIsa.Load(rows + 2 * Tile.Columns + i), TIsa.Load(rows + 3 * Tile.Columns + i));
        }

        for (int first = 0; first < count; first += Tile.Rows)
        {
            float* strip = keys + tiles.At((start + first) / Tile.Rows, pair, pairs) + pair % TileCode.Side;
            for (int i = first; i < Math.Min(count, first + Tile.Rows); i++, strip += TileCode.Side)
            {
                *(Vector128<float>*)strip = *(Vector128<float>*)(woven + 4 * i);
            }
        }
    }

    /// <summary>A tile of eight channels becomes rows of pairs of positions in <see cref="TilePairs"/>' tiles; behind an odd number of positions stands a zero.</summary>
    /// <param name="tile">Eight channels.</param>
    /// <param name="bias">Added to each channel.</param>
    /// <param name="start">The first position, a multiple of 48.</param>
    /// <param name="count">Positions.</param>
    /// <param name="values">The head's values.</param>
    /// <param name="strip">Which eight channels of the head.</param>
    /// <param name="pairs">The head's pairs of positions.</param>
    /// <param name="tiles">Tells where they lie.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void StoreValueTiles(float* tile, float* bias, int start, int count, float* values, int strip, int pairs, TilePairs tiles)
    {
        // Words that stay together: 24 pairs a tile are three times as many, and so is what lies before them.
        const int together = 8;
        ushort* codes = stackalloc ushort[Tile.Columns];
        for (int r = 0; r < Tile.Rows; r++, tile += Tile.Columns)
        {
            V b = TIsa.Broadcast(bias[r]);
            for (int i = 0; i < Tile.Columns; i += TIsa.Lanes)
            {
                TIsa.Store(tile + i, TIsa.Add(TIsa.Load(tile + i), b));
            }

            new Span<float>(tile + count, Tile.Columns - count).Clear();
            Bfloat16.Round(new ReadOnlySpan<float>(tile, Tile.Columns), new Span<ushort>(codes, Tile.Columns));
            for (int first = 0; 2 * first < count; first += together)
            {
                int pair = start / 2 + first;
                float* row = values + tiles.At(strip, pair, pairs) + pair % TileCode.Side + r * TileCode.Side;
                *(Vector256<ushort>*)row = *(Vector256<ushort>*)(codes + 2 * first);
            }
        }
    }
}
