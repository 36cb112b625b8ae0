using System.Runtime.InteropServices;

namespace Stemsharp.Signal;

/// <summary>Floats outside the garbage collector's heap, at the alignment that the widest vectors like.</summary>
internal sealed unsafe class AlignedBuffer : IDisposable
{
    private const nuint Alignment = 64;
    private float* _data;

    /// <summary>Allocates zeros.</summary>
    public AlignedBuffer(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        nuint bytes = (nuint)length * sizeof(float);
        _data = (float*)NativeMemory.AlignedAlloc(bytes, Alignment);
        NativeMemory.Clear(_data, bytes);
        Length = length;
    }

    ~AlignedBuffer() => NativeMemory.AlignedFree(_data);

    public int Length { get; }

    public float* Data => _data is null ? throw new ObjectDisposedException(nameof(AlignedBuffer)) : _data;

    public Span<float> Span => new(Data, Length);

    public void Dispose()
    {
        NativeMemory.AlignedFree(_data);
        _data = null;
        GC.SuppressFinalize(this);
    }
}
