using System.Runtime.InteropServices;

namespace Stemsharp.Cpu;

/// <summary>Per-channel vectors in memory that does not move: a norm's weight and bias, LayerScale's factors.</summary>
internal sealed unsafe class NormWeights : IDisposable
{
    private float* _data;

    public NormWeights(ReadOnlySpan<float> weight, ReadOnlySpan<float> bias, double epsilon = 0)
    {
        Epsilon = (float)epsilon;
        int padded = (weight.Length + 15) & ~15;
        _data = (float*)NativeMemory.AlignedAlloc((nuint)(2 * padded * sizeof(float)), 64);
        Weight = _data;
        Bias = _data + padded;
        new Span<float>(_data, 2 * padded).Clear();
        weight.CopyTo(new Span<float>(Weight, padded));
        bias.CopyTo(new Span<float>(Bias, padded));
    }

    ~NormWeights() => Free();

    public float* Weight { get; }

    public float* Bias { get; }

    public float Epsilon { get; }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.AlignedFree(_data);
        _data = null;
    }
}
