using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Stemsharp.Audio;

/// <summary>What stands behind a name.</summary>
internal enum FileType
{
    /// <summary>A file with bytes that stay, or nothing that could be asked.</summary>
    Regular,

    /// <summary>A pipe: its bytes come once.</summary>
    Pipe,

    /// <summary>A device, such as a terminal.</summary>
    Device,

    /// <summary>A socket.</summary>
    Socket,
}

/// <summary>
/// Tells pipes, devices and sockets from files without opening them: opening a pipe waits for its other end, and .NET has no name for these types.
/// </summary>
internal static partial class SpecialFile
{
    private const int CurrentFolder = -100; // AT_FDCWD
    private const uint TypeField = 1;       // STATX_TYPE
    private const int TypeMask = 0xF000, PipeType = 0x1000, CharacterType = 0x2000, BlockType = 0x6000, SocketType = 0xC000;

    /// <summary>What a path stands for; links are followed.</summary>
    /// <param name="path">A path; one that does not exist counts as regular, and opening it says the rest.</param>
    public static FileType TypeOf(string path) => (Mode(path) & TypeMask) switch
    {
        PipeType => FileType.Pipe,
        CharacterType or BlockType => FileType.Device,
        SocketType => FileType.Socket,
        _ => FileType.Regular,
    };

    private static int Mode(string path)
    {
        Span<byte> answer = stackalloc byte[256];
        try
        {
            // Offsets of the mode: the same on every processor.
            if (OperatingSystem.IsLinux())
            {
                return Statx(CurrentFolder, path, 0, TypeField, ref MemoryMarshal.GetReference(answer)) == 0
                    ? BinaryPrimitives.ReadUInt16LittleEndian(answer[28..]) : 0;
            }

            if (OperatingSystem.IsMacOS())
            {
                int result = RuntimeInformation.ProcessArchitecture == Architecture.X64
                    ? StatX64(path, ref MemoryMarshal.GetReference(answer)) : Stat(path, ref MemoryMarshal.GetReference(answer));
                return result == 0 ? BinaryPrimitives.ReadUInt16LittleEndian(answer[4..]) : 0;
            }
        }
        catch (Exception error) when (error is EntryPointNotFoundException or DllNotFoundException)
        {
            // A C library without the call: everything counts as a file.
        }

        return 0;
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Statx(int folder, string path, int flags, uint mask, ref byte answer);

    [LibraryImport("libc", EntryPoint = "stat", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Stat(string path, ref byte answer);

    [LibraryImport("libc", EntryPoint = "stat$INODE64", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int StatX64(string path, ref byte answer);
}
