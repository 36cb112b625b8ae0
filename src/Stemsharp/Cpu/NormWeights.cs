using Stemsharp.Simd;

namespace Stemsharp.Cpu;

/// <summary>Per-channel vectors in memory that does not move: a norm's weight and bias, LayerScale's factors.</summary>
internal sealed unsafe class NormWeights : IDisposable
{
    private readonly NativeBuffer<float> _memory;

    public NormWeights(ReadOnlySpan<float> weight, ReadOnlySpan<float> bias, double epsilon = 0)
    {
        Epsilon = (float)epsilon;
        int padded = (weight.Length + 15) & ~15;
        _memory = new NativeBuffer<float>(2 * padded);
        Weight = _memory.Data;
        Bias = Weight + padded;
        weight.CopyTo(new Span<float>(Weight, padded));
        bias.CopyTo(new Span<float>(Bias, padded));
    }

    public float* Weight { get; }

    public float* Bias { get; }

    public float Epsilon { get; }

    public void Dispose() => _memory.Dispose();
}
