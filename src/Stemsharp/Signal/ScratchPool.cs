using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Stemsharp.Simd;

namespace Stemsharp.Signal;

/// <summary>Scratch memory for as many callers as there are at once. Safe for use from several threads.</summary>
/// <param name="bytes">What each of them needs.</param>
internal sealed class ScratchPool(long bytes) : IDisposable
{
    private readonly ConcurrentBag<NativeBuffer<byte>> _free = [];
    private bool _disposed;

    /// <summary>Memory that holds anything, until it is given back.</summary>
    public NativeBuffer<byte> Rent()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return _free.TryTake(out NativeBuffer<byte>? buffer) ? buffer : new NativeBuffer<byte>(bytes);
    }

    public void Return(NativeBuffer<byte> buffer) => _free.Add(buffer);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Dispose()
    {
        _disposed = true;
        while (_free.TryTake(out NativeBuffer<byte>? buffer))
        {
            buffer.Dispose();
        }
    }
}
