using System.Runtime.InteropServices;

namespace Stemsharp.MachineCode;

/// <summary>
/// Pages that hold functions made at run time. No page is ever writable and executable at once: on Linux a file in memory is mapped
/// twice, elsewhere pages are written first and made executable then. A system may refuse either, and that is an ordinary outcome.
/// Never freed: functions live as long as the process.
/// </summary>
internal static unsafe partial class ExecutableMemory
{
    private const int ReadWrite = 3, ReadExecute = 5, Shared = 1, CloseOnExec = 1, Executable = 0x10;
    private const uint CommitAndReserve = 0x3000, PageReadWrite = 4, PageExecuteRead = 0x20;

    /// <summary>Makes code callable.</summary>
    /// <param name="code">Position-independent functions.</param>
    /// <param name="refusal">Why it cannot be, as a part of a sentence; empty where it can.</param>
    /// <returns>Where it begins, on a page's border; null where the system refuses.</returns>
    public static byte* Publish(ReadOnlySpan<byte> code, out string refusal)
    {
        try
        {
            return OperatingSystem.IsWindows() ? OnWindows(code, out refusal)
                : OperatingSystem.IsLinux() ? OnLinux(code, out refusal)
                : Refuse("making code at run time is not known on this system", out refusal);
        }
        catch (Exception e) when (e is EntryPointNotFoundException or DllNotFoundException)
        {
            return Refuse("the system lacks what making code at run time takes", out refusal);
        }
    }

    private static byte* OnLinux(ReadOnlySpan<byte> code, out string refusal)
    {
        // The flag that says that the file is to be executed is known since Linux 6.3; older ones refuse what they do not know.
        int file = CreateFile("stemsharp", CloseOnExec | Executable);
        if (file < 0)
        {
            file = CreateFile("stemsharp", CloseOnExec);
        }

        if (file < 0)
        {
            return Refuse($"the system refuses a file in memory ({Marshal.GetLastPInvokeErrorMessage()})", out refusal);
        }

        try
        {
            if (Truncate(file, code.Length) != 0)
            {
                return Refuse($"the system refuses memory for code ({Marshal.GetLastPInvokeErrorMessage()})", out refusal);
            }

            nint writable = Map(0, (nuint)code.Length, ReadWrite, Shared, file, 0);
            if (writable == -1)
            {
                return Refuse($"the system refuses memory for code ({Marshal.GetLastPInvokeErrorMessage()})", out refusal);
            }

            code.CopyTo(new Span<byte>((void*)writable, code.Length));
            _ = Unmap(writable, (nuint)code.Length);
            nint executable = Map(0, (nuint)code.Length, ReadExecute, Shared, file, 0);
            if (executable == -1)
            {
                return Refuse($"the system refuses executable memory ({Marshal.GetLastPInvokeErrorMessage()})", out refusal);
            }

            refusal = "";
            return (byte*)executable;
        }
        finally
        {
            _ = Close(file);
        }
    }

    private static byte* OnWindows(ReadOnlySpan<byte> code, out string refusal)
    {
        byte* memory = VirtualAlloc(null, (nuint)code.Length, CommitAndReserve, PageReadWrite);
        if (memory is null)
        {
            return Refuse($"the system refuses memory for code ({Marshal.GetLastPInvokeErrorMessage()})", out refusal);
        }

        code.CopyTo(new Span<byte>(memory, code.Length));
        if (VirtualProtect(memory, (nuint)code.Length, PageExecuteRead, out _) == 0 || FlushInstructionCache(-1, memory, (nuint)code.Length) == 0)
        {
            return Refuse($"the system refuses executable memory ({Marshal.GetLastPInvokeErrorMessage()})", out refusal);
        }

        refusal = "";
        return memory;
    }

    private static byte* Refuse(string why, out string refusal)
    {
        refusal = why;
        return null;
    }

    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int CreateFile(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Truncate(int file, nint length);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Unmap(nint address, nuint length);

    [LibraryImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Close(int file);

    [LibraryImport("kernel32", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial byte* VirtualAlloc(void* address, nuint size, uint type, uint protection);

    [LibraryImport("kernel32", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int VirtualProtect(void* address, nuint size, uint protection, out uint old);

    [LibraryImport("kernel32", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int FlushInstructionCache(nint process, void* address, nuint size);
}
