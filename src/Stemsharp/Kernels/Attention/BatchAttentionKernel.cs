using System.Runtime.CompilerServices;
using Stemsharp.Kernels.Elementary;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Simd;

namespace Stemsharp.Kernels.Attention;

/// <summary>
/// Scaled dot-product attention of one head for <see cref="Tile.Stretch"/> short sequences at once, one in each lane: no sum crosses
/// lanes, nothing is broadcast, and sequences of any length fill the vectors. All scores of four queries stay in the first-level cache.
/// </summary>
internal static unsafe class BatchAttentionKernel<TIsa, V>
    where TIsa : struct, ISimd<V>
    where V : struct
{
    private const int Queries = 4, Batch = Tile.Stretch;

    /// <summary>Scratch floats for sequences of so many positions.</summary>
    public static int Scratch(int count) => Queries * ScoreStride(count);

    /// <summary>Runs all queries of a head.</summary>
    /// <param name="query">[count][width][16], already scaled by log2(e)/√width: the softmax runs on powers of two.</param>
    /// <param name="keys">[count][width][16], and readable one position further.</param>
    /// <param name="values">[width][stride][16].</param>
    /// <param name="valueStride">Positions from channel to channel of the values.</param>
    /// <param name="gates">[count][16]: what each query's result is multiplied by.</param>
    /// <param name="count">Positions of a sequence.</param>
    /// <param name="width">Channels of the head, an even number.</param>
    /// <param name="result">Panels of three positions, [width][3][16], the head's own rows.</param>
    /// <param name="panelFloats">Floats from panel to panel.</param>
    /// <param name="scratch">As many floats as <see cref="Scratch"/> says.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(
        float* query, float* keys, float* values, int valueStride, float* gates, int count, int width, float* result, nint panelFloats, float* scratch)
    {
        int stride = ScoreStride(count);
        for (int lane = 0; lane < Batch; lane += TIsa.Lanes)
        {
            for (int first = 0; first < count; first += Queries)
            {
                Score(query, keys, first, count, width, stride, lane, scratch);
                for (int i = 0; i < Queries; i++)
                {
                    int position = Math.Min(first + i, count - 1);
                    Softmax(scratch + i * stride, count, gates + position * Batch + lane);
                }

                Mix(values + lane, valueStride, first, count, width, stride, lane, result, panelFloats, scratch);
            }
        }
    }

    // A row of scores, and behind it the factor of its sum; with room for one key more, since keys come in pairs.
    private static int ScoreStride(int count) => (count + 2) * Batch;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Score(float* query, float* keys, int first, int count, int width, int stride, int lane, float* scores)
    {
        nint step = (nint)width * Batch;
        float* q = query + lane;
        float* q0 = q + first * step, q1 = q + Math.Min(first + 1, count - 1) * step, q2 = q + Math.Min(first + 2, count - 1) * step, q3 = q + Math.Min(first + 3, count - 1) * step;
        for (int key = 0; key < count; key += 2)
        {
            float* k0 = keys + key * step + lane, k1 = k0 + step;
            V s00 = default, s01 = default, s10 = default, s11 = default, s20 = default, s21 = default, s30 = default, s31 = default;
            for (nint d = 0; d < step; d += Batch)
            {
                V a = TIsa.Load(k0 + d), b = TIsa.Load(k1 + d);
                V x = TIsa.Load(q0 + d);
                s00 = TIsa.MultiplyAdd(x, a, s00);
                s01 = TIsa.MultiplyAdd(x, b, s01);
                x = TIsa.Load(q1 + d);
                s10 = TIsa.MultiplyAdd(x, a, s10);
                s11 = TIsa.MultiplyAdd(x, b, s11);
                x = TIsa.Load(q2 + d);
                s20 = TIsa.MultiplyAdd(x, a, s20);
                s21 = TIsa.MultiplyAdd(x, b, s21);
                x = TIsa.Load(q3 + d);
                s30 = TIsa.MultiplyAdd(x, a, s30);
                s31 = TIsa.MultiplyAdd(x, b, s31);
            }

            float* p = scores + key * Batch;
            TIsa.Store(p, s00);
            TIsa.Store(p + Batch, s01);
            TIsa.Store(p + stride, s10);
            TIsa.Store(p + stride + Batch, s11);
            TIsa.Store(p + 2 * stride, s20);
            TIsa.Store(p + 2 * stride + Batch, s21);
            TIsa.Store(p + 3 * stride, s30);
            TIsa.Store(p + 3 * stride + Batch, s31);
        }
    }

    // Weights relative to the greatest score, and the gate over their sum.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Softmax(float* scores, int count, float* gate)
    {
        float* end = scores + count * Batch;
        V max = TIsa.Load(scores);
        for (float* p = scores + Batch; p < end; p += Batch)
        {
            max = TIsa.Max(max, TIsa.Load(p));
        }

        V offset = VectorMath<TIsa, V>.Offset(VectorMath<TIsa, V>.Round(max)), sum = TIsa.Broadcast(0f);
        for (float* p = scores; p < end; p += Batch)
        {
            V weight = VectorMath<TIsa, V>.Exp2(TIsa.Load(p), offset);
            TIsa.Store(p, weight);
            sum = TIsa.Add(sum, weight);
        }

        TIsa.Store(scores + (count + 1) * Batch, TIsa.Divide(TIsa.Load(gate), sum));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Mix(float* values, int valueStride, int first, int count, int width, int stride, int lane, float* result, nint panelFloats, float* scores)
    {
        nint step = (nint)valueStride * Batch, end = (nint)count * Batch;
        float* t0 = Target(first), t1 = Target(first + 1), t2 = Target(first + 2), t3 = Target(first + 3);
        float* f = scores + (count + 1) * Batch;
        V f0 = TIsa.Load(f), f1 = TIsa.Load(f + stride), f2 = TIsa.Load(f + 2 * stride), f3 = TIsa.Load(f + 3 * stride);
        for (int d = 0; d < width; d += 2, values += 2 * step)
        {
            V s00 = default, s01 = default, s10 = default, s11 = default, s20 = default, s21 = default, s30 = default, s31 = default;
            for (nint j = 0; j < end; j += Batch)
            {
                V a = TIsa.Load(values + j), b = TIsa.Load(values + step + j);
                V x = TIsa.Load(scores + j);
                s00 = TIsa.MultiplyAdd(x, a, s00);
                s01 = TIsa.MultiplyAdd(x, b, s01);
                x = TIsa.Load(scores + stride + j);
                s10 = TIsa.MultiplyAdd(x, a, s10);
                s11 = TIsa.MultiplyAdd(x, b, s11);
                x = TIsa.Load(scores + 2 * stride + j);
                s20 = TIsa.MultiplyAdd(x, a, s20);
                s21 = TIsa.MultiplyAdd(x, b, s21);
                x = TIsa.Load(scores + 3 * stride + j);
                s30 = TIsa.MultiplyAdd(x, a, s30);
                s31 = TIsa.MultiplyAdd(x, b, s31);
            }

            int row = d * Tile.Columns;
            TIsa.Store(t0 + row, TIsa.Multiply(s00, f0));
            TIsa.Store(t0 + row + Tile.Columns, TIsa.Multiply(s01, f0));
            TIsa.Store(t1 + row, TIsa.Multiply(s10, f1));
            TIsa.Store(t1 + row + Tile.Columns, TIsa.Multiply(s11, f1));
            TIsa.Store(t2 + row, TIsa.Multiply(s20, f2));
            TIsa.Store(t2 + row + Tile.Columns, TIsa.Multiply(s21, f2));
            TIsa.Store(t3 + row, TIsa.Multiply(s30, f3));
            TIsa.Store(t3 + row + Tile.Columns, TIsa.Multiply(s31, f3));
        }

        // Behind the last query its result is stored once more.
        float* Target(int position)
        {
            (int panel, int stretch) = Math.DivRem(Math.Min(position, count - 1), Tile.Columns / Batch);
            return result + panel * panelFloats + stretch * Batch + lane;
        }
    }
}
