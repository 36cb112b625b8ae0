using System.Runtime.CompilerServices;
using Stemsharp.Graph;
using Stemsharp.Simd;

namespace Stemsharp.Cpu.Steps;

/// <summary>Overlapping frames of each row.</summary>
internal sealed unsafe class FramesStep(string name, string description, Tensor source, Tensor target, FramesOp op) : ChannelStep(name, description, target)
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Channel(in Workspace w, int channel, float* target)
    {
        int steps = source.Shape.Last;
        float* p = w.At(source, channel);
        for (int i = 0; i < Target.Positions / op.Length; i++, target += op.Length)
        {
            (int row, int frame) = Math.DivRem(i, op.Count);
            int first = frame * op.Step, count = Math.Min(op.Length, steps - first);
            new ReadOnlySpan<float>(p + (long)row * steps + first, count).CopyTo(new Span<float>(target, op.Length));
            new Span<float>(target + count, op.Length - count).Clear();
        }
    }
}

/// <summary>Rows of the middles of overlapping frames.</summary>
internal sealed unsafe class JoinFramesStep(string name, string description, Tensor source, Tensor target, JoinFramesOp op) : ChannelStep(name, description, target)
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Channel(in Workspace w, int channel, float* target)
    {
        int steps = Target.Shape.Last, length = source.Shape.Last, margin = (length - op.Step) / 2;
        float* p = w.At(source, channel);
        for (int row = 0; row < Target.Positions / steps; row++, target += steps)
        {
            for (int frame = 0; frame < op.Count; frame++, p += length)
            {
                int first = frame * op.Step, begin = frame == 0 ? 0 : first + margin, end = frame == op.Count - 1 ? steps : first + op.Step + margin;
                new ReadOnlySpan<float>(p + begin - first, end - begin).CopyTo(new Span<float>(target + begin, end - begin));
            }
        }
    }
}

/// <summary>
/// A filter with phases. A task is a block of one channel, whose samples are laid out by their place in the stride first, so that
/// neighbouring results read neighbouring samples.
/// </summary>
internal sealed unsafe class ResampleStep<TIsa, V> : Step
    where TIsa : struct, ISimd<V>
    where V : struct
{
    // Results of a phase in a task, and how many vectors of them are computed side by side.
    private const int Block = 2048, Together = 4;

    private readonly Tensor _source, _target;
    private readonly float[] _taps;
    private readonly int _phases, _count, _stride, _before, _lane, _blocks;

    public ResampleStep(string name, string description, Tensor source, Tensor target, ResampleOp op)
        : base(name, description)
    {
        (_source, _target, _stride, _before, _phases, _count) = (source, target, op.Stride, op.Before, op.Phases, op.Taps.Shape[1]);
        _taps = Array.ConvertAll(op.Taps.Data, v => (float)v);
        _lane = Block + (_count - 1) / _stride + 1;
        _blocks = (target.Positions / _phases + Block - 1) / Block;
    }

    public override long ScratchFloats => (long)_stride * _lane + _phases * Block;

    public override int Tasks(int phase, int workers) => _target.Channels * _blocks;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(int phase, int task, in Workspace w)
    {
        (int channel, int block) = Math.DivRem(task, _blocks);
        int first = block * Block, count = Math.Min(Block, _target.Positions / _phases - first);
        float* samples = w.Scratch, results = samples + _stride * _lane;
        Lay(w.At(_source, channel), first, samples);
        fixed (float* taps = _taps)
        {
            for (int p = 0; p < _phases; p++)
            {
                for (int i = 0; i < count; i += Together * TIsa.Lanes)
                {
                    Filter(taps + p * _count, samples + i, results + p * Block + i);
                }
            }
        }

        float* target = w.At(_target, channel) + (long)first * _phases;
        for (int p = 0; p < _phases; p++)
        {
            float* from = results + p * Block, to = target + p;
            for (int i = 0; i < count; i++, to += _phases)
            {
                *to = from[i];
            }
        }
    }

    // Sample stride·n + r from the block's first on at [r][n]; edges are repeated.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Lay(float* source, int first, float* samples)
    {
        int last = _source.Positions - 1;
        for (int r = 0; r < _stride; r++, samples += _lane)
        {
            int start = _stride * first + r - _before;
            bool isInside = start >= 0 && start + _stride * (_lane - 1) <= last;
            for (int n = 0; n < _lane; n++)
            {
                int position = start + _stride * n;
                samples[n] = source[isInside ? position : Math.Clamp(position, 0, last)];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Filter(float* taps, float* samples, float* results)
    {
        int lanes = TIsa.Lanes;
        V a = TIsa.Broadcast(0f), b = a, c = a, d = a;
        for (int r = 0; r < _stride; r++)
        {
            float* p = samples + r * _lane;
            for (int k = r; k < _count; k += _stride, p++)
            {
                a = TIsa.MultiplyAdd(taps + k, TIsa.Load(p), a);
                b = TIsa.MultiplyAdd(taps + k, TIsa.Load(p + lanes), b);
                c = TIsa.MultiplyAdd(taps + k, TIsa.Load(p + 2 * lanes), c);
                d = TIsa.MultiplyAdd(taps + k, TIsa.Load(p + 3 * lanes), d);
            }
        }

        TIsa.Store(results, a);
        TIsa.Store(results + lanes, b);
        TIsa.Store(results + 2 * lanes, c);
        TIsa.Store(results + 3 * lanes, d);
    }
}
