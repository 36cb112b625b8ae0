using System.Runtime.CompilerServices;
using Stemsharp.Kernels.Elementary;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Simd;

namespace Stemsharp.Cpu.Steps;

/// <summary>Storing rows of a tile whose last columns may not exist.</summary>
internal static unsafe class TileRow
{
    /// <summary>Copies the valid part of a finished row that was left in the tile.</summary>
    public static void Store(float* row, float* target, int count) => new ReadOnlySpan<float>(row, count).CopyTo(new Span<float>(target, count));
}

/// <summary>target = activation(tile + bias), row by row.</summary>
internal readonly unsafe struct StoreEpilogue<TIsa, V, TActivation>(PackedWeights weights, Tensor target, Columns columns) : IEpilogue
    where TIsa : struct, ISimd<V>
    where V : struct
    where TActivation : struct, IActivation<TIsa, V>
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Store(in Workspace w, int block, int strip, float* tile)
    {
        (int row, int start, int count) = columns[block];
        int first = strip * Tile.Rows, rows = Math.Min(Tile.Rows, weights.Rows - first);
        float* p = w.At(target, first) + (long)row * columns.Width + start;
        for (int r = 0; r < rows; r++, tile += Tile.Columns, p += target.Stride)
        {
            V bias = TIsa.Broadcast(weights.Bias[first + r]);
            float* destination = count == Tile.Columns ? p : tile;
            for (int i = 0; i < Tile.Columns; i += TIsa.Lanes)
            {
                TIsa.Store(destination + i, TActivation.Apply(TIsa.Add(TIsa.Load(tile + i), bias)));
            }

            if (count < Tile.Columns)
            {
                TileRow.Store(tile, p, count);
            }
        }
    }

    public void Prefetch(in Workspace w, int block, int strip)
    {
        (int row, int start, _) = columns[block];
        int first = strip * Tile.Rows;
        Ahead.Tiles(w, target, first, Math.Min(Tile.Rows, weights.Rows - first), (long)row * columns.Width + start);
    }
}

/// <summary>target = residual + factor·(tile + bias): the end of a transformer's block; may work in place.</summary>
internal readonly unsafe struct ResidualEpilogue<TIsa, V>(PackedWeights weights, NormWeights scale, Tensor residual, Tensor target, Columns columns) : IEpilogue
    where TIsa : struct, ISimd<V>
    where V : struct
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Store(in Workspace w, int block, int strip, float* tile)
    {
        (int row, int start, int count) = columns[block];
        int first = strip * Tile.Rows, rows = Math.Min(Tile.Rows, weights.Rows - first);
        long offset = (long)row * columns.Width + start;
        float* p = w.At(target, first) + offset, old = w.At(residual, first) + offset;
        for (int r = 0; r < rows; r++, tile += Tile.Columns, p += target.Stride, old += residual.Stride)
        {
            V bias = TIsa.Broadcast(weights.Bias[first + r]), factor = TIsa.Broadcast(scale.Weight[first + r]);
            float* destination = count == Tile.Columns ? p : tile;
            for (int i = 0; i < Tile.Columns; i += TIsa.Lanes)
            {
                TIsa.Store(destination + i, TIsa.MultiplyAdd(TIsa.Add(TIsa.Load(tile + i), bias), factor, TIsa.Load(old + i)));
            }

            if (count < Tile.Columns)
            {
                TileRow.Store(tile, p, count);
            }
        }
    }

    public void Prefetch(in Workspace w, int block, int strip)
    {
        (int row, int start, _) = columns[block];
        int first = strip * Tile.Rows, rows = Math.Min(Tile.Rows, weights.Rows - first);
        long position = (long)row * columns.Width + start;
        Ahead.Tiles(w, residual, first, rows, position);
        if (target.Root != residual.Root)
        {
            Ahead.Tiles(w, target, first, rows, position);
        }
    }
}

/// <summary>
/// Gated linear unit: a strip holds four channels and, in its lower half, their four gates.
/// A table [rows, channels] is added per frequency row where there is one. The result takes the whole target, or some of its channels.
/// </summary>
internal readonly unsafe struct GluEpilogue<TIsa, V>(
    PackedWeights weights, Tensor target, Columns columns, float[]? rowTable, int firstChannel = 0, int? channelCount = null) : IEpilogue
    where TIsa : struct, ISimd<V>
    where V : struct
{
    private const int Half = Tile.Rows / 2;

    /// <summary>The order of packed rows for 2·channels source rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int[] RowOrder(int channels)
    {
        int strips = (channels + Half - 1) / Half;
        int[] order = new int[strips * Tile.Rows];
        for (int r = 0; r < order.Length; r++)
        {
            int channel = r / Tile.Rows * Half + r % Half;
            order[r] = channel >= channels ? -1 : r % Tile.Rows < Half ? channel : channels + channel;
        }

        return order;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Store(in Workspace w, int block, int strip, float* tile)
    {
        (int row, int start, int count) = columns[block];
        int first = strip * Half, channels = Math.Min(Half, (channelCount ?? target.Channels) - first);
        float* p = w.At(target, firstChannel + first) + (long)row * columns.Width + start;
        for (int r = 0; r < channels; r++, tile += Tile.Columns, p += target.Stride)
        {
            float* bias = weights.Bias + strip * Tile.Rows + r;
            V linear = TIsa.Broadcast(bias[0]), gate = TIsa.Broadcast(bias[Half]);
            V table = TIsa.Broadcast(rowTable == null ? 0 : rowTable[row * target.Channels + first + r]);
            float* destination = count == Tile.Columns ? p : tile;
            for (int i = 0; i < Tile.Columns; i += TIsa.Lanes)
            {
                V open = VectorMath<TIsa, V>.Sigmoid(TIsa.Add(TIsa.Load(tile + Half * Tile.Columns + i), gate));
                TIsa.Store(destination + i, TIsa.MultiplyAdd(TIsa.Add(TIsa.Load(tile + i), linear), open, table));
            }

            if (count < Tile.Columns)
            {
                TileRow.Store(tile, p, count);
            }
        }
    }

    public void Prefetch(in Workspace w, int block, int strip)
    {
        (int row, int start, _) = columns[block];
        int first = strip * Half;
        Ahead.Tiles(w, target, firstChannel + first, Math.Min(Half, (channelCount ?? target.Channels) - first), (long)row * columns.Width + start);
    }
}
