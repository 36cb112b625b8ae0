using System.Runtime.CompilerServices;
using Stemsharp.Kernels.Elementary;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Kernels.Paired;
using Stemsharp.Simd;

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
    /// Keys scored at once: 24 KB of scores, which stay in the first-level cache. A numeric parameter, for it sets the order of additions.
    /// </summary>
    public const int KeyBlock = 128;

    /// <summary>Blocks of 48 queries that go through the keys together, so that each strip of keys or values is loaded once for all.</summary>
    public const int MaxPanels = 2;

    /// <summary>Scratch floats for a head of so many channels.</summary>
    public static long Scratch(int width) => MaxPanels * PanelScratch(width);

    /// <summary>Floats from one panel's result to the next one's.</summary>
    public static int PanelScratch(int width) => (KeyBlock + Rows(width) + 3) * Tile.Columns;

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
    /// <param name="pairs">
    /// Multiplies queries, keys and values that are pairs of bfloat16: panels as it rounds them, strips as it packs them, of width/2 and
    /// ⌈keys/2⌉ pairs. Null for single precision.
    /// </param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(float* query, int panels, float* keys, float* values, int count, int width, float* scratch, PairKernels? pairs = null)
    {
        int rows = Rows(width), panelScratch = PanelScratch(width), queryFloats = width * Tile.Columns;
        int sumAt = rows * Tile.Columns, topAt = sumAt + Tile.Columns, maxAt = MaxAt(width), scoresAt = maxAt + Tile.Columns;
        for (int first = 0; first < count; first += KeyBlock)
        {
            int block = Math.Min(KeyBlock, count - first);
            if (pairs is not null)
            {
                Score(pairs, (uint*)query, panels, (uint*)keys, first, block, width, scratch);
            }

            for (int strip = 0; pairs is null && strip < Tile.Strips(block); strip++)
            {
                float* k = keys + (long)(first / Tile.Rows + strip) * width * Tile.Rows;
                for (int p = 0; p < panels; p++)
                {
                    float* own = scratch + p * panelScratch, scores = own + scoresAt + strip * Tile.Size;
                    Product<TIsa, V>.Run(k, query + p * queryFloats, width, scores);
                    Raise(scores, Math.Min(Tile.Rows, block - strip * Tile.Rows), own + maxAt, first + strip == 0);
                }
            }

            for (int p = 0; p < panels; p++)
            {
                float* own = scratch + p * panelScratch;
                Softmax(own + scoresAt, block, first == 0, own + maxAt, own + topAt, own + sumAt, own, rows);
                pairs?.Round(own + scoresAt, block, (uint*)(own + scoresAt));
            }

            if (pairs is not null)
            {
                Mix(pairs, (uint*)values, panels, first, block, count, width, scratch);
            }

            for (int strip = 0; pairs is null && strip < rows / Tile.Rows; strip++)
            {
                float* v = values + ((long)strip * count + first) * Tile.Rows;
                for (int p = 0; p < panels; p++)
                {
                    float* own = scratch + p * panelScratch;
                    MicroKernel<TIsa, V>.Run(v, own + scoresAt, block, own + strip * Tile.Size, first > 0);
                }
            }
        }

        for (int p = 0; p < panels; p++)
        {
            Normalise(scratch + p * panelScratch, scratch + p * panelScratch + sumAt, width);
        }
    }

    // A block's scores in pairs, and the running maximum.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Score(PairKernels pairs, uint* query, int panels, uint* keys, int first, int block, int width, float* scratch)
    {
        int strips = Tile.Strips(block), panelScratch = PanelScratch(width), maxAt = MaxAt(width);
        for (int strip = 0; strip < strips; strip += pairs.StripsAtOnce)
        {
            int some = Math.Min(pairs.StripsAtOnce, strips - strip);
            float* scores = scratch + maxAt + Tile.Columns + strip * Tile.Size;
            pairs.Multiply(keys + pairs.At(first / Tile.Rows + strip, 0, width / 2), some, query, width * Tile.Columns, panels, width / 2, scores, panelScratch, accumulate: false);
            for (int p = 0; p < panels; p++)
            {
                Raise(scores + p * panelScratch, Math.Min(some * Tile.Rows, block - strip * Tile.Rows), scratch + p * panelScratch + maxAt, first + strip == 0);
            }
        }
    }

    // A block's values in pairs, by its weights.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Mix(PairKernels pairs, uint* values, int panels, int first, int block, int count, int width, float* scratch)
    {
        int strips = Tile.Strips(width), panelScratch = PanelScratch(width);
        for (int strip = 0; strip < strips; strip += pairs.StripsAtOnce)
        {
            uint* v = values + pairs.At(strip, first / 2, PairKernels.Pairs(count));
            int some = Math.Min(pairs.StripsAtOnce, strips - strip);
            pairs.Multiply(v, some, (uint*)(scratch + MaxAt(width) + Tile.Columns), panelScratch, panels, PairKernels.Pairs(block), scratch + strip * Tile.Size, panelScratch, first > 0);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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

    // The running maximum of each column, while the scores are still in the first-level cache.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Raise(float* scores, int keys, float* max, bool start)
    {
        // Three vectors side by side: with one, each maximum would wait for the one before.
        int lanes = TIsa.Lanes;
        for (int i = 0; i < Tile.Columns; i += 3 * lanes)
        {
            float* p = scores + i, from = start ? p : max + i;
            V max0 = TIsa.Load(from), max1 = TIsa.Load(from + lanes), max2 = TIsa.Load(from + 2 * lanes);
            for (float* end = p + keys * Tile.Columns; p < end; p += Tile.Columns)
            {
                max0 = TIsa.Max(max0, TIsa.Load(p));
                max1 = TIsa.Max(max1, TIsa.Load(p + lanes));
                max2 = TIsa.Max(max2, TIsa.Load(p + 2 * lanes));
            }

            TIsa.Store(max + i, max0);
            TIsa.Store(max + i + lanes, max1);
            TIsa.Store(max + i + 2 * lanes, max2);
        }
    }

    /// <summary>
    /// Turns a block of scores into weights relative to the running maximum, and rescales what came before. Relative to the
    /// whole number next to the maximum, in fact: that spares a subtraction, and what came before is rescaled exactly.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Softmax(float* scores, int keys, bool start, float* max, float* top, float* sum, float* result, int rows)
    {
        int lanes = TIsa.Lanes;
        for (int i = 0; i < Tile.Columns; i += 3 * lanes)
        {
            V top0 = VectorMath<TIsa, V>.Round(TIsa.Load(max + i)), top1 = VectorMath<TIsa, V>.Round(TIsa.Load(max + i + lanes)), top2 = VectorMath<TIsa, V>.Round(TIsa.Load(max + i + 2 * lanes));
            V offset0 = VectorMath<TIsa, V>.Offset(top0), offset1 = VectorMath<TIsa, V>.Offset(top1), offset2 = VectorMath<TIsa, V>.Offset(top2);
            V total0 = TIsa.Broadcast(0f), total1 = total0, total2 = total0;
            for (float* p = scores + i, end = p + keys * Tile.Columns; p < end; p += Tile.Columns)
            {
                V weight0 = VectorMath<TIsa, V>.Exp2(TIsa.Load(p), offset0);
                V weight1 = VectorMath<TIsa, V>.Exp2(TIsa.Load(p + lanes), offset1);
                V weight2 = VectorMath<TIsa, V>.Exp2(TIsa.Load(p + 2 * lanes), offset2);
                TIsa.Store(p, weight0);
                TIsa.Store(p + lanes, weight1);
                TIsa.Store(p + 2 * lanes, weight2);
                total0 = TIsa.Add(total0, weight0);
                total1 = TIsa.Add(total1, weight1);
                total2 = TIsa.Add(total2, weight2);
            }

            Merge(i, top0, offset0, total0, start, top, sum, result, rows);
            Merge(i + lanes, top1, offset1, total1, start, top, sum, result, rows);
            Merge(i + 2 * lanes, top2, offset2, total2, start, top, sum, result, rows);
        }
    }

    // A block's sum into the running one; what came before shrinks to the new maximum.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Merge(int column, V newTop, V offset, V total, bool start, float* top, float* sum, float* result, int rows)
    {
        if (!start)
        {
            V decay = VectorMath<TIsa, V>.PowerOfTwo(TIsa.Load(top + column), offset);
            total = TIsa.MultiplyAdd(TIsa.Load(sum + column), decay, total);
            for (float* q = result + column, end = q + rows * Tile.Columns; q < end; q += Tile.Columns)
            {
                TIsa.Store(q, TIsa.Multiply(TIsa.Load(q), decay));
            }
        }

        TIsa.Store(sum + column, total);
        TIsa.Store(top + column, newTop);
    }

    // Behind the result, its sums and what they are relative to; the scores follow.
    private static int MaxAt(int width) => (Rows(width) + 2) * Tile.Columns;

    private static int Rows(int width) => Tile.Strips(width) * Tile.Rows;
}
