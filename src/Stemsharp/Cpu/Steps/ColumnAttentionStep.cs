using System.Runtime.CompilerServices;
using Stemsharp.Kernels.Attention;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Simd;

namespace Stemsharp.Cpu.Steps;

/// <summary>
/// Gated attention along the rows of [C, F, T]: a task is 16 neighbouring columns, each a sequence of its own, one in each lane. A block
/// of columns is three rows of them.
/// </summary>
internal sealed unsafe class ColumnAttentionStep<TIsa, V>(string name, string description, RotaryAttentionWeights weights, Tensor source, Tensor residual, Tensor target)
    : RotaryAttentionStep<TIsa, V>(name, description, weights, source, (source.Shape.Rows + RowsPerBlock - 1) / RowsPerBlock, (source.Shape.Last + Tile.Stretch - 1) / Tile.Stretch)
    where TIsa : struct, ISimd<V>
    where V : struct
{
    private const int RowsPerBlock = Tile.Columns / Tile.Stretch;

    private readonly int _rows = source.Shape.Rows, _length = source.Shape.Last;

    // One position more than there are: keys are read in pairs.
    protected override long HeadFloats => ((long)Blocks * RowsPerBlock + 1) * Parts.Width * Tile.Stretch;

    protected override long AttentionScratch => BatchAttentionKernel<TIsa, V>.Scratch(_rows);

    protected override long AttentionFlops => 4L * Parts.Channels * Tile.Stretch * _rows * _rows;

    // Rows beyond the last repeat it.
    protected override void Pack(in Workspace w, int task, int block, float* panel)
    {
        int first = block * RowsPerBlock;
        nint second = (nint)(Math.Min(first + 1, _rows - 1) - first) * _length, third = (nint)(Math.Min(first + 2, _rows - 1) - first) * _length;
        Panel<TIsa, V>.RmsNorm(
            w.At(Source) + (long)first * _length + task * Tile.Stretch, new PanelRows(Source.Channels, Source.Stride), second, third, Parts.Gamma.Weight, panel);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Turn(int block, int pair, float* tile, int rows, float scale)
    {
        for (int row = 0; row < RowsPerBlock; row++)
        {
            int position = block * RowsPerBlock + row;
            for (int r = 0; r < rows; r += 2)
            {
                float* p = tile + r * Tile.Columns + row * Tile.Stretch;
                long at = (long)(pair + r / 2) * Parts.Angles.Positions + position;
                V c = TIsa.Broadcast(Parts.Angles.Cos[at] * scale), s = TIsa.Broadcast(Parts.Angles.Sin[at] * scale);
                for (int i = 0; i < Tile.Stretch; i += TIsa.Lanes)
                {
                    V a = TIsa.Load(p + i), b = TIsa.Load(p + Tile.Columns + i);
                    TIsa.Store(p + i, TIsa.NegateMultiplyAdd(b, s, TIsa.Multiply(a, c)));
                    TIsa.Store(p + Tile.Columns + i, TIsa.MultiplyAdd(a, s, TIsa.Multiply(b, c)));
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void StoreQuery(int block, int channel, int rows, float* tile, float* queries)
    {
        for (int row = 0; row < RowsPerBlock; row++)
        {
            float* p = queries + ((long)(block * RowsPerBlock + row) * Parts.Width + channel) * Tile.Stretch;
            for (int r = 0; r < rows; r++)
            {
                for (int i = 0; i < Tile.Stretch; i += TIsa.Lanes)
                {
                    TIsa.Store(p + r * Tile.Stretch + i, TIsa.Load(tile + r * Tile.Columns + row * Tile.Stretch + i));
                }
            }
        }
    }

    protected override void StoreKey(int block, int channel, int rows, float* tile, float* keys) => StoreQuery(block, channel, rows, tile, keys);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void StoreValue(int block, int channel, int rows, float* tile, float* values)
    {
        for (int r = 0; r < rows; r++)
        {
            Panel<TIsa, V>.Copy(tile + r * Tile.Columns, 0, 1, values + ((long)(channel + r) * Blocks + block) * Tile.Columns);
        }
    }

    protected override void Attend(float* queries, float* keys, float* values, float* gates, float* mixed, float* scratch) =>
        BatchAttentionKernel<TIsa, V>.Run(queries, keys, values, Blocks * RowsPerBlock, gates, _rows, Parts.Width, mixed, MixedFloats, scratch);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Store(in Workspace w, int task, int block, int strip, float* tile)
    {
        int first = strip * Tile.Rows, rows = Math.Min(Tile.Rows, Parts.Output.Rows - first), start = task * Tile.Stretch, count = Math.Min(Tile.Stretch, _length - start);
        for (int row = 0; row < Math.Min(RowsPerBlock, _rows - block * RowsPerBlock); row++)
        {
            long at = (long)(block * RowsPerBlock + row) * _length + start;
            for (int r = 0; r < rows; r++)
            {
                float* p = tile + r * Tile.Columns + row * Tile.Stretch, old = w.At(residual, first + r) + at, result = w.At(target, first + r) + at;
                float* destination = count == Tile.Stretch ? result : p;
                for (int i = 0; i < Tile.Stretch; i += TIsa.Lanes)
                {
                    TIsa.Store(destination + i, TIsa.Add(TIsa.Load(old + i), TIsa.Load(p + i)));
                }

                if (count < Tile.Stretch)
                {
                    TileRow.Store(p, result, count);
                }
            }
        }
    }
}
