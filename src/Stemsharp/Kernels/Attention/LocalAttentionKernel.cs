using System.Runtime.CompilerServices;
using Stemsharp.Kernels.Elementary;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Simd;

namespace Stemsharp.Kernels.Attention;

/// <summary>
/// Attention of one head for 48 queries, with scores that fall with the distance between query and key, each query by a slope of its own.
/// Scores lie as [keys][queries], queries across the lanes; all keys' are there at once.
/// </summary>
internal static unsafe class LocalAttentionKernel<TIsa, V>
    where TIsa : struct, ISimd<V>
    where V : struct
{
    // What stands in the place of a query's score with itself: a score of −100 as a power of two.
    private const float Self = (float)(-100 * Log2E);

    private const double Log2E = 1.4426950408889634;

    /// <summary>Scratch floats for so many keys.</summary>
    public static long Scratch(int keys) => (long)Tile.Strips(keys) * Tile.Size;

    /// <summary>
    /// What a query's scores lose with each step of distance, as powers of two: Σ_f f·σ(d_f) / 2 / √decays.
    /// </summary>
    /// <param name="decay">[decays][48], rows at <paramref name="stride"/> floats.</param>
    /// <param name="stride">Floats from row to row.</param>
    /// <param name="decays">How many.</param>
    /// <param name="slopes">[48].</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Slopes(float* decay, nint stride, int decays, float* slopes)
    {
        float scale = (float)(Log2E / 2 / Math.Sqrt(decays));
        for (int i = 0; i < Tile.Columns; i += TIsa.Lanes)
        {
            V sum = TIsa.Broadcast(0f);
            for (int f = 0; f < decays; f++)
            {
                sum = TIsa.MultiplyAdd(TIsa.Broadcast(scale * (f + 1)), VectorMath<TIsa, V>.Sigmoid(TIsa.Load(decay + f * stride + i)), sum);
            }

            TIsa.Store(slopes + i, sum);
        }
    }

    /// <summary>Runs 48 queries.</summary>
    /// <param name="query">[width][48]; scaled here.</param>
    /// <param name="slopes">[48], and room for 48 floats more.</param>
    /// <param name="first">The first query's position among the keys.</param>
    /// <param name="count">Queries that count.</param>
    /// <param name="keys">Strips of 8 keys: [⌈steps/8⌉][width][8].</param>
    /// <param name="values">Strips of 8 channels: [⌈width/8⌉][steps][8].</param>
    /// <param name="steps">Number of keys.</param>
    /// <param name="width">Channels of the head.</param>
    /// <param name="scores">As many floats as <see cref="Scratch"/> says.</param>
    /// <param name="result">[⌈width/8⌉·8][48].</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(float* query, float* slopes, int first, int count, float* keys, float* values, int steps, int width, float* scores, float* result)
    {
        V scale = TIsa.Broadcast((float)(Log2E / Math.Sqrt(width)));
        for (float* p = query, end = query + width * Tile.Columns; p < end; p += TIsa.Lanes)
        {
            TIsa.Store(p, TIsa.Multiply(TIsa.Load(p), scale));
        }

        for (int strip = 0; strip < Tile.Strips(steps); strip++)
        {
            Product<TIsa, V>.Run(keys + (long)strip * width * Tile.Rows, query, width, scores + (long)strip * Tile.Size);
        }

        float* positions = slopes + Tile.Columns;
        for (int i = 0; i < Tile.Columns; i++)
        {
            positions[i] = first + i;
        }

        // A query's own key lies among the first `count` from its panel's start.
        for (int i = 0; i < Tile.Columns; i += TIsa.Lanes)
        {
            Penalise(scores + i, steps, TIsa.Load(positions + i), TIsa.Load(slopes + i));
        }

        for (int i = 0; i < count; i++)
        {
            scores[(long)(first + i) * Tile.Columns + i] = Self;
        }

        for (int i = 0; i < Tile.Columns; i += TIsa.Lanes)
        {
            TIsa.Store(slopes + i, Softmax(scores + i, steps));
        }

        for (int strip = 0; strip < Tile.Strips(width); strip++)
        {
            float* tile = result + strip * Tile.Size;
            Product<TIsa, V>.Run(values + (long)strip * steps * Tile.Rows, scores, steps, tile);
            for (int i = 0; i < Tile.Size; i += TIsa.Lanes)
            {
                TIsa.Store(tile + i, TIsa.Multiply(TIsa.Load(tile + i), TIsa.Load(slopes + i % Tile.Columns)));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Penalise(float* scores, int keys, V position, V slope)
    {
        for (int t = 0; t < keys; t++, scores += Tile.Columns)
        {
            V key = TIsa.Broadcast((float)t), distance = TIsa.Max(TIsa.Subtract(position, key), TIsa.Subtract(key, position));
            TIsa.Store(scores, TIsa.NegateMultiplyAdd(distance, slope, TIsa.Load(scores)));
        }
    }

    // Weights relative to the whole number next to the maximum, and one over their sum.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static V Softmax(float* scores, int keys)
    {
        V max = TIsa.Load(scores), sum = TIsa.Broadcast(0f);
        float* end = scores + (long)keys * Tile.Columns;
        for (float* p = scores; p < end; p += Tile.Columns)
        {
            max = TIsa.Max(max, TIsa.Load(p));
        }

        V offset = VectorMath<TIsa, V>.Offset(VectorMath<TIsa, V>.Round(max));
        for (float* p = scores; p < end; p += Tile.Columns)
        {
            V weight = VectorMath<TIsa, V>.Exp2(TIsa.Load(p), offset);
            TIsa.Store(p, weight);
            sum = TIsa.Add(sum, weight);
        }

        return TIsa.Divide(TIsa.Broadcast(1f), sum);
    }
}
