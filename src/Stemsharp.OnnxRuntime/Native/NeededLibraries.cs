using System.Buffers.Binary;
using System.Reflection.PortableExecutable;
using System.Text;

namespace Stemsharp.OnnxRuntime.Native;

/// <summary>Which libraries a library's file asks the system for: the NEEDED entries of ELF, the import tables of PE.</summary>
internal static class NeededLibraries
{
    /// <summary>The names, in the file's order; none for a file of another kind.</summary>
    /// <param name="path">The library.</param>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public static IReadOnlyList<string> Of(string path)
    {
        using FileStream file = File.OpenRead(path);
        Span<byte> start = stackalloc byte[4];
        int read = file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        file.Position = 0;
        try
        {
            return read == 4 && start.SequenceEqual("\u007FELF"u8) ? OfElf(file)
                : read == 4 && start[..2].SequenceEqual("MZ"u8) ? OfPe(file)
                : [];
        }
        catch (Exception e) when (e is EndOfStreamException or BadImageFormatException or ArgumentOutOfRangeException)
        {
            throw new InvalidDataException($"{path} is damaged: {e.Message}", e);
        }
    }

    // 64-bit, little-endian, as all that onnxruntime is built for.
    private static List<string> OfElf(FileStream file)
    {
        const int Load = 1, Dynamic = 2, Needed = 1, Strings = 5;
        byte[] header = Read(file, 0, 64);
        if (header[4] != 2 || header[5] != 1)
        {
            return [];
        }

        int entrySize = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(54)), entries = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(56));
        byte[] table = Read(file, Long(header, 32), entrySize * entries);
        List<(long Offset, long Address, long Size)> loaded = [];
        byte[] dynamic = [];
        for (int i = 0; i < entries; i++)
        {
            ReadOnlySpan<byte> entry = table.AsSpan(i * entrySize, 56);
            uint type = BinaryPrimitives.ReadUInt32LittleEndian(entry);
            (long offset, long address, long size) = (Long(entry, 8), Long(entry, 16), Long(entry, 32));
            if (type == Load)
            {
                loaded.Add((offset, address, size));
            }
            else if (type == Dynamic)
            {
                dynamic = Read(file, offset, size);
            }
        }

        List<long> names = [];
        long strings = 0;
        for (int i = 0; i + 16 <= dynamic.Length && Long(dynamic, i) != 0; i += 16)
        {
            if (Long(dynamic, i) == Needed)
            {
                names.Add(Long(dynamic, i + 8));
            }
            else if (Long(dynamic, i) == Strings)
            {
                strings = Long(dynamic, i + 8);
            }
        }

        if (names.Count == 0)
        {
            return [];
        }

        (long at, long from, long _) = loaded.Find(part => strings >= part.Address && strings < part.Address + part.Size) is { Size: > 0 } part
            ? part
            : throw new BadImageFormatException("Its names lie outside of it.");
        return names.ConvertAll(name => Text(file, strings - from + at + name));
    }

    // What is imported at once, and what is loaded at the first call.
    private static List<string> OfPe(FileStream file)
    {
        const int ImportSize = 20, ImportName = 12, DelaySize = 32, DelayName = 4;
        using PEReader reader = new(file, PEStreamOptions.LeaveOpen);
        PEHeaders headers = reader.PEHeaders;
        if (headers.PEHeader is not { } header)
        {
            return [];
        }

        return [.. Names(header.ImportTableDirectory, ImportSize, ImportName), .. Names(header.DelayImportTableDirectory, DelaySize, DelayName)];

        List<string> Names(DirectoryEntry directory, int size, int nameAt)
        {
            List<string> names = [];
            for (int at = directory.RelativeVirtualAddress; directory.Size > 0; at += size)
            {
                byte[] entry = Read(file, Offset(at), size);
                int name = BinaryPrimitives.ReadInt32LittleEndian(entry.AsSpan(nameAt));
                if (name == 0)
                {
                    break;
                }

                names.Add(Text(file, Offset(name)));
            }

            return names;
        }

        long Offset(int address)
        {
            int section = headers.GetContainingSectionIndex(address);
            return section >= 0
                ? address - headers.SectionHeaders[section].VirtualAddress + headers.SectionHeaders[section].PointerToRawData
                : throw new BadImageFormatException("Its import table lies outside of it.");
        }
    }

    private static long Long(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt64LittleEndian(bytes[at..]);

    private static byte[] Read(FileStream file, long offset, long size)
    {
        if (offset < 0 || size < 0 || offset > file.Length || size > file.Length - offset)
        {
            throw new EndOfStreamException("A table lies beyond its end.");
        }

        byte[] bytes = new byte[size];
        file.Position = offset;
        file.ReadExactly(bytes);
        return bytes;
    }

    private static string Text(FileStream file, long offset)
    {
        byte[] bytes = Read(file, offset, Math.Min(512, Math.Max(0, file.Length - offset)));
        int end = Array.IndexOf(bytes, (byte)0);
        return end >= 0 ? Encoding.UTF8.GetString(bytes, 0, end) : throw new BadImageFormatException("A name has no end.");
    }
}
