using System.Runtime.CompilerServices;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Simd;

namespace Stemsharp.Cpu.Steps;

/// <summary>How lines lie in a tensor: one after the other in its channels, or in halves, the first in the lower channels and the second in the upper ones.</summary>
/// <param name="Tensor">The tensor, [C, F, T].</param>
/// <param name="Parts">1, or 2 for halves.</param>
internal readonly record struct LineLayout(Tensor Tensor, int Parts)
{
    public int Lines => Tensor.Channels / Parts * Tensor.Shape.Rows;

    /// <summary>Floats of a line's part.</summary>
    public int Length => Tensor.Shape.Last;

    public unsafe float* At(in Workspace w, int line, int part)
    {
        (int channel, int row) = Math.DivRem(line, Tensor.Shape.Rows);
        return w.At(Tensor, channel + part * (Tensor.Channels / Parts)) + (long)row * Length;
    }
}

/// <summary>
/// A matrix along the last axis: linear layers over frequency, Fourier transforms. A task is some lines, read through a norm and an
/// activation into scratch memory, times all panels of the matrix; a residual may be added.
/// </summary>
internal sealed unsafe class LastAxisStep<TIsa, V>(
    string name, string description, PackedWeights matrix, NormedSource<TIsa, V> source, int sourceParts, Tensor? residual, Tensor target, int targetParts, int longestChain) : Step(name, description)
    where TIsa : struct, ISimd<V>
    where V : struct
{
    private const int LinesPerTask = 64;

    private readonly LineLayout _from = new(source.Tensor, sourceParts), _to = new(target, targetParts);

    public override IEnumerable<PackedWeights> Weights => [matrix];

    public override int Phases => source.Phases + 1;

    public override long SlotDoubles => source.SlotDoubles;

    public override long ExecutedFlops => 2L * (_from.Lines + Tile.Rows - 1) / Tile.Rows * Tile.Size * K * matrix.Strips;

    // Lines, a panel if it is widened, and a tile.
    public override long ScratchFloats => (long)LinesPerTask * Stride + (long)K * Tile.Columns + Product<TIsa, V>.RoomFloats + Tile.Size;

    private int K => _from.Length * _from.Parts;

    // An odd number of cache lines, so that rows do not fall into the same sets.
    private int Stride => ((K + 15) / 16 + 1 | 1) * 16;

    public override int Tasks(int phase, int workers) => phase < source.Phases ? source.Tensor.Channels : (_from.Lines + LinesPerTask - 1) / LinesPerTask;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(int phase, int task, in Workspace w)
    {
        if (phase < source.Phases)
        {
            source.Measure(w, task);
            return;
        }

        float* lines = w.Scratch, room = lines + (long)LinesPerTask * Stride, tile = room + (long)K * Tile.Columns + Product<TIsa, V>.RoomFloats;
        int first = task * LinesPerTask, count = Math.Min(LinesPerTask, _from.Lines - first);
        Gather(w, first, count, lines);
        for (int strip = 0; strip < matrix.Strips; strip++)
        {
            float* panel = Product<TIsa, V>.Widened(matrix, strip, room);
            int columns = Math.Min(Tile.Columns, _to.Length * _to.Parts - strip * Tile.Columns);
            for (int line = 0; line < count; line += Tile.Rows)
            {
                RowKernel<TIsa, V>.Run(lines + line * Stride, Stride, panel, K, tile, longestChain);
                for (int row = 0; row < Tile.Rows && line + row < count; row++)
                {
                    Store(w, first + line + row, strip * Tile.Columns, columns, tile + row * Tile.Columns);
                }
            }
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            source.Dispose();
        }

        base.Dispose(disposing);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Gather(in Workspace w, int first, int count, float* lines)
    {
        (int Channel, float Slope, float Shift) last = (-1, 1, 0);
        for (int line = 0; line < count; line++, lines += Stride)
        {
            float* to = lines;
            for (int part = 0; part < _from.Parts; part++, to += _from.Length)
            {
                float* from = _from.At(w, first + line, part);
                if (source.IsPlain)
                {
                    new ReadOnlySpan<float>(from, _from.Length).CopyTo(new Span<float>(to, _from.Length));
                    continue;
                }

                int channel = (first + line) / source.Tensor.Shape.Rows;
                if (channel != last.Channel)
                {
                    (float slope, float shift) = source.Affine(w, channel);
                    last = (channel, slope, shift);
                }

                source.Read((last.Slope, last.Shift), from, to, _from.Length);
            }
        }

        // Rows that only fill the last tile: whatever they hold stays in them, but should be numbers.
        for (int line = count; line % Tile.Rows != 0; line++, lines += Stride)
        {
            new Span<float>(lines, K).Clear();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Store(in Workspace w, int line, int start, int count, float* row)
    {
        for (int done = 0; done < count;)
        {
            (int part, int offset) = Math.DivRem(start + done, _to.Length);
            int some = Math.Min(count - done, _to.Length - offset);
            float* p = _to.At(w, line, part) + offset;
            if (residual != null)
            {
                Add(new LineLayout(residual, 1).At(w, line, 0) + offset, row + done, p, some);
            }
            else
            {
                TileRow.Store(row + done, p, some);
            }

            done += some;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Add(float* a, float* b, float* to, int count)
    {
        int i = 0;
        for (; i + TIsa.Lanes <= count; i += TIsa.Lanes)
        {
            TIsa.Store(to + i, TIsa.Add(TIsa.Load(a + i), TIsa.Load(b + i)));
        }

        for (; i < count; i++)
        {
            to[i] = a[i] + b[i];
        }
    }
}
