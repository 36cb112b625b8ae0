using System.Runtime.CompilerServices;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Kernels.Winograd;
using Stemsharp.Simd;

namespace Stemsharp.Cpu.Steps;

/// <summary>
/// What a convolution along frequency sees whose kernel is twice its stride: output row q needs the groups q and q + 1
/// of so many source rows, the first of which starts in the padding. A transposed convolution is one, too.
/// </summary>
internal sealed record RowGroups(Tensor Source, int Rows, int Size, int Padding);

/// <summary>Such a convolution by <see cref="RowPairKernel{TIsa, V}"/>: two of its rows take three products.</summary>
internal sealed unsafe class RowPairStep<TIsa, V, TEpilogue>(string name, string description, PackedWeights[] weights, RowGroups groups, Columns columns, TEpilogue epilogue)
    : Step(name, description)
    where TIsa : struct, ISimd<V>
    where V : struct
    where TEpilogue : struct, IEpilogue
{
    private const int Outputs = RowPairKernel<TIsa, V>.Outputs, Inputs = RowPairKernel<TIsa, V>.Inputs;

    // Terms of positions that share each strip: their panels fit the second-level cache together.
    private const int SharedTerms = 384, MostPositions = 4;

    private readonly int _positions = (columns.Rows + Outputs - 1) / Outputs * columns.BlocksPerRow;

    public override long ExecutedFlops =>
        2L * weights[0].Strips * Tile.Rows * Terms * (Inputs * _positions - columns.Rows % Outputs * columns.BlocksPerRow) * Tile.Columns;

    public override IEnumerable<PackedWeights> Weights => weights;

    public override long ScratchFloats => Product<TIsa, V>.RoomFloats + MostShared * (Outputs * (long)Tile.Size + Inputs * PanelFloats);

    private int Terms => weights[0].K;

    private int PanelFloats => Terms * Tile.Columns;

    private int MostShared => Math.Clamp(SharedTerms / Terms, 1, MostPositions);

    public override int Tasks(int phase, int workers) => Cut(workers).Tasks;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(int phase, int task, in Workspace w)
    {
        TaskCut cut = Cut(w.Workers);
        (int position, int count, int strip, int end) = cut[task];
        int size = Outputs * Tile.Size;
        nint stride = Inputs * PanelFloats;
        float* room = w.Scratch, tiles = room + Product<TIsa, V>.RoomFloats, panels = tiles + cut.Blocks * size;
        // The last row of an odd number has no second one.
        int whole = Math.Clamp(columns.Rows / Outputs * columns.BlocksPerRow - position, 0, count);
        for (int p = 0; p < count; p++)
        {
            Pack(w, position + p, panels + p * stride);
        }

        for (; strip < end; strip++)
        {
            Product<TIsa, V>.Run(weights[0], strip, 1, 0, Terms, panels, stride, count, tiles, size, room);
            for (int p = 0; p < whole; p++)
            {
                new ReadOnlySpan<float>(tiles + p * size, Tile.Size).CopyTo(new Span<float>(tiles + p * size + Tile.Size, Tile.Size));
            }

            Product<TIsa, V>.Run(weights[1], strip, 1, 0, Terms, panels + PanelFloats, stride, count, tiles, size, room, accumulate: true);
            Product<TIsa, V>.Run(weights[2], strip, 1, 0, Terms, panels + 2 * PanelFloats, stride, whole, tiles + Tile.Size, size, room, accumulate: true);
            for (int p = 0; p < count; p++)
            {
                Store(w, position + p, strip, tiles + p * size);
            }
        }
    }

    private TaskCut Cut(int workers) => new(_positions, MostShared, weights[0].Strips, 1, workers);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Store(in Workspace w, int position, int strip, float* tiles)
    {
        (int pair, int index) = Math.DivRem(position, columns.BlocksPerRow);
        for (int i = 0; i < Outputs && pair * Outputs + i < columns.Rows; i++)
        {
            epilogue.Store(w, (pair * Outputs + i) * columns.BlocksPerRow + index, strip, tiles + i * Tile.Size);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Pack(in Workspace w, int position, float* panels)
    {
        (int pair, int index) = Math.DivRem(position, columns.BlocksPerRow);
        int size = groups.Size, first = pair * Outputs * size - groups.Padding, channels = groups.Source.Channels;
        for (int i = 0; i < size; i++, panels += channels * Tile.Columns)
        {
            float* x0 = Row(w, first + i, index), x1 = Row(w, first + size + i, index), x2 = Row(w, first + 2 * size + i, index);
            RowPairKernel<TIsa, V>.Transform(x0, x1, x2, groups.Source.Stride, channels, panels, PanelFloats);
        }
    }

    private float* Row(in Workspace w, int row, int index) =>
        row < 0 || row >= groups.Rows ? null : w.At(groups.Source) + (long)row * columns.Width + index * Tile.Columns;
}
