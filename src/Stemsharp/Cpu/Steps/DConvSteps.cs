using System.Runtime.CompilerServices;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Kernels.Norm;
using Stemsharp.Simd;

namespace Stemsharp.Cpu.Steps;

/// <summary>
/// DConv in the frequency branch, in place: rows do not know of each other, so a task takes one row through
/// all layers without leaving its cache.
/// </summary>
internal sealed unsafe class DConvRowsStep<TIsa, V>(string name, string description, Tensor x, int rows, DConvLayer<TIsa, V>[] layers) : Step(name, description)
    where TIsa : struct, ISimd<V>
    where V : struct
{
    private readonly Columns _columns = new(rows, x.Positions / rows);

    public override IEnumerable<PackedWeights> Weights => layers.SelectMany(l => l.Weights);

    public override long ExecutedFlops => layers.Sum(l => l.ExecutedFlops(_columns.Blocks));

    public override long ScratchFloats => Tile.Size + layers.Max(l => (long)l.PanelFloats + l.GramFloats + (long)_columns.BlocksPerRow * l.HiddenFloats);

    public override int Tasks(int phase, int workers) => rows;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(int phase, int task, in Workspace w)
    {
        foreach (DConvLayer<TIsa, V> layer in layers)
        {
            float* tile = w.Scratch, panel = tile + Tile.Size, gram = panel + layer.PanelFloats, hidden = gram + layer.GramFloats;
            ConvolutionPacker<TIsa, V> packer = new(x, null, rows, _columns.Width, new Window(1, 3, 1, 1, 0, layer.Dilation, 1, layer.Dilation), _columns);
            int first = task * _columns.BlocksPerRow;
            Moments moments = default;
            nint ahead = layer == layers[^1] && task + w.Workers < rows ? w.Workers * _columns.Width : 0;
            for (int b = 0; b < _columns.BlocksPerRow; b++)
            {
                moments.Add(layer.Convolve(w, x, packer, _columns, first + b, ahead, panel, hidden + (long)b * layer.HiddenFloats));
            }

            for (int b = 0; b < _columns.BlocksPerRow; b++)
            {
                layer.Activate(hidden + (long)b * layer.HiddenFloats, _columns[first + b].Count, moments, _columns.Width);
            }

            Moments expanded = layer.GramMoments(hidden, _columns.BlocksPerRow, _columns.Width, gram);
            for (int b = 0; b < _columns.BlocksPerRow; b++)
            {
                (int row, int start, int count) = _columns[first + b];
                layer.Finish(hidden + (long)b * layer.HiddenFloats, count, expanded, _columns.Width, w.At(x) + (long)row * _columns.Width + start, x.Stride, tile);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            foreach (DConvLayer<TIsa, V> layer in layers)
            {
                layer.Dispose();
            }
        }

        base.Dispose(disposing);
    }
}

/// <summary>
/// One DConv layer in the time branch, in place: the norms span everything, so the hidden values of all
/// positions wait in the arena between three phases.
/// </summary>
internal sealed unsafe class DConvStep<TIsa, V>(string name, string description, Tensor x, Tensor hidden, DConvLayer<TIsa, V> layer) : Step(name, description)
    where TIsa : struct, ISimd<V>
    where V : struct
{
    // Blocks a task: part of the order of additions, so not to be derived from the number of threads.
    private const int Group = 8;

    private readonly Columns _columns = new(1, x.Positions);
    private readonly int _tasks = (Tile.Panels(x.Positions) + Group - 1) / Group;
    private readonly ConvolutionPacker<TIsa, V> _packer = new(x, null, 1, x.Positions, new Window(1, 3, 1, 1, 0, layer.Dilation, 1, layer.Dilation), new Columns(1, x.Positions));

    /// <summary>The tensor for the hidden values.</summary>
    public static Tensor HiddenTensor(string name, DConvLayer<TIsa, V> layer, int positions) => new(name, 1, Tile.Panels(positions) * layer.HiddenFloats);

    public override IEnumerable<PackedWeights> Weights => layer.Weights;

    public override long ExecutedFlops => layer.ExecutedFlops(_columns.Blocks);

    public override int Phases => 3;

    public override long ScratchFloats => Tile.Size + layer.PanelFloats + layer.GramFloats;

    public override long SlotDoubles => 4L * _tasks;

    public override int Tasks(int phase, int workers) => _tasks;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(int phase, int task, in Workspace w)
    {
        float* tile = w.Scratch, panel = tile + Tile.Size, gram = panel + layer.PanelFloats;
        int tasks = _tasks, first = task * Group, blocks = Math.Min(Group, _columns.Blocks - first);
        Moments* sums = (Moments*)w.Slots;
        Moments* expanded = sums + tasks;
        Moments all = default;
        if (phase > 0)
        {
            Moments* parts = phase == 1 ? sums : expanded;
            for (int i = 0; i < tasks; i++)
            {
                all.Add(parts[i]);
            }
        }

        Moments moments = default;
        double positions = 0;
        for (int b = first; b < first + blocks; b++)
        {
            (_, int start, int count) = _columns[b];
            float* values = w.At(hidden) + (long)b * layer.HiddenFloats;
            positions += count;
            switch (phase)
            {
                case 0:
                    moments.Add(layer.Convolve(w, x, _packer, _columns, b, Tile.Columns, panel, values));
                    break;
                case 1:
                    layer.Activate(values, count, all, _columns.Width);
                    break;
                default:
                    layer.Finish(values, count, all, _columns.Width, w.At(x) + start, x.Stride, tile);
                    break;
            }
        }

        if (phase == 0)
        {
            sums[task] = moments;
        }

        if (phase == 1)
        {
            expanded[task] = layer.GramMoments(w.At(hidden) + (long)first * layer.HiddenFloats, blocks, positions, gram);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            layer.Dispose();
        }

        base.Dispose(disposing);
    }
}
