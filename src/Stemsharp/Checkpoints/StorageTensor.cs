using System.Buffers;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Stemsharp.Checkpoints;

/// <summary>A run of elements in a file that one or several tensors look into.</summary>
internal interface IStorage
{
    /// <summary>The file's name, for messages.</summary>
    string FileName { get; }

    /// <summary>Fills the destination with little-endian bytes from <paramref name="offset"/> on.</summary>
    void Read(long offset, Span<byte> destination);
}

/// <summary>
/// A tensor laid over a storage with an offset in bytes and strides in elements, all of it inside the storage (its
/// maker checks). Copies go from the file straight into the destination, or through a block of bounded size.
/// </summary>
internal sealed class StorageTensor : StoredTensor
{
    private const int BlockElements = 1 << 15;

    private readonly IStorage _storage;
    private readonly long _byteOffset;
    private readonly long[] _strides;
    private readonly bool _isContiguous;

    public StorageTensor(string name, IReadOnlyList<int> shape, ElementType type, IStorage storage, long byteOffset, long[]? strides = null)
        : base(name, shape, type)
    {
        _storage = storage;
        _byteOffset = byteOffset;
        long[] dense = DenseStrides(shape);
        _strides = strides ?? dense;
        _isContiguous = true;
        for (int d = 0; d < dense.Length; d++)
        {
            _isContiguous &= shape[d] <= 1 || _strides[d] == dense[d];
        }
    }

    public static long[] DenseStrides(IReadOnlyList<int> shape)
    {
        long[] strides = new long[shape.Count];
        long stride = 1;
        for (int d = shape.Count - 1; d >= 0; d--)
        {
            strides[d] = stride;
            stride *= Math.Max(shape[d], 1);
        }

        return strides;
    }

    /// <summary>One more than the largest element index that a view touches; 0 when it is empty. Null on overflow.</summary>
    public static long? End(IReadOnlyList<int> shape, IReadOnlyList<long> strides, long offset)
    {
        Int128 last = offset;
        for (int d = 0; d < shape.Count; d++)
        {
            if (shape[d] == 0)
            {
                return 0;
            }

            last += (Int128)(shape[d] - 1) * strides[d];
        }

        return last < long.MaxValue ? (long)last + 1 : null;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void CopyTo(Span<float> destination)
    {
        CheckLength(destination.Length, Count);
        if (Type == ElementType.Single)
        {
            CopyRawTo(MemoryMarshal.AsBytes(destination));
            return;
        }

        int size = Type.Size();
        if (!_isContiguous)
        {
            byte[] raw = ArrayPool<byte>.Shared.Rent(checked(Count * size));
            CopyRawTo(raw.AsSpan(0, Count * size));
            Widen(raw.AsSpan(0, Count * size), destination);
            ArrayPool<byte>.Shared.Return(raw);
            return;
        }

        byte[] block = ArrayPool<byte>.Shared.Rent(BlockElements * size);
        for (int done = 0; done < Count; done += BlockElements)
        {
            int n = Math.Min(BlockElements, Count - done);
            ReadStorage(_byteOffset + (long)done * size, block.AsSpan(0, n * size));
            Widen(block.AsSpan(0, n * size), destination.Slice(done, n));
        }

        ArrayPool<byte>.Shared.Return(block);
    }

    public override bool TryCopyTo(Span<Half> destination)
    {
        if (Type != ElementType.Half)
        {
            return false;
        }

        CheckLength(destination.Length, Count);
        CopyRawTo(MemoryMarshal.AsBytes(destination));
        return true;
    }

    public override void CopyRawTo(Span<byte> destination)
    {
        int size = Type.Size();
        CheckLength(destination.Length, (long)Count * size);
        if (Count == 0)
        {
            return;
        }

        if (_isContiguous)
        {
            ReadStorage(_byteOffset, destination);
            return;
        }

        int extent = checked((int)((End(Shape, _strides, 0) ?? 0) * size));
        byte[] bytes = ArrayPool<byte>.Shared.Rent(extent);
        ReadStorage(_byteOffset, bytes.AsSpan(0, extent));
        int at = 0;
        Gather(bytes, 0, 0, size, destination, ref at);
        ArrayPool<byte>.Shared.Return(bytes);
    }

    private void Gather(byte[] bytes, int dimension, long element, int size, Span<byte> destination, ref int at)
    {
        if (dimension == Shape.Count)
        {
            bytes.AsSpan((int)(element * size), size).CopyTo(destination.Slice(at, size));
            at += size;
            return;
        }

        for (int i = 0; i < Shape[dimension]; i++)
        {
            Gather(bytes, dimension + 1, element + i * _strides[dimension], size, destination, ref at);
        }
    }

    // Large reads come from a file that may have been cut or whose disk may fail since it was opened.
    private unsafe void ReadStorage(long offset, Span<byte> destination)
    {
        fixed (byte* start = destination)
        {
            byte* pointer = start;
            int length = destination.Length;
            CheckpointFormatException.Guard(_storage.FileName, () =>
            {
                _storage.Read(offset, new Span<byte>(pointer, length));
                return true;
            });
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Widen(ReadOnlySpan<byte> raw, Span<float> destination)
    {
        switch (Type)
        {
            case ElementType.Half:
                HalfWidening.Widen(MemoryMarshal.Cast<byte, ushort>(raw), destination);
                break;
            case ElementType.BFloat16:
                ReadOnlySpan<ushort> upper = MemoryMarshal.Cast<byte, ushort>(raw);
                for (int i = 0; i < upper.Length; i++)
                {
                    destination[i] = BitConverter.UInt32BitsToSingle((uint)upper[i] << 16);
                }

                break;
            case ElementType.Double: Convert<double>(raw, destination); break;
            case ElementType.Int8: Convert<sbyte>(raw, destination); break;
            case ElementType.Int16: Convert<short>(raw, destination); break;
            case ElementType.Int32: Convert<int>(raw, destination); break;
            case ElementType.Int64: Convert<long>(raw, destination); break;
            default: Convert<byte>(raw, destination); break;
        }

        static void Convert<T>(ReadOnlySpan<byte> raw, Span<float> destination) where T : unmanaged, System.Numerics.INumberBase<T> =>
            TensorPrimitives.ConvertTruncating(MemoryMarshal.Cast<byte, T>(raw), destination);
    }

    private void CheckLength(long given, long expected)
    {
        if (given != expected)
        {
            throw new ArgumentException($"{this} needs a destination of {expected}, not {given}.");
        }
    }
}
