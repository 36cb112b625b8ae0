using System.Runtime.CompilerServices;
using Stemsharp.Kernels.Elementary;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Simd;

namespace Stemsharp.Cpu.Steps;

/// <summary>A tensor to write, and, where it is an output of the engine, the mean and std that restore its scale.</summary>
internal sealed record RestorableTensor(Tensor Tensor, Tensor? Mean, Tensor? Std)
{
    /// <summary>The factor and offset that undo the input's standardisation; 1 and 0 where there is none.</summary>
    public unsafe (float Factor, float Offset) Restoration(in Workspace w) => Mean == null ? (1, 0) : (*w.At(Std!), *w.At(Mean));
}

/// <summary>
/// Transposed convolution along F: packed row (phase, channel) of column row q is the channel's row
/// stride·q + phase − start.
/// </summary>
internal readonly unsafe struct TransposeRowsEpilogue<TIsa, V, TActivation>(
    PackedWeights weights, RestorableTensor target, Columns columns, int channels, int stride, int start, int length) : IEpilogue
    where TIsa : struct, ISimd<V>
    where V : struct
    where TActivation : struct, IActivation<TIsa, V>
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Store(in Workspace w, int block, int strip, float* tile)
    {
        (int row, int first, int count) = columns[block];
        (float factor, float offset) = target.Restoration(w);
        V scale = TIsa.Broadcast(factor), shift = TIsa.Broadcast(offset);
        int rows = Math.Min(Tile.Rows, weights.Rows - strip * Tile.Rows);
        for (int r = 0; r < rows; r++, tile += Tile.Columns)
        {
            (int phase, int channel) = Math.DivRem(strip * Tile.Rows + r, channels);
            int f = row * stride + phase - start;
            if (f < 0 || f >= length)
            {
                continue;
            }

            V bias = TIsa.Broadcast(weights.Bias[strip * Tile.Rows + r]);
            float* p = w.At(target.Tensor, channel) + (long)f * columns.Width + first;
            float* destination = count == Tile.Columns ? p : tile;
            for (int i = 0; i < Tile.Columns; i += TIsa.Lanes)
            {
                V y = TActivation.Apply(TIsa.Add(TIsa.Load(tile + i), bias));
                TIsa.Store(destination + i, TIsa.MultiplyAdd(y, scale, shift));
            }

            if (count < Tile.Columns)
            {
                TileRow.Store(tile, p, count);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Prefetch(in Workspace w, int block, int strip)
    {
        (int row, int first, _) = columns[block];
        for (int r = strip * Tile.Rows; r < Math.Min((strip + 1) * Tile.Rows, weights.Rows); r++)
        {
            (int phase, int channel) = Math.DivRem(r, channels);
            int f = row * stride + phase - start;
            if (f >= 0 && f < length)
            {
                Ahead.Tiles(w, target.Tensor, channel, 1, (long)f * columns.Width + first);
            }
        }
    }
}

/// <summary>
/// Transposed convolution along T with stride 4: a strip holds two channels with their four phases each,
/// which are woven together: position 4·n + phase − start.
/// </summary>
internal readonly unsafe struct TransposeStride4Epilogue<TIsa, V, TActivation>(
    PackedWeights weights, RestorableTensor target, Columns columns, int channels, int start, int length) : IEpilogue
    where TIsa : struct, ISimd<V>
    where V : struct
    where TActivation : struct, IActivation<TIsa, V>
{
    private const int Stride = 4;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Store(in Workspace w, int block, int strip, float* tile)
    {
        (_, int first, _) = columns[block];
        (float factor, float offset) = target.Restoration(w);
        V scale = TIsa.Broadcast(factor), shift = TIsa.Broadcast(offset);
        float* woven = stackalloc float[Stride * Tile.Columns];
        for (int half = 0; half < Tile.Rows / Stride; half++, tile += Stride * Tile.Columns)
        {
            int channel = strip * (Tile.Rows / Stride) + half;
            if (channel >= channels)
            {
                return;
            }

            V bias = TIsa.Broadcast(weights.Bias[strip * Tile.Rows + half * Stride]);
            int t = first * Stride - start, low = Math.Max(0, -t), high = Math.Min(Stride * Tile.Columns, length - t);
            if (high <= low)
            {
                continue;
            }

            float* p = w.At(target.Tensor, channel) + t;
            bool whole = low == 0 && high == Stride * Tile.Columns;
            float* destination = whole ? p : woven;
            for (int i = 0; i < Tile.Columns; i += TIsa.Lanes)
            {
                V v0 = Finish(tile + i, bias, scale, shift), v1 = Finish(tile + Tile.Columns + i, bias, scale, shift);
                V v2 = Finish(tile + 2 * Tile.Columns + i, bias, scale, shift), v3 = Finish(tile + 3 * Tile.Columns + i, bias, scale, shift);
                TIsa.Interleave4(destination + Stride * i, v0, v1, v2, v3);
            }

            if (!whole)
            {
                TileRow.Store(woven + low, p + low, high - low);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Prefetch(in Workspace w, int block, int strip)
    {
        (_, int first, _) = columns[block];
        for (int half = 0; half < Tile.Rows / Stride; half++)
        {
            int channel = strip * (Tile.Rows / Stride) + half;
            if (channel < channels)
            {
                Simd.Prefetch.Floats(w.At(target.Tensor, channel) + first * Stride - start, Stride * Tile.Columns);
            }
        }
    }

    private static V Finish(float* p, V bias, V scale, V shift) => TIsa.MultiplyAdd(TActivation.Apply(TIsa.Add(TIsa.Load(p), bias)), scale, shift);
}

/// <summary>The same for any stride: packed row (phase, channel), one float at a time.</summary>
internal readonly unsafe struct TransposeAnyEpilogue<TIsa, V, TActivation>(
    PackedWeights weights, RestorableTensor target, Columns columns, int channels, int stride, int start, int length) : IEpilogue
    where TIsa : struct, ISimd<V>
    where V : struct
    where TActivation : struct, IActivation<TIsa, V>
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Store(in Workspace w, int block, int strip, float* tile)
    {
        (_, int first, int count) = columns[block];
        (float factor, float offset) = target.Restoration(w);
        int rows = Math.Min(Tile.Rows, weights.Rows - strip * Tile.Rows);
        for (int r = 0; r < rows; r++, tile += Tile.Columns)
        {
            (int phase, int channel) = Math.DivRem(strip * Tile.Rows + r, channels);
            V bias = TIsa.Broadcast(weights.Bias[strip * Tile.Rows + r]);
            for (int i = 0; i < Tile.Columns; i += TIsa.Lanes)
            {
                TIsa.Store(tile + i, TActivation.Apply(TIsa.Add(TIsa.Load(tile + i), bias)));
            }

            float* p = w.At(target.Tensor, channel);
            for (int i = 0; i < count; i++)
            {
                int t = (first + i) * stride + phase - start;
                if (t >= 0 && t < length)
                {
                    p[t] = tile[i] * factor + offset;
                }
            }
        }
    }

    // Strides that no official model has.
    public void Prefetch(in Workspace w, int block, int strip)
    {
    }
}
