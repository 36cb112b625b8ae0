using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Stemsharp.Graph;
using Stemsharp.Kernels.Elementary;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Kernels.Norm;
using Stemsharp.Simd;

namespace Stemsharp.Cpu.Steps;

/// <summary>
/// Group norm over channels and positions (or over channels and each row's positions): moments of every
/// channel row first, then, behind a barrier, their sums and the application, with an activation behind it. May work in place.
/// </summary>
internal sealed unsafe class GroupNormStep<TIsa, V, TActivation>(string name, string description, Tensor source, Tensor target, NormWeights norm, int groups, int rows)
    : Step(name, description)
    where TIsa : struct, ISimd<V>
    where V : struct
    where TActivation : struct, IActivation<TIsa, V>
{
    private readonly int _width = source.Positions / rows;

    public override int Phases => 2;

    public override long SlotDoubles => 2L * source.Channels * rows;

    public override int Tasks(int phase, int workers) => source.Channels;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(int phase, int task, in Workspace w)
    {
        Moments* slots = (Moments*)w.Slots;
        float* p = w.At(source, task);
        if (phase == 0)
        {
            for (int row = 0; row < rows; row++)
            {
                slots[task * rows + row] = MomentKernels<TIsa, V>.Of(p + (long)row * _width, _width, 0);
            }

            return;
        }

        int channels = source.Channels / groups, first = task / channels * channels;
        float* q = w.At(target, task);
        for (int row = 0; row < rows; row++)
        {
            Moments moments = default;
            for (int c = first; c < first + channels; c++)
            {
                moments.Add(slots[c * rows + row]);
            }

            (float factor, float offset) = moments.Normaliser((double)channels * _width, norm.Epsilon);
            float slope = factor * norm.Weight[task], shift = offset * norm.Weight[task] + norm.Bias[task];
            Affine(p + (long)row * _width, q + (long)row * _width, _width, slope, shift);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            norm.Dispose();
        }

        base.Dispose(disposing);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Affine(float* p, float* q, int n, float slope, float shift)
    {
        V a = TIsa.Broadcast(slope), b = TIsa.Broadcast(shift);
        int i = 0;
        for (; i + TIsa.Lanes <= n; i += TIsa.Lanes)
        {
            TIsa.Store(q + i, TActivation.Apply(TIsa.MultiplyAdd(TIsa.Load(p + i), a, b)));
        }

        if (i < n)
        {
            float* rest = stackalloc float[TIsa.Lanes];
            new ReadOnlySpan<float>(p + i, n - i).CopyTo(new Span<float>(rest, n - i));
            TIsa.Store(rest, TActivation.Apply(TIsa.MultiplyAdd(TIsa.Load(rest), a, b)));
            new ReadOnlySpan<float>(rest, n - i).CopyTo(new Span<float>(q + i, n - i));
        }
    }
}

/// <summary>Layer norm on its own (where it does not feed a product), with tables added behind it.</summary>
internal sealed unsafe class LayerNormStep<TIsa, V>(string name, string description, Tensor source, Tensor target, NormWeights norm, IReadOnlyList<Table> tables)
    : Step(name, description)
    where TIsa : struct, ISimd<V>
    where V : struct
{
    private readonly float[][] _tables = [.. tables.Select(t => Array.ConvertAll(t.Data, v => (float)v))];

    public override long ScratchFloats => (long)source.Channels * Tile.Columns;

    public override int Tasks(int phase, int workers) => Tile.Panels(source.Positions);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(int phase, int task, in Workspace w)
    {
        int start = task * Tile.Columns, count = Math.Min(Tile.Columns, source.Positions - start), last = source.Shape.Last;
        float* panel = w.Scratch;
        Panel<TIsa, V>.LayerNorm(w.At(source) + start, source.Stride, source.Channels, norm.Weight, norm.Bias, norm.Epsilon, panel);
        for (int t = 0; t < _tables.Length; t++)
        {
            // [C, 1, T], [C, F, 1] or [C, L]: one stretch for each row that the block touches.
            Shape shape = tables[t].Shape;
            int rowStride = shape.Rank == 3 && shape[1] == 1 ? 0 : shape.Last;
            for (int i = 0; i < count;)
            {
                (int row, int position) = Math.DivRem(start + i, last);
                int length = Math.Min(count - i, last - position);
                for (int c = 0; c < source.Channels; c++)
                {
                    Span<float> target = new(panel + c * Tile.Columns + i, length);
                    ReadOnlySpan<float> values = _tables[t].AsSpan(c * shape.Positions + row * rowStride);
                    if (shape.Last == 1)
                    {
                        TensorPrimitives.Add(target, values[0], target);
                    }
                    else
                    {
                        TensorPrimitives.Add(target, values.Slice(position, length), target);
                    }
                }

                i += length;
            }
        }

        for (int c = 0; c < source.Channels; c++)
        {
            TileRow.Store(panel + c * Tile.Columns, w.At(target, c) + start, count);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            norm.Dispose();
        }

        base.Dispose(disposing);
    }
}

/// <summary>Root mean square norm on its own, where it does not feed a product. May work in place.</summary>
internal sealed unsafe class RmsNormStep<TIsa, V>(string name, string description, Tensor source, Tensor target, NormWeights norm) : Step(name, description)
    where TIsa : struct, ISimd<V>
    where V : struct
{
    public override long ScratchFloats => (long)source.Channels * Tile.Columns;

    public override int Tasks(int phase, int workers) => Tile.Panels(source.Positions);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(int phase, int task, in Workspace w)
    {
        int start = task * Tile.Columns, count = Math.Min(Tile.Columns, source.Positions - start);
        new RmsNormPacker<TIsa, V>(source, norm).Pack(w, task, w.Scratch);
        for (int c = 0; c < source.Channels; c++)
        {
            TileRow.Store(w.Scratch + c * Tile.Columns, w.At(target, c) + start, count);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            norm.Dispose();
        }

        base.Dispose(disposing);
    }
}

/// <summary>
/// Standardises an input of the engine: sums, centred squares, result, each over fixed stretches that are
/// merged in order. Mean and std go to two small tensors. Those of the channels' mean are taken of stretches that are made for it.
/// </summary>
internal sealed unsafe class StandardizeStep<TIsa, V>(
    string name, string description, Tensor input, Tensor target, Tensor mean, Tensor std, StandardizeOp op)
    : Step(name, description)
    where TIsa : struct, ISimd<V>
    where V : struct
{
    private const int Stretch = 16384;

    private readonly int _perChannel = (target.Positions + Stretch - 1) / Stretch;
    private readonly int _tasks = target.Channels * ((target.Positions + Stretch - 1) / Stretch);

    private double Count => (op.OfMean ? 1.0 : target.Channels) * target.Positions;

    public override int Phases => 3;

    public override long ScratchFloats => op.OfMean ? Stretch : 0;

    public override long SlotDoubles => 4L * target.Channels * _perChannel;

    public override int Tasks(int phase, int workers) => _tasks;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(int phase, int task, in Workspace w)
    {
        (int channel, int stretch) = Math.DivRem(task, _perChannel);
        int start = stretch * Stretch, count = Math.Min(Stretch, target.Positions - start), tasks = _tasks;
        float* source = w.At(input, channel) + start;
        Moments* sums = (Moments*)w.Slots;
        Moments* squares = sums + tasks;
        if (op.OfMean)
        {
            tasks = _perChannel;
            if (phase < 2 && channel > 0)
            {
                return;
            }

            source = phase < 2 ? Mean(w, start, count) : source;
        }

        if (phase == 0)
        {
            sums[task] = MomentKernels<TIsa, V>.Of(source, count, 0);
            return;
        }

        double m = 0;
        for (int i = 0; i < tasks; i++)
        {
            m += sums[i].Sum;
        }

        m /= Count;
        if (phase == 1)
        {
            squares[task] = MomentKernels<TIsa, V>.Of(source, count, (float)m);
            return;
        }

        // Centred on the mean rounded to single precision: the rest is put right by the sum.
        Moments centred = default;
        for (int i = 0; i < tasks; i++)
        {
            centred.Add(squares[i]);
        }

        double s = Math.Sqrt(Math.Max(centred.Squares - centred.Sum * centred.Sum / Count, 0) / (Count - 1));
        if (task == 0)
        {
            *w.At(mean) = (float)m;
            *w.At(std) = (float)s;
        }

        float centre = (float)m, rate = (float)(1 / (op.Epsilon + s));
        float* p = w.At(target, channel) + start;
        V c = TIsa.Broadcast(centre), r = TIsa.Broadcast(rate);
        int n = 0;
        for (; n + TIsa.Lanes <= count; n += TIsa.Lanes)
        {
            TIsa.Store(p + n, TIsa.Multiply(TIsa.Subtract(TIsa.Load(source + n), c), r));
        }

        for (; n < count; n++)
        {
            p[n] = (source[n] - centre) * rate;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private float* Mean(in Workspace w, int start, int count)
    {
        Span<float> mean = new(w.Scratch, count);
        new ReadOnlySpan<float>(w.At(input) + start, count).CopyTo(mean);
        for (int c = 1; c < input.Channels; c++)
        {
            TensorPrimitives.Add(mean, new ReadOnlySpan<float>(w.At(input, c) + start, count), mean);
        }

        TensorPrimitives.Multiply(mean, 1f / input.Channels, mean);
        return w.Scratch;
    }
}
