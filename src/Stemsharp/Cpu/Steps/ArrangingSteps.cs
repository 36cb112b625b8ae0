using System.Runtime.CompilerServices;
using Stemsharp.Simd;

namespace Stemsharp.Cpu.Steps;

/// <summary>The same numbers in row-major order under another shape.</summary>
internal sealed unsafe class ReshapeStep(string name, string description, Tensor source, Tensor target) : ChannelStep(name, description, target)
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Channel(in Workspace w, int channel, float* target)
    {
        long first = (long)channel * Target.Positions;
        for (int done = 0; done < Target.Positions;)
        {
            (long from, long offset) = Math.DivRem(first + done, source.Positions);
            int count = (int)Math.Min(Target.Positions - done, source.Positions - offset);
            new ReadOnlySpan<float>(w.At(source, (int)from) + offset, count).CopyTo(new Span<float>(target + done, count));
            done += count;
        }
    }
}

/// <summary>[C, F, T] to [C, T, F], in squares that fit the first-level cache.</summary>
internal sealed unsafe class SwapStep(string name, string description, Tensor source, Tensor target) : ChannelStep(name, description, target)
{
    private const int Square = 32;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Channel(in Workspace w, int channel, float* target)
    {
        int rows = source.Shape.Rows, columns = source.Shape.Last;
        float* p = w.At(source, channel);
        for (int row = 0; row < rows; row += Square)
        {
            int lastRow = Math.Min(row + Square, rows);
            for (int column = 0; column < columns; column += Square)
            {
                int lastColumn = Math.Min(column + Square, columns);
                for (int c = column; c < lastColumn; c++)
                {
                    for (int r = row; r < lastRow; r++)
                    {
                        target[(long)c * rows + r] = p[(long)r * columns + c];
                    }
                }
            }
        }
    }
}

/// <summary>Values one after the other: channels, or rows of the same channels.</summary>
internal sealed unsafe class ConcatStep(string name, string description, IReadOnlyList<Tensor> sources, Tensor target, bool byRows) : ChannelStep(name, description, target)
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Channel(in Workspace w, int channel, float* target)
    {
        foreach (Tensor source in sources)
        {
            if (byRows)
            {
                Copy(w.At(source, channel), target, source.Positions);
                target += source.Positions;
            }
            else if (channel < source.Channels)
            {
                Copy(w.At(source, channel), target, source.Positions);
                return;
            }
            else
            {
                channel -= source.Channels;
            }
        }
    }

    private static void Copy(float* from, float* to, int count) => new ReadOnlySpan<float>(from, count).CopyTo(new Span<float>(to, count));
}

/// <summary>Zeros before and after what a channel holds.</summary>
internal sealed unsafe class PadRowsStep(string name, string description, Tensor source, Tensor target, int before) : ChannelStep(name, description, target)
{
    protected override void Channel(in Workspace w, int channel, float* target)
    {
        new Span<float>(target, Target.Positions).Clear();
        new ReadOnlySpan<float>(w.At(source, channel), source.Positions).CopyTo(new Span<float>(target + before, source.Positions));
    }
}

/// <summary>A convolution of each channel's lines with a kernel of its own, zeros around them.</summary>
internal sealed unsafe class DepthwiseStep<TIsa, V>(string name, string description, Tensor source, Tensor target, float[] weight, float[] bias, int kernel) : ChannelStep(name, description, target)
    where TIsa : struct, ISimd<V>
    where V : struct
{
    private int LineFloats => source.Shape.Last + kernel + 2 * Tensor.Slack;

    public override long ScratchFloats => base.ScratchFloats + LineFloats;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Channel(in Workspace w, int channel, float* target)
    {
        int last = source.Shape.Last, margin = kernel / 2;
        float* p = w.At(source, channel), line = w.Scratch + base.ScratchFloats, few = stackalloc float[TIsa.Lanes];
        new Span<float>(line, LineFloats).Clear();
        for (int row = 0; row < source.Shape.Rows; row++, p += last, target += last)
        {
            new ReadOnlySpan<float>(p, last).CopyTo(new Span<float>(line + margin, last));
            for (int t = 0; t < last; t += TIsa.Lanes)
            {
                // The last vector ends where the line does, so that nothing of the next line is written.
                int at = last >= TIsa.Lanes ? Math.Min(t, last - TIsa.Lanes) : t;
                V sum = TIsa.Broadcast(bias[channel]);
                for (int k = 0; k < kernel; k++)
                {
                    sum = TIsa.MultiplyAdd(TIsa.Broadcast(weight[channel * kernel + k]), TIsa.Load(line + at + k), sum);
                }

                if (last >= TIsa.Lanes)
                {
                    TIsa.Store(target + at, sum);
                }
                else
                {
                    TIsa.Store(few, sum);
                    new ReadOnlySpan<float>(few, last).CopyTo(new Span<float>(target, last));
                }
            }
        }
    }
}
