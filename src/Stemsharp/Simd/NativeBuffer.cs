namespace Stemsharp.Simd;

/// <summary>
/// Numbers outside the garbage collector's heap, at an address that does not change and that the widest vectors like. Freed when it
/// is disposed or collected.
/// </summary>
/// <typeparam name="T">A number.</typeparam>
internal sealed unsafe class NativeBuffer<T> : IDisposable
    where T : unmanaged
{
    private T* _data;

    /// <summary>Allocates.</summary>
    /// <param name="length">How many, at least 1.</param>
    /// <param name="zeroed">Whether they must be zero; otherwise they are anything.</param>
    /// <param name="hugePages">Whether to fill whole huge pages, which the system is asked for where it can give them.</param>
    public NativeBuffer(long length, bool zeroed = true, bool hugePages = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        _data = (T*)NativeHeap.Allocate(checked((nuint)length * (nuint)sizeof(T)), zeroed, hugePages);
        Length = length;
    }

    ~NativeBuffer() => NativeHeap.Free(_data);

    public long Length { get; }

    public T* Data => _data is null ? throw new ObjectDisposedException(nameof(NativeBuffer<>)) : _data;

    /// <summary>All of them, at most int.MaxValue.</summary>
    public Span<T> Span => new(Data, checked((int)Length));

    public void Dispose()
    {
        NativeHeap.Free(_data);
        _data = null;
        GC.SuppressFinalize(this);
    }
}
