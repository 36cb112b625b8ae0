using Stemsharp.Simd;

namespace Stemsharp.Inference;

/// <summary>Memory for a network's ports beside a runtime that has none of its own to lend.</summary>
internal sealed unsafe class NetworkMemory(IEnumerable<int> floats) : IDisposable
{
    private readonly NativeBuffer<float>[] _buffers = [.. floats.Select(n => new NativeBuffer<float>(n))];

    /// <summary>A port's memory.</summary>
    public float* Pointer(int port) => _buffers[port].Data;

    /// <summary>A port's memory.</summary>
    public Span<float> Span(int port) => _buffers[port].Span;

    public void Dispose()
    {
        foreach (NativeBuffer<float> buffer in _buffers)
        {
            buffer.Dispose();
        }
    }
}
