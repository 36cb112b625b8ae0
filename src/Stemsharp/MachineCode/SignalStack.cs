using System.Runtime.InteropServices;

namespace Stemsharp.MachineCode;

/// <summary>
/// A roomier stack for the signals of one thread. What Linux keeps of a thread's registers while it handles a signal grows by 8 KB once the
/// thread has used tiles; the runtime's own stack for signals has 12. A null reference met there must stay an exception.
/// </summary>
internal sealed unsafe partial class SignalStack : IDisposable
{
    /// <summary>Bytes.</summary>
    public const int Size = 64 * 1024;

    private const int Disabled = 2, ReadWrite = 3, PrivateAndAnonymous = 0x22;

    private readonly void* _memory;
    private Stack _before;

    private SignalStack(void* memory, Stack before)
    {
        _memory = memory;
        _before = before;
    }

    /// <summary>Gives this thread a roomier one, until it is disposed on the same thread, which must be before the thread ends.</summary>
    /// <returns>Null where there is none to be replaced: on other systems, in programs compiled ahead of time, and where it is large enough.</returns>
    public static SignalStack? Enlarge()
    {
        Stack before;
        if (!OperatingSystem.IsLinux() || Exchange(null, &before) != 0 || (before.Flags & Disabled) != 0 || before.Size >= Size)
        {
            return null;
        }

        void* memory = Map(null, Size, ReadWrite, PrivateAndAnonymous, -1, 0);
        if ((nint)memory == -1)
        {
            return null;
        }

        Stack own = new() { Memory = memory, Size = Size };
        if (Exchange(&own, null) == 0)
        {
            return new SignalStack(memory, before);
        }

        _ = Unmap(memory, Size);
        return null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        fixed (Stack* before = &_before)
        {
            _ = Exchange(before, null);
        }

        _ = Unmap(_memory, Size);
    }

    [LibraryImport("libc", EntryPoint = "sigaltstack")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Exchange(Stack* stack, Stack* before);

    [LibraryImport("libc", EntryPoint = "mmap")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial void* Map(void* address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Unmap(void* address, nuint length);

    // stack_t.
    [StructLayout(LayoutKind.Sequential)]
    private struct Stack
    {
        public void* Memory;
        public int Flags;
        public nuint Size;
    }
}
