using System.Runtime.CompilerServices;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Kernels.Recurrent;
using Stemsharp.Simd;

namespace Stemsharp.Cpu.Steps;

/// <summary>What one direction of a recurrent layer multiplies with, rows in the order of <see cref="LstmKernel{TIsa, V}.RowOrder"/>.</summary>
/// <param name="Input">The input's weights, with the sum of both biases.</param>
/// <param name="Hidden">The state's weights.</param>
internal sealed record LstmMatrices(PackedWeights Input, PackedWeights Hidden);

/// <summary>
/// A bidirectional LSTM layer. A task is one direction of some sequences, which are the columns of its products: up to 48 of one step
/// each, or, where there are fewer, those of several steps for the input's product. State and cells stay in the second-level cache, and
/// the weights come from there or the last-level one. A sequence's bits do not depend on which others are in its task.
/// </summary>
internal sealed unsafe class LstmStep<TIsa, V>(string name, string description, LstmMatrices forward, LstmMatrices backward, Tensor source, Tensor target, Sequences sequences)
    : Step(name, description)
    where TIsa : struct, ISimd<V>
    where V : struct
{
    private readonly int _hidden = target.Channels / 2, _strips = forward.Input.Strips;

    public override IEnumerable<PackedWeights> Weights => [forward.Input, forward.Hidden, backward.Input, backward.Hidden];

    public override long ScratchFloats =>
        Product<TIsa, V>.RoomFloats + Tile.Size + (long)source.Channels * Tile.Columns + (_strips + 1L) * Tile.Size + 3 * StateFloats;

    // States of all units, those that only fill the last strip included.
    private long StateFloats => (long)_strips * LstmKernel<TIsa, V>.Units * Tile.Columns;

    public override int Tasks(int phase, int workers) => 2 * Groups(workers).Count;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(int phase, int task, in Workspace w)
    {
        (int width, int groups) = Groups(w.Workers);
        bool reversed = task >= groups;
        int first = task % groups * width, count = Math.Min(width, sequences.Count - first), steps = Math.Max(1, Tile.Columns / count);
        LstmMatrices weights = reversed ? backward : forward;
        float* room = w.Scratch, tile = room + Product<TIsa, V>.RoomFloats, panel = tile + Tile.Size;
        float* inputs = panel + (long)source.Channels * Tile.Columns, cell = inputs + (_strips + 1L) * Tile.Size;
        float* state = cell + StateFloats, next = state + StateFloats;
        new Span<float>(cell, (int)(2 * StateFloats)).Clear();
        for (int begin = 0; begin < sequences.Steps; begin += steps)
        {
            int some = Math.Min(steps, sequences.Steps - begin);
            for (int j = 0; j < some; j++)
            {
                Gather(w, first, count, Position(begin + j), panel + j * count);
            }

            for (int strip = 0; strip < _strips; strip++)
            {
                Product<TIsa, V>.RunColumns(weights.Input, strip, panel, some * count, inputs + strip * Tile.Size, room);
            }

            for (int j = 0; j < some; j++)
            {
                for (int strip = 0; strip < _strips; strip++)
                {
                    Product<TIsa, V>.RunColumns(weights.Hidden, strip, state, count, tile, room);
                    for (int unit = 0; unit < LstmKernel<TIsa, V>.Units; unit++)
                    {
                        long row = (strip * LstmKernel<TIsa, V>.Units + unit) * Tile.Columns;
                        LstmKernel<TIsa, V>.Step(inputs + strip * Tile.Size + j * count, tile, weights.Input.Bias + strip * Tile.Rows, unit, count, cell + row, next + row);
                    }
                }

                Scatter(w, reversed ? _hidden : 0, first, count, Position(begin + j), next);
                float* old = state;
                state = next;
                next = old;
            }
        }

        int Position(int step) => reversed ? sequences.Steps - 1 - step : step;
    }

    // Fewer sequences a task where whole tiles of them would leave threads idle.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private (int Width, int Count) Groups(int workers)
    {
        int width = Tile.Columns;
        while (width > Tile.Stretch && 2 * ((sequences.Count + width - 1) / width) < workers)
        {
            width -= Tile.Stretch;
        }

        return (width, (sequences.Count + width - 1) / width);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Gather(in Workspace w, int first, int count, int step, float* panel)
    {
        float* p = w.At(source) + (long)step * sequences.StepStride + (long)first * sequences.Stride;
        for (int c = 0; c < source.Channels; c++, p += source.Stride, panel += Tile.Columns)
        {
            if (sequences.Stride == 1)
            {
                new ReadOnlySpan<float>(p, count).CopyTo(new Span<float>(panel, count));
                continue;
            }

            float* q = p;
            for (int i = 0; i < count; i++, q += sequences.Stride)
            {
                panel[i] = *q;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Scatter(in Workspace w, int firstChannel, int first, int count, int step, float* state)
    {
        float* p = w.At(target, firstChannel) + (long)step * sequences.StepStride + (long)first * sequences.Stride;
        for (int c = 0; c < _hidden; c++, p += target.Stride, state += Tile.Columns)
        {
            if (sequences.Stride == 1)
            {
                new ReadOnlySpan<float>(state, count).CopyTo(new Span<float>(p, count));
                continue;
            }

            float* q = p;
            for (int i = 0; i < count; i++, q += sequences.Stride)
            {
                *q = state[i];
            }
        }
    }
}

/// <summary>Where sequences lie in a channel.</summary>
/// <param name="Count">How many.</param>
/// <param name="Steps">Positions of each.</param>
/// <param name="Stride">Floats from sequence to sequence.</param>
/// <param name="StepStride">Floats from position to position.</param>
internal readonly record struct Sequences(int Count, int Steps, int Stride, int StepStride)
{
    /// <summary>Those of a value along an axis.</summary>
    public static Sequences Of(Graph.Shape shape, Graph.SequenceAxis axis)
    {
        int steps = shape.Length(axis), count = shape.Positions / steps;
        return axis == Graph.SequenceAxis.Rows ? new(count, steps, 1, count) : new(count, steps, steps, 1);
    }
}
