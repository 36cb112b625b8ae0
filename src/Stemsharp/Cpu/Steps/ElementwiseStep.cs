using System.Runtime.CompilerServices;
using Stemsharp.Graph;
using Stemsharp.Kernels.Elementary;
using Stemsharp.Simd;

namespace Stemsharp.Cpu.Steps;

/// <summary>
/// The operations that usually disappear into a neighbour, on their own: for configurations in which they
/// find none. A task is one channel of the result.
/// </summary>
internal abstract unsafe class ChannelStep(string name, string description, Tensor target) : Step(name, description)
{
    private const int Gap = 64;

    protected Tensor Target { get; } = target;

    public override long ScratchFloats => RunsOver ? Target.Positions + Gap : 0;

    // Without a gap behind a channel the last vector would reach into the next one: it is made apart and copied.
    private bool RunsOver => Target.Stride == Target.Positions && Target.Positions % 16 != 0;

    public override int Tasks(int phase, int workers) => Target.Channels;

    public override void Run(int phase, int task, in Workspace w)
    {
        float* target = w.At(Target, task);
        if (!RunsOver)
        {
            Channel(w, task, target);
            return;
        }

        Channel(w, task, w.Scratch);
        new ReadOnlySpan<float>(w.Scratch, Target.Positions).CopyTo(new Span<float>(target, Target.Positions));
    }

    protected abstract void Channel(in Workspace w, int channel, float* target);
}

internal sealed unsafe class ActivationStep<TIsa, V, TActivation>(string name, string description, Tensor source, Tensor target) : ChannelStep(name, description, target)
    where TIsa : struct, ISimd<V>
    where V : struct
    where TActivation : struct, IActivation<TIsa, V>
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Channel(in Workspace w, int channel, float* target)
    {
        float* p = w.At(source, channel);
        for (int i = 0; i < Target.Positions; i += TIsa.Lanes)
        {
            TIsa.Store(target + i, TActivation.Apply(TIsa.Load(p + i)));
        }
    }
}

internal sealed unsafe class GluStep<TIsa, V>(string name, string description, Tensor source, Tensor target) : ChannelStep(name, description, target)
    where TIsa : struct, ISimd<V>
    where V : struct
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Channel(in Workspace w, int channel, float* target)
    {
        float* p = w.At(source, channel), gate = w.At(source, channel + Target.Channels);
        for (int i = 0; i < Target.Positions; i += TIsa.Lanes)
        {
            TIsa.Store(target + i, TIsa.Multiply(TIsa.Load(p + i), VectorMath<TIsa, V>.Sigmoid(TIsa.Load(gate + i))));
        }
    }
}

internal sealed unsafe class AddStep<TIsa, V>(string name, string description, Tensor a, Tensor b, Tensor target, NormWeights? scale) : ChannelStep(name, description, target)
    where TIsa : struct, ISimd<V>
    where V : struct
{
    // target = a + scale·b, scale 1 where there is none.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Channel(in Workspace w, int channel, float* target)
    {
        float* p = w.At(a, channel), q = w.At(b, channel);
        V factor = TIsa.Broadcast(scale == null ? 1 : scale.Weight[channel]);
        for (int i = 0; i < Target.Positions; i += TIsa.Lanes)
        {
            TIsa.Store(target + i, TIsa.MultiplyAdd(TIsa.Load(q + i), factor, TIsa.Load(p + i)));
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            scale?.Dispose();
        }

        base.Dispose(disposing);
    }
}

internal sealed unsafe class MulStep<TIsa, V>(string name, string description, Tensor a, Tensor b, Tensor target) : ChannelStep(name, description, target)
    where TIsa : struct, ISimd<V>
    where V : struct
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Channel(in Workspace w, int channel, float* target)
    {
        float* p = w.At(a, channel), q = w.At(b, channel);
        for (int i = 0; i < Target.Positions; i += TIsa.Lanes)
        {
            TIsa.Store(target + i, TIsa.Multiply(TIsa.Load(p + i), TIsa.Load(q + i)));
        }
    }
}

/// <summary>Each channel times its factor, plus its offset.</summary>
internal sealed unsafe class AffineStep<TIsa, V>(string name, string description, Tensor source, Tensor target, float[] factors, float[] offsets) : ChannelStep(name, description, target)
    where TIsa : struct, ISimd<V>
    where V : struct
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Channel(in Workspace w, int channel, float* target)
    {
        float* p = w.At(source, channel);
        V factor = TIsa.Broadcast(factors[channel]), offset = TIsa.Broadcast(offsets[channel]);
        for (int i = 0; i < Target.Positions; i += TIsa.Lanes)
        {
            TIsa.Store(target + i, TIsa.MultiplyAdd(TIsa.Load(p + i), factor, offset));
        }
    }
}

/// <summary>x where it is positive, else alpha·(eˣ − 1).</summary>
internal sealed unsafe class EluStep(string name, string description, Tensor source, Tensor target, double alpha) : ChannelStep(name, description, target)
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Channel(in Workspace w, int channel, float* target)
    {
        float* p = w.At(source, channel);
        for (int i = 0; i < Target.Positions; i++)
        {
            target[i] = p[i] > 0 ? p[i] : (float)(alpha * (Math.Exp(p[i]) - 1));
        }
    }
}

internal sealed unsafe class ChannelScaleStep(string name, string description, Tensor source, Tensor target, float[] scale) : ChannelStep(name, description, target)
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Channel(in Workspace w, int channel, float* target)
    {
        float* p = w.At(source, channel);
        for (int i = 0; i < Target.Positions; i++)
        {
            target[i] = scale[channel] * p[i];
        }
    }
}

/// <summary>Adds a table, broadcast over its axes of size 1.</summary>
internal sealed unsafe class AddTableStep(string name, string description, Tensor source, Tensor target, Shape shape, float[] table) : ChannelStep(name, description, target)
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Channel(in Workspace w, int channel, float* target)
    {
        float* p = w.At(source, channel);
        int last = Target.Shape.Last, rows = Target.Positions / last;
        bool perRow = shape.Rank == 3 && shape[1] > 1, perPosition = shape.Last > 1;
        for (int row = 0, i = 0; row < rows; row++)
        {
            for (int t = 0; t < last; t++, i++)
            {
                int index = perPosition ? (perRow ? row * last : 0) + t : perRow ? row : 0;
                target[i] = p[i] + table[channel * shape.Positions + index];
            }
        }
    }
}

/// <summary>Takes <c>length</c> elements from <c>start</c> of the first spatial axis, zeros before the source begins and where it ends.</summary>
internal sealed unsafe class ResizeStep(string name, string description, Tensor source, Tensor target, int start, int inner) : ChannelStep(name, description, target)
{
    protected override void Channel(in Workspace w, int channel, float* target)
    {
        int wanted = Target.Positions, before = Math.Max(0, -start) * inner, first = Math.Max(0, start) * inner;
        int available = Math.Min(wanted - before, source.Positions - first);
        new Span<float>(target, before).Clear();
        new ReadOnlySpan<float>(w.At(source, channel) + first, available).CopyTo(new Span<float>(target + before, wanted - before));
        new Span<float>(target + before + available, wanted - before - available).Clear();
    }
}

/// <summary>x·std + mean.</summary>
internal sealed unsafe class RestoreStep(string name, string description, Tensor source, RestorableTensor target) : Step(name, description)
{
    public override int Tasks(int phase, int workers) => source.Channels;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(int phase, int task, in Workspace w)
    {
        (float factor, float offset) = target.Restoration(w);
        float* p = w.At(source, task), q = w.At(target.Tensor, task);
        for (int i = 0; i < source.Positions; i++)
        {
            q[i] = p[i] * factor + offset;
        }
    }
}
