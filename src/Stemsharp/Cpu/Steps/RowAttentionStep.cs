using System.Runtime.CompilerServices;
using Stemsharp.Kernels.Attention;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Simd;

namespace Stemsharp.Cpu.Steps;

/// <summary>Gated attention along the last axis of [C, F, T]: a task is one row, whose positions lie side by side.</summary>
internal sealed unsafe class RowAttentionStep<TIsa, V>(string name, string description, RotaryAttentionWeights weights, Tensor source, ResidualEpilogue<TIsa, V> epilogue)
    : RotaryAttentionStep<TIsa, V>(name, description, weights, source, Tile.Panels(source.Shape.Last), source.Shape.Rows)
    where TIsa : struct, ISimd<V>
    where V : struct
{
    private readonly int _length = source.Shape.Last;

    // Queries in whole panels; keys and values take no more.
    protected override long HeadFloats => (long)Blocks * Tile.Columns * Parts.HeadStrips * Tile.Rows;

    protected override long AttentionScratch => AttentionKernel<TIsa, V>.Scratch(Parts.Width);

    protected override long AttentionFlops => 2L * Parts.Heads * Blocks * Tile.Columns * _length * (Parts.Width + Parts.HeadStrips * Tile.Rows);

    protected override void Pack(in Workspace w, int task, int block, float* panel) =>
        Panel<TIsa, V>.RmsNorm(
            w.At(Source) + (long)task * _length + block * Tile.Columns, new PanelRows(Source.Channels, Source.Stride), Tile.Stretch, 2 * Tile.Stretch, Parts.Gamma.Weight, panel);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Turn(int block, int pair, float* tile, int rows, float scale)
    {
        V factor = TIsa.Broadcast(scale);
        long at = (long)pair * Parts.Angles.Positions + block * Tile.Columns;
        float* cos = Parts.Angles.Cos + at, sin = Parts.Angles.Sin + at;
        for (int r = 0; r < rows; r += 2, tile += 2 * Tile.Columns, cos += Parts.Angles.Positions, sin += Parts.Angles.Positions)
        {
            for (int i = 0; i < Tile.Columns; i += TIsa.Lanes)
            {
                V a = TIsa.Multiply(TIsa.Load(tile + i), factor), b = TIsa.Multiply(TIsa.Load(tile + Tile.Columns + i), factor);
                V c = TIsa.Load(cos + i), s = TIsa.Load(sin + i);
                TIsa.Store(tile + i, TIsa.NegateMultiplyAdd(b, s, TIsa.Multiply(a, c)));
                TIsa.Store(tile + Tile.Columns + i, TIsa.MultiplyAdd(a, s, TIsa.Multiply(b, c)));
            }
        }
    }

    protected override void StoreQuery(int block, int channel, int rows, float* tile, float* queries) =>
        Panel<TIsa, V>.Copy(tile, Tile.Columns, rows, queries + ((long)block * Parts.Width + channel) * Tile.Columns);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void StoreKey(int block, int channel, int rows, float* tile, float* keys)
    {
        int start = block * Tile.Columns;
        float* p = keys + ((long)(start / Tile.Rows) * Parts.Width + channel) * Tile.Rows;
        for (int r = 0; r < rows; r++)
        {
            AttentionStrips<TIsa, V>.StoreKeys(tile + r * Tile.Columns, Math.Min(Tile.Columns, _length - start), p + r * Tile.Rows, Parts.Width);
        }
    }

    protected override void StoreValue(int block, int channel, int rows, float* tile, float* values)
    {
        int start = block * Tile.Columns;
        AttentionStrips<TIsa, V>.StoreValues(tile, Parts.Projection.Bias, Math.Min(Tile.Columns, _length - start), values + (long)channel * _length + start * Tile.Rows);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Attend(float* queries, float* keys, float* values, float* gates, float* mixed, float* scratch)
    {
        int width = Parts.Width;
        for (int first = 0; first < Blocks; first += AttentionKernel<TIsa, V>.MaxPanels)
        {
            int panels = Math.Min(AttentionKernel<TIsa, V>.MaxPanels, Blocks - first);
            AttentionKernel<TIsa, V>.Run(queries + (long)first * width * Tile.Columns, panels, keys, values, _length, width, scratch);
            for (int p = 0; p < panels; p++)
            {
                float* own = scratch + p * AttentionKernel<TIsa, V>.PanelScratch(width), target = mixed + (first + p) * MixedFloats, gate = gates + (first + p) * Tile.Columns;
                for (int i = 0; i < Tile.Columns; i += TIsa.Lanes)
                {
                    V factor = TIsa.Load(gate + i);
                    for (int r = 0; r < width; r++)
                    {
                        TIsa.Store(target + r * Tile.Columns + i, TIsa.Multiply(TIsa.Load(own + r * Tile.Columns + i), factor));
                    }
                }
            }
        }
    }

    protected override void Store(in Workspace w, int task, int block, int strip, float* tile) => epilogue.Store(w, task * Blocks + block, strip, tile);
}
