using System.Runtime.CompilerServices;
using Stemsharp.Kernels.Elementary;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Kernels.Simd;

namespace Stemsharp.Kernels.Attention;

/// <summary>
/// Scaled dot-product attention of one head for 48 queries, over the keys in blocks with a running softmax
/// (Milakov and Gimelshein, "Online normalizer calculation for softmax", 2018): the whole score matrix never
/// exists. Scores lie as [keys][queries], queries across the lanes, so that no sum crosses lanes.
/// </summary>
internal static unsafe class AttentionKernel<TIsa, V>
    where TIsa : struct, ISimd<V>
    where V : struct
{
    /// <summary>
    /// Keys scored at once: 36 KB of scores. A numeric parameter, for it sets the order of additions.
    /// </summary>
    public const int KeyBlock = 192;

    /// <summary>Scratch floats for a head of so many channels.</summary>
    public static long Scratch(int width) => (long)KeyBlock * Tile.Columns + Rows(width) * Tile.Columns + 2 * Tile.Columns;

    /// <summary>
    /// Runs 48 queries. Afterwards the result is at <paramref name="scratch"/>'s start: [width][48].
    /// </summary>
    /// <param name="query">Panel [width][48], already scaled by log2(e)/√width: the softmax runs on powers of two.</param>
    /// <param name="keys">Strips of 8 keys: [⌈keys/8⌉][width][8].</param>
    /// <param name="values">Strips of 8 channels: [⌈width/8⌉][keys][8].</param>
    /// <param name="count">Number of keys.</param>
    /// <param name="width">Channels of the head.</param>
    /// <param name="scratch">As many floats as <see cref="Scratch"/> says.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(float* query, float* keys, float* values, int count, int width, float* scratch)
    {
        int rows = Rows(width);
        float* result = scratch, max = result + rows * Tile.Columns, sum = max + Tile.Columns, scores = sum + Tile.Columns;
        for (int first = 0; first < count; first += KeyBlock)
        {
            int block = Math.Min(KeyBlock, count - first);
            for (int strip = 0; strip < Tile.Strips(block); strip++)
            {
                Product<TIsa, V>.Run(keys + (long)(first / Tile.Rows + strip) * width * Tile.Rows, query, width, scores + strip * Tile.Size);
            }

            Softmax(scores, block, first == 0, max, sum, result, rows);
            for (int strip = 0; strip < rows / Tile.Rows; strip++)
            {
                float* v = values + ((long)strip * count + first) * Tile.Rows;
                MicroKernel<TIsa, V>.Run(v, scores, block, Tile.Columns, result + strip * Tile.Size, first > 0);
            }
        }

        for (int i = 0; i < Tile.Columns; i += TIsa.Lanes)
        {
            V inverse = TIsa.Divide(TIsa.Broadcast(1f), TIsa.Load(sum + i));
            for (int r = 0; r < width; r++)
            {
                float* p = result + r * Tile.Columns + i;
                TIsa.Store(p, TIsa.Multiply(TIsa.Load(p), inverse));
            }
        }
    }

    /// <summary>Turns a block of scores into weights relative to the running maximum, and rescales what came before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Softmax(float* scores, int keys, bool start, float* max, float* sum, float* result, int rows)
    {
        for (int i = 0; i < Tile.Columns; i += TIsa.Lanes)
        {
            float* p = scores + i;
            V top = start ? TIsa.Load(p) : TIsa.Load(max + i);
            for (int k = 0; k < keys; k++) top = TIsa.Max(top, TIsa.Load(p + k * Tile.Columns));
            V total = TIsa.Broadcast(0f);
            for (int k = 0; k < keys; k++)
            {
                V weight = VectorMath<TIsa, V>.Exp2(TIsa.Subtract(TIsa.Load(p + k * Tile.Columns), top));
                TIsa.Store(p + k * Tile.Columns, weight);
                total = TIsa.Add(total, weight);
            }

            if (!start)
            {
                V decay = VectorMath<TIsa, V>.Exp2(TIsa.Subtract(TIsa.Load(max + i), top));
                total = TIsa.MultiplyAdd(TIsa.Load(sum + i), decay, total);
                for (int r = 0; r < rows; r++)
                {
                    float* q = result + r * Tile.Columns + i;
                    TIsa.Store(q, TIsa.Multiply(TIsa.Load(q), decay));
                }
            }

            TIsa.Store(sum + i, total);
            TIsa.Store(max + i, top);
        }
    }

    private static int Rows(int width) => Tile.Strips(width) * Tile.Rows;
}
