using System.Runtime.CompilerServices;
using Stemsharp.Kernels.Elementary;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Simd;

namespace Stemsharp.Cpu.Steps;

/// <summary>What gated attention with rotary positions computes with.</summary>
/// <param name="Heads">Heads.</param>
/// <param name="Width">Channels of a head, an even number.</param>
/// <param name="Gamma">The norm's factors.</param>
/// <param name="Projection">Rows of q, k and v in the order of <see cref="RowOrder"/>.</param>
/// <param name="Gates">A row for each head.</param>
/// <param name="Output">The output projection.</param>
/// <param name="Angles">Turns of q and k by position.</param>
internal sealed record RotaryAttentionWeights(
    int Heads, int Width, NormWeights Gamma, PackedWeights Projection, PackedWeights Gates, PackedWeights Output, RotaryTable Angles) : IDisposable
{
    /// <summary>Channels of all heads.</summary>
    public int Channels => Heads * Width;

    /// <summary>Strips of a head's queries, keys or values: each strip belongs to one head.</summary>
    public int HeadStrips => Tile.Strips(Width);

    /// <summary>Packed row order over the source rows of q, k and v one after the other.</summary>
    public static int[] RowOrder(int heads, int width)
    {
        int padded = Tile.Strips(width) * Tile.Rows;
        return [.. Enumerable.Range(0, 3 * heads * padded).Select(row => row % padded < width ? row / padded * width + row % padded : -1)];
    }

    public void Dispose()
    {
        Gamma.Dispose();
        Angles.Dispose();
    }
}

/// <summary>Cosines and sines by which pairs of channels are turned, [pairs][positions].</summary>
internal sealed unsafe class RotaryTable : IDisposable
{
    private readonly NativeBuffer<float> _memory;

    /// <param name="frequencies">One for each pair.</param>
    /// <param name="positions">Positions, rounded up to whole panels.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public RotaryTable(ReadOnlySpan<float> frequencies, int positions)
    {
        Positions = Tile.Panels(positions) * Tile.Columns;
        int half = frequencies.Length * Positions;
        _memory = new NativeBuffer<float>(2 * half);
        Cos = _memory.Data;
        Sin = Cos + half;
        for (int i = 0; i < half; i++)
        {
            (double sin, double cos) = Math.SinCos(i % Positions * (double)frequencies[i / Positions]);
            (Cos[i], Sin[i]) = ((float)cos, (float)sin);
        }
    }

    /// <summary>Positions of a row.</summary>
    public int Positions { get; }

    public float* Cos { get; }

    public float* Sin { get; }

    public void Dispose() => _memory.Dispose();
}

/// <summary>
/// A transformer's gated attention: norm, projections, rotary positions, attention, gates, output projection, residual. A task takes
/// some sequences from the first of these to the last in scratch memory: queries, keys and values of all of them never exist at once.
/// May work in place.
/// </summary>
internal abstract unsafe class RotaryAttentionStep<TIsa, V>(
    string name, string description, RotaryAttentionWeights weights, Tensor source, int blocks, int sequences) : Step(name, description)
    where TIsa : struct, ISimd<V>
    where V : struct
{
    // Panels that share each strip of weights: those of so many channels fit the second-level cache.
    private const int MaxK4 = 512;

    public override IEnumerable<PackedWeights> Weights => [weights.Projection, weights.Gates, weights.Output];

    public override long ScratchFloats =>
        Product<TIsa, V>.RoomFloats + Shared * ((long)Tile.Size + InputFloats) + 3L * weights.Heads * HeadFloats + (long)weights.Heads * GateFloats + blocks * MixedFloats + AttentionScratch;

    public override long ExecutedFlops =>
        sequences * (2L * blocks * Tile.Size * ((long)(weights.Projection.Strips + weights.Gates.Strips) * weights.Projection.K + (long)weights.Output.Strips * weights.Output.K) + AttentionFlops);

    /// <summary>Blocks of 48 columns of a task.</summary>
    protected int Blocks => blocks;

    /// <summary>What it computes with.</summary>
    protected RotaryAttentionWeights Parts => weights;

    /// <summary>Where the tokens are.</summary>
    protected Tensor Source => source;

    /// <summary>Floats of a head's queries, its keys or its values.</summary>
    protected abstract long HeadFloats { get; }

    /// <summary>Floats that the attention of a head needs.</summary>
    protected abstract long AttentionScratch { get; }

    /// <summary>What the attention's products execute in a task.</summary>
    protected abstract long AttentionFlops { get; }

    /// <summary>Gates of a head: one for each column.</summary>
    protected int GateFloats => blocks * Tile.Columns;

    /// <summary>A panel of all heads' results.</summary>
    protected nint MixedFloats => (nint)weights.Channels * Tile.Columns;

    private int Shared => weights.Projection.K <= MaxK4 ? 4 : 2;

    private nint InputFloats => (nint)weights.Projection.K * Tile.Columns;

    public override int Tasks(int phase, int workers) => sequences;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(int phase, int task, in Workspace w)
    {
        float* room = w.Scratch, tiles = room + Product<TIsa, V>.RoomFloats, panels = tiles + Shared * Tile.Size;
        float* queries = panels + Shared * InputFloats, keys = queries + weights.Heads * HeadFloats, values = keys + weights.Heads * HeadFloats;
        float* gates = values + weights.Heads * HeadFloats, mixed = gates + weights.Heads * GateFloats, scratch = mixed + blocks * MixedFloats;
        for (int block = 0; block < blocks; block += Shared)
        {
            int count = Math.Min(Shared, blocks - block);
            for (int p = 0; p < count; p++)
            {
                Pack(w, task, block + p, panels + p * InputFloats);
            }

            Project(block, count, panels, tiles, room, queries, keys, values, gates);
        }

        for (int head = 0; head < weights.Heads; head++)
        {
            long at = head * HeadFloats;
            Attend(queries + at, keys + at, values + at, gates + head * GateFloats, mixed + head * weights.Width * Tile.Columns, scratch);
        }

        for (int block = 0; block < blocks; block += Shared)
        {
            int count = Math.Min(Shared, blocks - block);
            for (int strip = 0; strip < weights.Output.Strips; strip++)
            {
                Product<TIsa, V>.Run(weights.Output, strip, 1, 0, weights.Output.K, mixed + block * MixedFloats, MixedFloats, count, tiles, Tile.Size, room);
                for (int p = 0; p < count; p++)
                {
                    Store(w, task, block + p, strip, tiles + p * Tile.Size);
                }
            }
        }
    }

    /// <summary>Normalises the tokens of a block into a panel.</summary>
    protected abstract void Pack(in Workspace w, int task, int block, float* panel);

    /// <summary>Turns the pairs of channels of a tile, whose first one is a head's so-manieth pair, and multiplies them.</summary>
    protected abstract void Turn(int block, int pair, float* tile, int rows, float scale);

    /// <summary>Puts channels of a head's queries in place.</summary>
    protected abstract void StoreQuery(int block, int channel, int rows, float* tile, float* queries);

    /// <summary>Puts channels of a head's keys in place.</summary>
    protected abstract void StoreKey(int block, int channel, int rows, float* tile, float* keys);

    /// <summary>Puts a strip of a head's values in place.</summary>
    protected abstract void StoreValue(int block, int channel, int rows, float* tile, float* values);

    /// <summary>A head's attention, gated, into its rows of the panels.</summary>
    protected abstract void Attend(float* queries, float* keys, float* values, float* gates, float* mixed, float* scratch);

    /// <summary>Adds a tile of the result to the residual.</summary>
    protected abstract void Store(in Workspace w, int task, int block, int strip, float* tile);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            weights.Dispose();
        }

        base.Dispose(disposing);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Project(int block, int count, float* panels, float* tiles, float* room, float* queries, float* keys, float* values, float* gates)
    {
        float scale = (float)(Math.Log2(Math.E) / Math.Sqrt(weights.Width));
        int perPart = weights.Heads * weights.HeadStrips;
        for (int strip = 0; strip < weights.Projection.Strips; strip++)
        {
            Product<TIsa, V>.Run(weights.Projection, strip, 1, 0, weights.Projection.K, panels, InputFloats, count, tiles, Tile.Size, room);
            (int part, int own) = Math.DivRem(strip, perPart);
            (int head, int index) = Math.DivRem(own, weights.HeadStrips);
            int channel = index * Tile.Rows, rows = Math.Min(Tile.Rows, weights.Width - channel);
            for (int p = 0; p < count; p++)
            {
                float* tile = tiles + p * Tile.Size;
                if (part < 2)
                {
                    Turn(block + p, channel / 2, tile, rows, part == 0 ? scale : 1);
                }

                switch (part)
                {
                    case 0: StoreQuery(block + p, channel, rows, tile, queries + head * HeadFloats); break;
                    case 1: StoreKey(block + p, channel, rows, tile, keys + head * HeadFloats); break;
                    default: StoreValue(block + p, channel, rows, tile, values + head * HeadFloats); break;
                }
            }
        }

        for (int strip = 0; strip < weights.Gates.Strips; strip++)
        {
            Product<TIsa, V>.Run(weights.Gates, strip, 1, 0, weights.Gates.K, panels, InputFloats, count, tiles, Tile.Size, room);
            int first = strip * Tile.Rows, rows = Math.Min(Tile.Rows, weights.Heads - first);
            for (int p = 0; p < count; p++)
            {
                for (int r = 0; r < rows; r++)
                {
                    float* row = tiles + p * Tile.Size + r * Tile.Columns, gate = gates + (first + r) * GateFloats + (block + p) * Tile.Columns;
                    V bias = TIsa.Broadcast(weights.Gates.Bias[first + r]);
                    for (int i = 0; i < Tile.Columns; i += TIsa.Lanes)
                    {
                        TIsa.Store(gate + i, VectorMath<TIsa, V>.Sigmoid(TIsa.Add(TIsa.Load(row + i), bias)));
                    }
                }
            }
        }
    }
}
