using System.Runtime.CompilerServices;
using Stemsharp.Kernels.Elementary;
using Stemsharp.Kernels.Norm;
using Stemsharp.Simd;

namespace Stemsharp.Cpu.Steps;

/// <summary>Which function follows a norm.</summary>
internal enum ActivationKind
{
    None,

    Gelu,

    Relu,

    Silu,
}

/// <summary>
/// A tensor as it is read behind a group norm and an activation, neither of which is ever stored. The norm's moments are taken in a
/// phase of their own, a channel a task, and left in the step's slots.
/// </summary>
/// <param name="source">What is read.</param>
/// <param name="norm">Gains and offsets; null for no norm.</param>
/// <param name="groups">Groups of channels that are normed together.</param>
/// <param name="activation">The function behind it.</param>
internal sealed unsafe class NormedSource<TIsa, V>(Tensor source, NormWeights? norm, int groups, ActivationKind activation) : IDisposable
    where TIsa : struct, ISimd<V>
    where V : struct
{
    public Tensor Tensor => source;

    /// <summary>Phases before the source can be read.</summary>
    public int Phases => norm == null ? 0 : 1;

    public long SlotDoubles => norm == null ? 0 : 2L * source.Channels;

    /// <summary>Whether what is read is what is stored.</summary>
    public bool IsPlain => norm == null && activation == ActivationKind.None;

    /// <summary>Takes a channel's moments.</summary>
    public void Measure(in Workspace w, int channel) => ((Moments*)w.Slots)[channel] = MomentKernels<TIsa, V>.Of(w.At(source, channel), source.Positions, 0);

    /// <summary>What a channel is multiplied with and what is added to it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public (float Slope, float Shift) Affine(in Workspace w, int channel)
    {
        if (norm == null)
        {
            return (1, 0);
        }

        int channels = source.Channels / groups, first = channel / channels * channels;
        Moments moments = default;
        for (int c = first; c < first + channels; c++)
        {
            moments.Add(((Moments*)w.Slots)[c]);
        }

        (float factor, float offset) = moments.Normaliser((double)channels * source.Positions, norm.Epsilon);
        return (factor * norm.Weight[channel], offset * norm.Weight[channel] + norm.Bias[channel]);
    }

    /// <summary>Reads some floats; whole vectors are written.</summary>
    public void Read((float Slope, float Shift) affine, float* from, float* to, int count)
    {
        switch (activation)
        {
            case ActivationKind.Gelu: Apply<Gelu<TIsa, V>>(affine, from, to, count); break;
            case ActivationKind.Relu: Apply<Relu<TIsa, V>>(affine, from, to, count); break;
            case ActivationKind.Silu: Apply<Silu<TIsa, V>>(affine, from, to, count); break;
            default: Apply<Identity<TIsa, V>>(affine, from, to, count); break;
        }
    }

    public void Dispose() => norm?.Dispose();

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Apply<TActivation>((float Slope, float Shift) affine, float* from, float* to, int count)
        where TActivation : struct, IActivation<TIsa, V>
    {
        V slope = TIsa.Broadcast(affine.Slope), shift = TIsa.Broadcast(affine.Shift);
        for (int i = 0; i < count; i += TIsa.Lanes)
        {
            TIsa.Store(to + i, TActivation.Apply(TIsa.MultiplyAdd(TIsa.Load(from + i), slope, shift)));
        }
    }
}
