using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Stemsharp.Checkpoints.Zip;

/// <summary>
/// The directory of a zip archive as torch.save writes it, zip64 included. Stored entries are read in place,
/// from any thread, which System.IO.Compression does not offer. Strict: whatever is ambiguous (duplicate names,
/// overlapping entries, headers that contradict the directory) is refused.
/// </summary>
internal sealed class ZipArchiveReader
{
    private const int EndSize = 22, Zip64LocatorSize = 20, Zip64EndSize = 56, CentralSize = 46, LocalSize = 30;
    private const int MaxEntries = 100_000, MaxDirectoryBytes = 16 << 20, MaxNameBytes = 512;

    // A deflated checkpoint gains a few percent; more than this on a large archive is a bomb.
    private const long BombBytes = 64L << 20, BombRatio = 50;

    private readonly ByteSource _source;
    private readonly Dictionary<string, ZipEntry> _entries = new(StringComparer.Ordinal);
    private readonly List<ZipEntry> _ordered = [];

    public ZipArchiveReader(ByteSource source)
    {
        _source = source;
        (long offset, int size, int count) = FindDirectory();
        ReadDirectory(offset, size, count);
        LocateData(offset);
    }

    /// <summary>All entries in the directory's order.</summary>
    public IReadOnlyList<ZipEntry> Entries => _ordered;

    /// <summary>Skip comparing CRCs: the whole file's checksum was compared already.</summary>
    public bool IsTrusted { get; set; }

    public ZipEntry? Find(string name) => _entries.GetValueOrDefault(name);

    /// <summary>Reads part of an entry's inflated bytes.</summary>
    public void Read(ZipEntry entry, long offset, Span<byte> destination)
    {
        if (offset < 0 || offset + destination.Length > entry.Size)
        {
            throw new EndOfStreamException();
        }

        if (!entry.IsDeflated)
        {
            Verify(entry);
            _source.Read(entry.DataOffset + offset, destination);
            return;
        }

        byte[] all = Inflate(entry);
        all.AsSpan((int)offset, destination.Length).CopyTo(destination);
    }

    /// <summary>Reads a whole entry.</summary>
    public byte[] ReadAll(ZipEntry entry, int maxBytes)
    {
        if (entry.Size > maxBytes)
        {
            throw new CheckpointFormatException($"its entry '{entry.Name}' has {entry.Size:N0} bytes; at most {maxBytes:N0} are sane there. The file was not loaded.");
        }

        if (entry.IsDeflated)
        {
            return Inflate(entry);
        }

        byte[] bytes = new byte[entry.Size];
        Read(entry, 0, bytes);
        return bytes;
    }

    private void Verify(ZipEntry entry)
    {
        if (IsTrusted || entry.IsVerified)
        {
            return;
        }

        uint crc = 0;
        _source.ForEachBlock(entry.DataOffset, entry.CompressedSize, block => crc = Crc32.Append(crc, block.Span));
        CheckCrc(entry, crc);
    }

    private byte[] Inflate(ZipEntry entry)
    {
        if (entry.Inflated is { } cached && cached.TryGetTarget(out byte[]? bytes))
        {
            return bytes;
        }

        bytes = new byte[entry.Size];
        using (DeflateStream stream = new(new RangeStream(_source, entry.DataOffset, entry.CompressedSize), CompressionMode.Decompress))
        {
            int n = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (n != bytes.Length || stream.ReadByte() >= 0)
            {
                throw CheckpointFormatException.Damaged($"its entry '{entry.Name}' does not inflate to the {entry.Size:N0} bytes that the archive's directory states");
            }
        }

        if (!IsTrusted && !entry.IsVerified)
        {
            CheckCrc(entry, Crc32.Append(0, bytes));
        }

        entry.Inflated = new WeakReference<byte[]>(bytes);
        return bytes;
    }

    private static void CheckCrc(ZipEntry entry, uint crc)
    {
        if (crc != entry.Crc)
        {
            throw CheckpointFormatException.Damaged($"the bytes of its entry '{entry.Name}' do not match their checksum");
        }

        entry.IsVerified = true;
    }

    private (long Offset, int Size, int Count) FindDirectory()
    {
        int tailSize = (int)Math.Min(_source.Length, EndSize + ushort.MaxValue);
        byte[] tail = _source.ReadBytes(_source.Length - tailSize, tailSize);
        int end = tailSize - EndSize;
        while (end >= 0 && !(U32(tail, end) == 0x06054b50 && end + EndSize + U16(tail, end + 20) == tailSize))
        {
            end--;
        }

        if (end < 0)
        {
            throw CheckpointFormatException.Damaged("it begins as a zip archive but has no directory at its end");
        }

        long endOffset = _source.Length - tailSize + end;
        long disk = U16(tail, end + 4), count = U16(tail, end + 10), size = U32(tail, end + 12), offset = U32(tail, end + 16);
        long limit = endOffset;
        if (end >= Zip64LocatorSize && U32(tail, end - Zip64LocatorSize) == 0x07064b50)
        {
            ulong position = U64(tail, end - Zip64LocatorSize + 8);
            if (position > (ulong)(endOffset - Zip64LocatorSize - Zip64EndSize))
            {
                throw CheckpointFormatException.Damaged("its zip64 directory lies outside the file");
            }

            byte[] end64 = _source.ReadBytes((long)position, Zip64EndSize);
            if (U32(end64, 0) != 0x06064b50)
            {
                throw CheckpointFormatException.Damaged("its zip64 directory has no end record where it should be");
            }

            disk = U32(end64, 16);
            count = Bounded(U64(end64, 32));
            size = Bounded(U64(end64, 40));
            offset = Bounded(U64(end64, 48));
            limit = (long)position;
        }

        if (disk != 0)
        {
            throw new CheckpointFormatException("it is one part of a zip archive split over several files, which is not supported. Join the parts first.");
        }

        if (size > MaxDirectoryBytes || count > MaxEntries)
        {
            throw new CheckpointFormatException($"its zip directory claims {count:N0} entries in {size:N0} bytes; at most {MaxEntries:N0} in {MaxDirectoryBytes:N0} are sane. The file was not loaded.");
        }

        if (offset > limit - size)
        {
            throw CheckpointFormatException.Damaged("its zip directory lies outside the file");
        }

        return (offset, (int)size, (int)count);
    }

    private void ReadDirectory(long offset, int size, int count)
    {
        byte[] directory = _source.ReadBytes(offset, size);
        int at = 0;
        long total = 0;
        for (int i = 0; i < count; i++)
        {
            if (at > size - CentralSize || U32(directory, at) != 0x02014b50)
            {
                throw CheckpointFormatException.Damaged($"its zip directory ends after {i} of {count} entries");
            }

            int nameSize = U16(directory, at + 28), extraSize = U16(directory, at + 30), commentSize = U16(directory, at + 32);
            int next = at + CentralSize + nameSize + extraSize + commentSize;
            if (next > size)
            {
                throw CheckpointFormatException.Damaged("an entry of its zip directory runs over the directory's end");
            }

            ZipEntry entry = ReadEntry(directory.AsSpan(at, CentralSize), directory.AsSpan(at + CentralSize, nameSize), directory.AsSpan(at + CentralSize + nameSize, extraSize), offset);
            if (!_entries.TryAdd(entry.Name, entry))
            {
                throw new CheckpointFormatException($"it holds two entries named '{entry.Name}', so that different readers would see different models. The file was not loaded.");
            }

            _ordered.Add(entry);
            total += entry.Size;
            at = next;
        }

        if (total > BombBytes && total / BombRatio > _source.Length)
        {
            throw new CheckpointFormatException($"its {_source.Length:N0} bytes claim to inflate to {total:N0}, which no checkpoint does: a zip bomb. The file was not loaded.");
        }
    }

    private static ZipEntry ReadEntry(ReadOnlySpan<byte> central, ReadOnlySpan<byte> nameBytes, ReadOnlySpan<byte> extra, long directoryOffset)
    {
        string name = ReadName(nameBytes);
        int flags = U16(central, 8), method = U16(central, 10);
        if ((flags & 1) != 0)
        {
            throw new CheckpointFormatException($"its entry '{name}' is encrypted, which is not supported.");
        }

        if (method is not (0 or 8))
        {
            throw new CheckpointFormatException($"its entry '{name}' is compressed with method {method}; stored (0) and deflated (8) are supported. Save it again with torch.save.");
        }

        long compressed = U32(central, 20), size = U32(central, 24), header = U32(central, 42);
        for (int at = 0; at + 4 <= extra.Length;)
        {
            int id = U16(extra, at), fieldSize = U16(extra, at + 2);
            at += 4;
            if (fieldSize > extra.Length - at)
            {
                break;
            }

            if (id == 1)
            {
                // The fields that are all ones in the entry follow here as 64-bit numbers, in this order.
                ReadOnlySpan<byte> field = extra.Slice(at, fieldSize);
                if (size == uint.MaxValue)
                {
                    size = Take(ref field);
                }

                if (compressed == uint.MaxValue)
                {
                    compressed = Take(ref field);
                }

                if (header == uint.MaxValue)
                {
                    header = Take(ref field);
                }
            }

            at += fieldSize;
        }

        if (method == 0 && compressed != size)
        {
            throw CheckpointFormatException.Damaged($"its stored entry '{name}' has two different sizes");
        }

        if (header > directoryOffset || compressed > directoryOffset - header)
        {
            throw CheckpointFormatException.Damaged($"its entry '{name}' lies outside the file");
        }
        // Deflate expands at most 1032 times.
        if (size / 1032 > compressed + 1)
        {
            throw CheckpointFormatException.Damaged($"its entry '{name}' claims to inflate from {compressed:N0} to {size:N0} bytes, which is impossible");
        }

        if (method == 8 && size > Array.MaxLength)
        {
            throw new CheckpointFormatException($"its deflated entry '{name}' has {size:N0} bytes; at most {Array.MaxLength:N0} are supported. Save it again with torch.save, which stores entries.");
        }

        return new ZipEntry { Name = name, IsDeflated = method == 8, Crc = U32(central, 16), CompressedSize = compressed, Size = size, HeaderOffset = header };

        static long Take(ref ReadOnlySpan<byte> field)
        {
            if (field.Length < 8)
            {
                throw CheckpointFormatException.Damaged("a zip64 field of its directory is cut off");
            }

            long value = Bounded(U64(field, 0));
            field = field[8..];
            return value;
        }
    }

    // Names never become paths on disk; one that could is a sign of a file made to harm others, and is refused.
    private static string ReadName(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length is 0 or > MaxNameBytes)
        {
            throw CheckpointFormatException.Damaged($"an entry's name has {bytes.Length} bytes");
        }

        string name;
        try
        {
            name = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
        }
        catch (ArgumentException)
        {
            throw CheckpointFormatException.Damaged("an entry's name is not UTF-8");
        }

        if (name.Any(char.IsControl))
        {
            throw CheckpointFormatException.Damaged("an entry's name has control characters");
        }

        if (name[0] == '/' || name.Contains('\\') || name.Contains(':') || name.Split('/').Contains(".."))
        {
            throw new CheckpointFormatException($"its entry '{name}' points outside the archive. The file was not loaded.");
        }

        return name;
    }

    private void LocateData(long directoryOffset)
    {
        byte[] header = new byte[LocalSize + MaxNameBytes];
        ZipEntry? previous = null;
        foreach (ZipEntry entry in _ordered.OrderBy(e => e.HeaderOffset))
        {
            if (previous is not null && entry.HeaderOffset < previous.DataOffset + previous.CompressedSize)
            {
                throw new CheckpointFormatException($"its entries '{previous.Name}' and '{entry.Name}' overlap. The file was not loaded.");
            }

            int nameSize = Encoding.UTF8.GetByteCount(entry.Name);
            if (entry.HeaderOffset > directoryOffset - LocalSize - nameSize)
            {
                throw CheckpointFormatException.Damaged($"its entry '{entry.Name}' lies outside the file");
            }

            Span<byte> local = header.AsSpan(0, LocalSize + nameSize);
            _source.Read(entry.HeaderOffset, local);
            if (U32(local, 0) != 0x04034b50 || U16(local, 26) != nameSize || Encoding.UTF8.GetString(local[LocalSize..]) != entry.Name)
            {
                throw CheckpointFormatException.Damaged($"its entry '{entry.Name}' is not where the directory says");
            }

            entry.DataOffset = entry.HeaderOffset + LocalSize + nameSize + U16(local, 28);
            if (entry.DataOffset > directoryOffset - entry.CompressedSize)
            {
                throw CheckpointFormatException.Damaged($"its entry '{entry.Name}' runs into the directory");
            }

            previous = entry;
        }
    }

    private static long Bounded(ulong value) =>
        value <= 1UL << 48 ? (long)value : throw CheckpointFormatException.Damaged($"its zip directory states a size of {value:N0}");

    private static int U16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    private static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static ulong U64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);
}
