using System.Runtime.CompilerServices;
using Stemsharp.Kernels.Attention;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Kernels.Paired;
using Stemsharp.Simd;

namespace Stemsharp.Cpu.Steps;

/// <summary>
/// Where attention's projections go: queries as they are, keys and values in the strips that the attention
/// kernel's products read, as pairs of bfloat16 where <paramref name="Pairs"/> multiply them. Null parts are not in this product.
/// </summary>
internal sealed record ProjectionTargets(int Heads, int Width, int Keys, Tensor? Query, Tensor? Key, Tensor? Value, PairKernels? Pairs)
{
    public int Channels => Heads * Width;

    /// <summary>Channels of a head's values, filled up to whole strips.</summary>
    public int ValueRows => Tile.Strips(Width) * Tile.Rows;

    /// <summary>Packed row order over the source rows of q, k and v one after the other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int[] RowOrder()
    {
        List<int> order = [];
        int source = 0;
        foreach (Tensor? part in (Tensor?[])[Query, Key])
        {
            if (part == null)
            {
                continue;
            }

            for (int r = 0; r < Tile.Strips(Channels) * Tile.Rows; r++)
            {
                order.Add(r < Channels ? source + r : -1);
            }

            source += Channels;
        }

        for (int head = 0; Value != null && head < Heads; head++)
        {
            for (int r = 0; r < ValueRows; r++)
            {
                order.Add(r < Width ? source + head * Width + r : -1);
            }
        }

        return [.. order];
    }

    /// <summary>A tensor for packed keys: per head [⌈positions/8⌉][width][8], or pairs of channels.</summary>
    public static Tensor PackedKeys(string name, int heads, int width, int positions, PairKernels? pairs) =>
        new(name, heads, pairs is null ? Tile.Strips(positions) * Tile.Rows * width : checked((int)pairs.Words(Tile.Strips(positions), width / 2)));

    /// <summary>A tensor for packed values: per head [⌈width/8⌉][positions][8], or pairs of positions.</summary>
    public static Tensor PackedValues(string name, int heads, int width, int positions, PairKernels? pairs) =>
        new(name, heads, pairs is null ? Tile.Strips(width) * Tile.Rows * positions : checked((int)pairs.Words(Tile.Strips(width), PairKernels.Pairs(positions))));
}

/// <summary>Stores the rows of a packed q/k/v projection; queries are scaled by log2(e)/√width on the way,
/// as the attention kernel wants them.</summary>
internal readonly unsafe struct ProjectionEpilogue<TIsa, V>(PackedWeights weights, ProjectionTargets targets, Columns columns) : IEpilogue
    where TIsa : struct, ISimd<V>
    where V : struct
{
    public void Store(in Workspace w, int block, int strip, float* tile)
    {
        (_, int start, int count) = columns[block];
        int perPart = Tile.Strips(targets.Channels), part = strip / perPart;
        if (targets.Query == null)
        {
            part++;
        }
        else if (part > 0 && targets.Key == null)
        {
            throw new InvalidOperationException("A projection of queries and values only is not a thing.");
        }

        float* bias = weights.Bias + strip * Tile.Rows;
        int first = strip % perPart * Tile.Rows;
        if (part == 0)
        {
            StoreQuery(w, first, start, count, tile, bias);
        }
        else if (part == 1)
        {
            StoreKey(w, first, start, count, tile, bias);
        }
        else
        {
            StoreValue(w, strip - (targets.Query == null ? 1 : 2) * perPart, start, count, tile, bias);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Prefetch(in Workspace w, int block, int strip)
    {
        (_, int start, _) = columns[block];
        int perPart = Tile.Strips(targets.Channels), part = strip / perPart + (targets.Query == null ? 1 : 0), first = strip % perPart * Tile.Rows;
        if (part == 0)
        {
            Ahead.Tiles(w, targets.Query!, first, Math.Min(Tile.Rows, targets.Channels - first), start);
        }
        else if (targets.Pairs is TilePairs)
        {
            // Scattered over many lines.
        }
        else if (part > 1)
        {
            Simd.Prefetch.Floats(ValueAt(w, strip - (targets.Query == null ? 1 : 2) * perPart, start), Tile.Size);
        }
        else
        {
            // A strip may belong to two heads; the hint is for the first one's.
            (int head, int d) = Math.DivRem(first, targets.Width);
            float* p = KeyAt(w, head, d, start);
            for (int i = 0; i < Tile.Columns; i += Tile.Rows, p += targets.Width * Tile.Rows)
            {
                Simd.Prefetch.Floats(p, Tile.Rows * Tile.Rows);
            }
        }
    }

    // In strips of pairs for an even d.
    private float* KeyAt(in Workspace w, int head, int d, int start) => targets.Pairs is null
        ? w.At(targets.Key!, head) + ((long)(start / Tile.Rows) * targets.Width + d) * Tile.Rows
        : w.At(targets.Key!, head) + ((long)(start / Tile.Rows) * (targets.Width / 2) + d / 2) * Tile.Rows;

    private float* ValueAt(in Workspace w, int strip, int start)
    {
        int perHead = targets.ValueRows / Tile.Rows;
        (int head, int index) = Math.DivRem(strip, perHead);
        return w.At(targets.Value!, head) + (targets.Pairs is null ? (long)index * targets.Keys + start : (long)index * PairKernels.Pairs(targets.Keys) + start / 2) * Tile.Rows;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void StoreQuery(in Workspace w, int first, int start, int count, float* tile, float* bias)
    {
        V scale = TIsa.Broadcast((float)(Math.Log2(Math.E) / Math.Sqrt(targets.Width)));
        int rows = Math.Min(Tile.Rows, targets.Channels - first);
        for (int r = 0; r < rows; r++, tile += Tile.Columns)
        {
            V b = TIsa.Broadcast(bias[r]);
            float* p = w.At(targets.Query!, first + r) + start;
            float* destination = count == Tile.Columns ? p : tile;
            for (int i = 0; i < Tile.Columns; i += TIsa.Lanes)
            {
                TIsa.Store(destination + i, TIsa.Multiply(TIsa.Add(TIsa.Load(tile + i), b), scale));
            }

            if (count < Tile.Columns)
            {
                TileRow.Store(tile, p, count);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void StoreKey(in Workspace w, int first, int start, int count, float* tile, float* bias)
    {
        int rows = Math.Min(Tile.Rows, targets.Channels - first);
        for (int r = 0; r < rows; r++)
        {
            float* row = tile + r * Tile.Columns;
            V b = TIsa.Broadcast(bias[r]);
            for (int i = 0; i < Tile.Columns; i += TIsa.Lanes)
            {
                TIsa.Store(row + i, TIsa.Add(TIsa.Load(row + i), b));
            }

            if (targets.Pairs is null)
            {
                (int head, int d) = Math.DivRem(first + r, targets.Width);
                AttentionStrips<TIsa, V>.StoreKeys(row, count, KeyAt(w, head, d, start), targets.Width);
            }
        }

        targets.Pairs?.Round(tile, rows, (uint*)tile);
        if (targets.Pairs is TilePairs tiles)
        {
            (int head, int d) = Math.DivRem(first, targets.Width);
            AttentionStrips<TIsa, V>.StoreKeyTiles(tile, start, count, w.At(targets.Key!, head), d / 2, targets.Width / 2, tiles);
            return;
        }

        for (int r = 0; targets.Pairs is not null && r < rows; r += 2)
        {
            (int head, int d) = Math.DivRem(first + r, targets.Width);
            AttentionStrips<TIsa, V>.StoreKeys(tile + r / 2 * Tile.Columns, count, KeyAt(w, head, d, start), targets.Width / 2);
        }
    }

    private void StoreValue(in Workspace w, int strip, int start, int count, float* tile, float* bias)
    {
        if (targets.Pairs is null)
        {
            AttentionStrips<TIsa, V>.StoreValues(tile, bias, count, ValueAt(w, strip, start));
        }
        else if (targets.Pairs is TilePairs tiles)
        {
            (int head, int index) = Math.DivRem(strip, targets.ValueRows / Tile.Rows);
            AttentionStrips<TIsa, V>.StoreValueTiles(tile, bias, start, count, w.At(targets.Value!, head), index, PairKernels.Pairs(targets.Keys), tiles);
        }
        else
        {
            AttentionStrips<TIsa, V>.StoreValuePairs(tile, bias, count, ValueAt(w, strip, start));
        }
    }
}

/// <summary>softmax(qᵀk)·v for all heads; a task is two blocks of 48 queries of one head.</summary>
internal sealed unsafe class AttentionStep<TIsa, V>(string name, string description, ProjectionTargets source, int keys, Tensor target) : Step(name, description)
    where TIsa : struct, ISimd<V>
    where V : struct
{
    private readonly Tensor _query = source.Query!, _key = source.Key!, _value = source.Value!;
    private readonly int _blocks = Tile.Panels(source.Query!.Positions);
    private readonly int _groups = (Tile.Panels(source.Query!.Positions) + AttentionKernel<TIsa, V>.MaxPanels - 1) / AttentionKernel<TIsa, V>.MaxPanels;

    public override long ExecutedFlops => 2L * source.Heads * _blocks * Tile.Columns * keys * (source.Width + source.ValueRows);

    public override long ScratchFloats => AttentionKernel<TIsa, V>.MaxPanels * QueryFloats + AttentionKernel<TIsa, V>.Scratch(source.Width);

    private int QueryFloats => source.Width * Tile.Columns;

    public override int Tasks(int phase, int workers) => source.Heads * _groups;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(int phase, int task, in Workspace w)
    {
        (int head, int group) = Math.DivRem(task, _groups);
        int first = group * AttentionKernel<TIsa, V>.MaxPanels, panels = Math.Min(AttentionKernel<TIsa, V>.MaxPanels, _blocks - first), channel = head * source.Width;
        float* queries = w.Scratch, result = queries + AttentionKernel<TIsa, V>.MaxPanels * QueryFloats;
        for (int p = 0; p < panels; p++)
        {
            Panel<TIsa, V>.Copy(w.At(_query, channel) + (first + p) * Tile.Columns, _query.Stride, source.Width, queries + p * QueryFloats);
            source.Pairs?.Round(queries + p * QueryFloats, source.Width, (uint*)(queries + p * QueryFloats));
        }

        AttentionKernel<TIsa, V>.Run(queries, panels, w.At(_key, head), w.At(_value, head), keys, source.Width, result, source.Pairs);
        for (int p = 0; p < panels; p++, result += AttentionKernel<TIsa, V>.PanelScratch(source.Width))
        {
            int start = (first + p) * Tile.Columns, count = Math.Min(Tile.Columns, _query.Positions - start);
            for (int r = 0; r < source.Width; r++)
            {
                TileRow.Store(result + r * Tile.Columns, w.At(target, channel + r) + start, count);
            }
        }
    }
}
