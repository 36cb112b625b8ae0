using System.Runtime.CompilerServices;
using Stemsharp.Kernels.Elementary;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Kernels.Simd;

namespace Stemsharp.Kernels.Attention;

/// <summary>
/// Scaled dot-product attention of one head for some blocks of 48 queries, over the keys in blocks with a running softmax
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

    /// <summary>Blocks of 48 queries that go through the keys together, so that each strip of keys or values is loaded once for all.</summary>
    public const int MaxPanels = 2;

    /// <summary>Scratch floats for a head of so many channels.</summary>
    public static long Scratch(int width) => MaxPanels * PanelScratch(width);

    /// <summary>Floats from one panel's result to the next one's.</summary>
    public static int PanelScratch(int width) => (KeyBlock + Rows(width) + 2) * Tile.Columns;

    /// <summary>
    /// Runs some panels of 48 queries. Afterwards panel p's result is at scratch + p·<see cref="PanelScratch"/>: [width][48].
    /// </summary>
    /// <param name="query">Panels [width][48], already scaled by log2(e)/√width: the softmax runs on powers of two.</param>
    /// <param name="panels">How many, at most <see cref="MaxPanels"/>.</param>
    /// <param name="keys">Strips of 8 keys: [⌈keys/8⌉][width][8].</param>
    /// <param name="values">Strips of 8 channels: [⌈width/8⌉][keys][8].</param>
    /// <param name="count">Number of keys.</param>
    /// <param name="width">Channels of the head.</param>
    /// <param name="scratch">As many floats as <see cref="Scratch"/> says.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(float* query, int panels, float* keys, float* values, int count, int width, float* scratch)
    {
        int rows = Rows(width), panelScratch = PanelScratch(width), queryFloats = width * Tile.Columns;
        int maxAt = rows * Tile.Columns, sumAt = maxAt + Tile.Columns, scoresAt = sumAt + Tile.Columns;
        for (int first = 0; first < count; first += KeyBlock)
        {
            int block = Math.Min(KeyBlock, count - first);
            for (int strip = 0; strip < Tile.Strips(block); strip++)
            {
                float* k = keys + (long)(first / Tile.Rows + strip) * width * Tile.Rows;
                for (int p = 0; p < panels; p++) Product<TIsa, V>.Run(k, query + p * queryFloats, width, scratch + p * panelScratch + scoresAt + strip * Tile.Size);
            }

            for (int p = 0; p < panels; p++)
            {
                float* own = scratch + p * panelScratch;
                Softmax(own + scoresAt, block, first == 0, own + maxAt, own + sumAt, own, rows);
            }

            for (int strip = 0; strip < rows / Tile.Rows; strip++)
            {
                float* v = values + ((long)strip * count + first) * Tile.Rows;
                for (int p = 0; p < panels; p++)
                {
                    float* own = scratch + p * panelScratch;
                    MicroKernel<TIsa, V>.Run(v, own + scoresAt, block, Tile.Columns, own + strip * Tile.Size, first > 0);
                }
            }
        }

        for (int p = 0; p < panels; p++) Normalise(scratch + p * panelScratch, scratch + p * panelScratch + sumAt, width);
    }

    private static void Normalise(float* result, float* sum, int width)
    {
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
