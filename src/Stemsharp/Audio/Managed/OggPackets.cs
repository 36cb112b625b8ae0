using System.Buffers.Binary;

namespace Stemsharp.Audio;

/// <summary>The packets of an Ogg file's first stream.</summary>
internal sealed class OggPackets : IDisposable
{
    private const int HeadBytes = 27, LargestPage = 27 + 255 + 255 * 255, LargestPacket = 16 << 20;

    private readonly ByteWindow _window;
    private readonly Queue<(byte[] Bytes, long Granule)> _waiting = new();
    private readonly List<byte> _open = [];
    private uint? _serial;
    private uint _next;
    private bool _hasDamage, _isAtEnd;

    /// <param name="file">A file at its start; disposed with this object.</param>
    /// <param name="name">Its name, for messages.</param>
    public OggPackets(Stream file, string name) => _window = new ByteWindow(file, name, LargestPage);

    /// <summary>What is wrong with the pages, as far as they were read to the end; null for nothing.</summary>
    public string? Complaint =>
        _hasDamage ? "The file is damaged: pages are broken or missing. What is lost is left out, and what follows comes earlier by that much."
        : _isAtEnd ? null
        : "The file is cut short: its last page is missing.";

    /// <summary>The next packet, and the granule position if it is the last one that ends on its page, else -1.</summary>
    public bool TryNext(out byte[] packet, out long granule)
    {
        while (_waiting.Count == 0)
        {
            if (!ReadPage())
            {
                packet = [];
                granule = -1;
                return false;
            }
        }

        (packet, granule) = _waiting.Dequeue();
        return true;
    }

    public void Dispose() => _window.Dispose();

    private bool ReadPage()
    {
        while (true)
        {
            ReadOnlySpan<byte> bytes = _window.Peek(LargestPage);
            if (bytes.Length < HeadBytes)
            {
                return false;
            }

            int segments = bytes[26], head = HeadBytes + segments, size = head;
            if (!bytes.StartsWith("OggS"u8) || bytes.Length < head)
            {
                _hasDamage = true;
                Search(bytes);
                continue;
            }

            foreach (byte segment in bytes[HeadBytes..head])
            {
                size += segment;
            }

            if (bytes.Length < size || Crc(bytes[..size]) != BinaryPrimitives.ReadUInt32LittleEndian(bytes[22..]))
            {
                _hasDamage = true;
                Search(bytes);
                continue;
            }

            uint serial = BinaryPrimitives.ReadUInt32LittleEndian(bytes[14..]);
            _serial ??= serial;
            if (serial == _serial)
            {
                TakePage(bytes[..size], segments);
                _window.Advance(size);
                return true;
            }

            _window.Advance(size);
        }
    }

    private void Search(ReadOnlySpan<byte> bytes)
    {
        int next = bytes[1..].IndexOf("OggS"u8);
        _window.Advance(next < 0 ? Math.Max(1, bytes.Length - 3) : next + 1);
    }

    private void TakePage(ReadOnlySpan<byte> page, int segments)
    {
        uint number = BinaryPrimitives.ReadUInt32LittleEndian(page[18..]);
        bool continues = (page[5] & 1) != 0, isGap = _next > 0 && number != _next;
        _hasDamage |= isGap;
        _isAtEnd |= (page[5] & 4) != 0;
        _next = number + 1;
        bool drop = continues && (_open.Count == 0 || isGap);
        if (!continues || isGap)
        {
            _open.Clear();
        }

        ReadOnlySpan<byte> sizes = page.Slice(HeadBytes, segments), body = page[(HeadBytes + segments)..];
        int last = sizes.LastIndexOfAnyExcept((byte)255);
        for (int i = 0; i < sizes.Length; i++)
        {
            if (!drop && _open.Count < LargestPacket)
            {
                _open.AddRange(body[..sizes[i]]);
            }

            body = body[sizes[i]..];
            if (sizes[i] < 255)
            {
                if (!drop)
                {
                    _waiting.Enqueue(([.. _open], i == last ? BinaryPrimitives.ReadInt64LittleEndian(page[6..]) : -1));
                }

                drop = false;
                _open.Clear();
            }
        }
    }

    private static readonly uint[] s_crc = Table();

    private static uint Crc(ReadOnlySpan<byte> page)
    {
        uint crc = 0;
        for (int i = 0; i < page.Length; i++)
        {
            // The checksum's own place counts as zero.
            crc = crc << 8 ^ s_crc[(crc >> 24) ^ (i is >= 22 and < 26 ? 0u : page[i])];
        }

        return crc;
    }

    private static uint[] Table()
    {
        uint[] table = new uint[256];
        for (uint i = 0; i < 256; i++)
        {
            uint value = i << 24;
            for (int bit = 0; bit < 8; bit++)
            {
                value = value << 1 ^ ((value & 0x8000_0000) != 0 ? 0x04C1_1DB7u : 0);
            }

            table[i] = value;
        }

        return table;
    }
}
