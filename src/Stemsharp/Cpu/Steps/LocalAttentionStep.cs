using System.Runtime.CompilerServices;
using Stemsharp.Graph;
using Stemsharp.Kernels.Attention;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Simd;

namespace Stemsharp.Cpu.Steps;

/// <summary>
/// Local attention. Keys and contents of each row and head are laid out in strips first; then a task is 48 queries of one row and head,
/// whose scores with all keys stay in the second-level cache.
/// </summary>
internal sealed unsafe class LocalAttentionStep<TIsa, V>(
    string name, string description, LocalAttentionOp op, Tensor[] inputs, Tensor keys, Tensor values, Tensor target) : Step(name, description)
    where TIsa : struct, ISimd<V>
    where V : struct
{
    private readonly Tensor _query = inputs[0], _key = inputs[1], _content = inputs[2], _decay = inputs[3];
    private readonly int _steps = target.Shape.Last, _rows = target.Shape.Rows, _width = target.Channels / op.Heads, _panels = Tile.Panels(target.Shape.Last);

    public override int Phases => 2;

    public override long ScratchFloats => 2L * Tile.Columns + (long)_width * Tile.Columns + (long)Tile.Strips(_width) * Tile.Size + LocalAttentionKernel<TIsa, V>.Scratch(_steps);

    public override int Tasks(int phase, int workers) => op.Heads * _rows * (phase == 0 ? 1 : _panels);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(int phase, int task, in Workspace w)
    {
        if (phase == 0)
        {
            Lay(w, task);
            return;
        }

        (int sequence, int panel) = Math.DivRem(task, _panels);
        (int head, int row) = Math.DivRem(sequence, _rows);
        int start = panel * Tile.Columns, count = Math.Min(Tile.Columns, _steps - start);
        long at = (long)row * _steps + start;
        float* slopes = w.Scratch, queries = slopes + 2 * Tile.Columns, result = queries + _width * Tile.Columns, scores = result + Tile.Strips(_width) * Tile.Size;
        Panel<TIsa, V>.Copy(w.At(_query, head * _width) + at, _query.Stride, _width, queries);
        LocalAttentionKernel<TIsa, V>.Slopes(w.At(_decay, head * op.Decays) + at, _decay.Stride, op.Decays, slopes);
        LocalAttentionKernel<TIsa, V>.Run(queries, slopes, start, count, w.At(keys, sequence), w.At(values, sequence), _steps, _width, scores, result);
        for (int d = 0; d < _width; d++)
        {
            TileRow.Store(result + d * Tile.Columns, w.At(target, head * _width + d) + at, count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Lay(in Workspace w, int sequence)
    {
        (int head, int row) = Math.DivRem(sequence, _rows);
        long at = (long)row * _steps;
        float* strip = w.At(keys, sequence);
        for (int first = 0; first < _steps; first += Tile.Rows)
        {
            for (int d = 0; d < _width; d++, strip += Tile.Rows)
            {
                float* p = w.At(_key, head * _width + d) + at + first;
                for (int i = 0; i < Tile.Rows; i++)
                {
                    strip[i] = first + i < _steps ? p[i] : 0;
                }
            }
        }

        strip = w.At(values, sequence);
        for (int first = 0; first < _width; first += Tile.Rows)
        {
            for (int i = 0; i < Tile.Rows; i++)
            {
                float* to = strip + i;
                if (first + i < _width)
                {
                    float* p = w.At(_content, head * _width + first + i) + at;
                    for (int t = 0; t < _steps; t++)
                    {
                        to[t * Tile.Rows] = p[t];
                    }
                }
                else
                {
                    for (int t = 0; t < _steps; t++)
                    {
                        to[t * Tile.Rows] = 0;
                    }
                }
            }

            strip += _steps * Tile.Rows;
        }
    }
}
