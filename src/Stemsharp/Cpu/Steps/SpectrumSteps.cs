using System.Runtime.CompilerServices;
using Stemsharp.Simd;

namespace Stemsharp.Cpu.Steps;

/// <summary>Rows of several values under each other, added where they overlap.</summary>
internal sealed unsafe class JoinRowsStep<TIsa, V>(string name, string description, Tensor[] sources, float[][] biases, int overlap, Tensor target) : ChannelStep(name, description, target)
    where TIsa : struct, ISimd<V>
    where V : struct
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Channel(in Workspace w, int channel, float* target)
    {
        int shared = overlap * Target.Shape.Last;
        for (int i = 0; i < sources.Length; i++)
        {
            int fresh = i == 0 ? 0 : shared, count = sources[i].Positions;
            float* p = w.At(sources[i], channel);
            V bias = TIsa.Broadcast(i > 0 && biases.Length > 0 ? biases[i - 1][channel] : 0);
            int n = 0;
            for (; n + TIsa.Lanes <= fresh; n += TIsa.Lanes)
            {
                TIsa.Store(target + n, TIsa.Add(TIsa.Load(target + n), TIsa.Subtract(TIsa.Load(p + n), bias)));
            }

            for (; n < fresh; n++)
            {
                target[n] += p[n] - (biases.Length > 0 ? biases[i - 1][channel] : 0);
            }

            new ReadOnlySpan<float>(p + fresh, count - fresh).CopyTo(new Span<float>(target + fresh, count - fresh));
            target += count - shared;
        }
    }
}

/// <summary>Amplitudes of a spectrogram.</summary>
internal sealed unsafe class AmplitudeStep<TIsa, V>(string name, string description, Tensor source, Tensor target) : ChannelStep(name, description, target)
    where TIsa : struct, ISimd<V>
    where V : struct
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Channel(in Workspace w, int channel, float* target)
    {
        float* re = w.At(source, 2 * channel), im = w.At(source, 2 * channel + 1);
        for (int i = 0; i < Target.Positions; i += TIsa.Lanes)
        {
            V a = TIsa.Load(re + i), b = TIsa.Load(im + i);
            TIsa.Store(target + i, TIsa.Sqrt(TIsa.MultiplyAdd(a, a, TIsa.Multiply(b, b))));
        }
    }
}

/// <summary>Amplitudes with the phases of a spectrogram. A task is one channel of amplitudes.</summary>
internal sealed unsafe class PhaseStep<TIsa, V>(string name, string description, Tensor amplitudes, Tensor spectrogram, Tensor target, double epsilon) : Step(name, description)
    where TIsa : struct, ISimd<V>
    where V : struct
{
    private const int Block = 1024;

    // Below it squares lose digits, and below their least number all of them.
    private const float LeastSquare = 1e-30f;

    public override long ScratchFloats => Block;

    public override int Tasks(int phase, int workers) => amplitudes.Channels;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(int phase, int task, in Workspace w)
    {
        int source = 2 * task % spectrogram.Channels;
        for (int start = 0; start < amplitudes.Positions; start += Block)
        {
            int count = Math.Min(Block, amplitudes.Positions - start);
            Apply(
                w.At(amplitudes, task) + start, w.At(spectrogram, source) + start, w.At(spectrogram, source + 1) + start,
                w.At(target, 2 * task) + start, w.At(target, 2 * task + 1) + start, count, w.Scratch);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Apply(float* amplitude, float* x, float* y, float* re, float* im, int count, float* squares)
    {
        int whole = count / TIsa.Lanes * TIsa.Lanes;
        V least = TIsa.Broadcast(float.MaxValue);
        for (int i = 0; i < whole; i += TIsa.Lanes)
        {
            V a = TIsa.Load(x + i), b = TIsa.Load(y + i), square = TIsa.MultiplyAdd(a, a, TIsa.Multiply(b, b));
            least = TIsa.Min(least, square);
            TIsa.Store(squares + i, square);
        }

        float* lanes = stackalloc float[TIsa.Lanes];
        TIsa.Store(lanes, least);
        bool isPlain = true;
        for (int i = 0; i < TIsa.Lanes; i++)
        {
            isPlain &= lanes[i] >= LeastSquare;
        }

        int n = 0;
        for (V offset = TIsa.Broadcast((float)epsilon); isPlain && n < whole; n += TIsa.Lanes)
        {
            V factor = TIsa.Divide(TIsa.Load(amplitude + n), TIsa.Add(TIsa.Sqrt(TIsa.Load(squares + n)), offset));
            TIsa.Store(re + n, TIsa.Multiply(TIsa.Load(x + n), factor));
            TIsa.Store(im + n, TIsa.Multiply(TIsa.Load(y + n), factor));
        }

        for (; n < count; n++)
        {
            double a = x[n], b = y[n], size = Math.Sqrt(a * a + b * b) + epsilon;
            re[n] = size == 0 ? amplitude[n] : (float)(amplitude[n] * a / size);
            im[n] = size == 0 ? 0 : (float)(amplitude[n] * b / size);
        }
    }
}
