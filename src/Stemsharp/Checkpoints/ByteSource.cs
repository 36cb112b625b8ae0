using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Stemsharp.Checkpoints;

/// <summary>Random access to a checkpoint's bytes, from any thread.</summary>
internal abstract class ByteSource : IDisposable
{
    private const int BlockSize = 1 << 18;
    private string? _sha256;

    public abstract long Length { get; }

    /// <summary>Fills the destination from <paramref name="offset"/> on, or fails.</summary>
    public abstract void Read(long offset, Span<byte> destination);

    /// <summary>The SHA-256 of all bytes in lower-case hex, computed once.</summary>
    public virtual string Sha256 => _sha256 ??= ComputeSha256();

    public static ByteSource OpenFile(string path) => new FileSource(path);

    public static ByteSource FromStream(Stream stream)
    {
        using (stream)
        using (MemoryStream copy = new())
        {
            stream.CopyTo(copy);
            return new MemorySource(copy.ToArray());
        }
    }

    public static ByteSource FromBytes(byte[] bytes) => new MemorySource(bytes);

    public byte[] ReadBytes(long offset, int count)
    {
        byte[] bytes = new byte[count];
        Read(offset, bytes);
        return bytes;
    }

    /// <summary>Hands all bytes of a range to <paramref name="consume"/>, block by block.</summary>
    public void ForEachBlock(long offset, long count, Action<ReadOnlyMemory<byte>> consume)
    {
        byte[] block = ArrayPool<byte>.Shared.Rent(BlockSize);
        try
        {
            while (count > 0)
            {
                int n = (int)Math.Min(BlockSize, count);
                Read(offset, block.AsSpan(0, n));
                consume(block.AsMemory(0, n));
                offset += n;
                count -= n;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    public virtual void Dispose() { }

    private string ComputeSha256()
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        ForEachBlock(0, Length, block => hash.AppendData(block.Span));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private sealed class FileSource : ByteSource
    {
        // A model is opened to find it and again to read its weights; its bytes are hashed once.
        private static readonly ConcurrentDictionary<(string Path, long Length, DateTime Written), string> Known = new();

        private readonly SafeFileHandle _handle;
        private readonly (string Path, long Length, DateTime Written) _stamp;

        public FileSource(string path)
        {
            _handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, FileOptions.RandomAccess);
            Length = RandomAccess.GetLength(_handle);
            _stamp = (Path.GetFullPath(path), Length, File.GetLastWriteTimeUtc(_handle));
        }

        public override string Sha256 => Known.GetOrAdd(_stamp, _ => base.Sha256);

        public override long Length { get; }

        public override void Read(long offset, Span<byte> destination)
        {
            while (!destination.IsEmpty)
            {
                int n = RandomAccess.Read(_handle, destination, offset);
                if (n == 0)
                {
                    throw new EndOfStreamException();
                }

                destination = destination[n..];
                offset += n;
            }
        }

        public override void Dispose()
        {
            _handle.Dispose();
            base.Dispose();
        }
    }

    private sealed class MemorySource(byte[] bytes) : ByteSource
    {
        public override long Length => bytes.Length;

        public override void Read(long offset, Span<byte> destination)
        {
            if (offset < 0 || offset + destination.Length > bytes.Length)
            {
                throw new EndOfStreamException();
            }

            bytes.AsSpan((int)offset, destination.Length).CopyTo(destination);
        }
    }
}
