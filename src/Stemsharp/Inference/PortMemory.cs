using System.Runtime.CompilerServices;
using Stemsharp.Simd;

namespace Stemsharp.Inference;

/// <summary>Memory for a network's inputs or outputs beside a runtime that has none of its own to lend.</summary>
internal sealed unsafe class PortMemory : IDisposable
{
    private readonly NativeBuffer<float>?[] _buffers = new NativeBuffer<float>?[2];

    /// <param name="definition">The network.</param>
    /// <param name="ports">Its inputs, its outputs, or some of them.</param>
    /// <param name="samples">Samples of a piece.</param>
    public PortMemory(NetworkDefinition definition, IEnumerable<NetworkPort> ports, int samples)
    {
        foreach (NetworkPort port in ports)
        {
            _buffers[(int)port.Role] = new NativeBuffer<float>(definition.ShapeOf(port, samples).Aggregate(1, (n, d) => checked(n * d)));
        }
    }

    /// <summary>A port's memory; null where there is none of this role.</summary>
    public float* Pointer(PortRole role) => _buffers[(int)role] is { } buffer ? buffer.Data : null;

    /// <summary>The memory of a port that there is.</summary>
    public Span<float> Span(PortRole role) => _buffers[(int)role]!.Span;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Dispose()
    {
        foreach (NativeBuffer<float>? buffer in _buffers)
        {
            buffer?.Dispose();
        }
    }
}
