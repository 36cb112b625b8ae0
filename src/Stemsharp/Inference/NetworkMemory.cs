using Stemsharp.Signal;

namespace Stemsharp.Inference;

/// <summary>Memory for a network's ports beside a runtime that has none of its own to lend.</summary>
internal sealed unsafe class NetworkMemory(IEnumerable<int> floats) : IDisposable
{
    private readonly AlignedBuffer[] _buffers = [.. floats.Select(n => new AlignedBuffer(n))];

    /// <summary>A port's memory.</summary>
    public float* Pointer(int port) => _buffers[port].Data;

    /// <summary>A port's memory.</summary>
    public Span<float> Span(int port) => _buffers[port].Span;

    public void Dispose()
    {
        foreach (AlignedBuffer buffer in _buffers)
        {
            buffer.Dispose();
        }
    }
}
