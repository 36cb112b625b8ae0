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

    private const int Disabled = 2;

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

        void* memory = NativeMemory.Alloc(Size);
        Stack own = new() { Memory = memory, Size = Size };
        if (Exchange(&own, null) == 0)
        {
            return new SignalStack(memory, before);
        }

        NativeMemory.Free(memory);
        return null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        fixed (Stack* before = &_before)
        {
            _ = Exchange(before, null);
        }

        NativeMemory.Free(_memory);
    }

    [LibraryImport("libc", EntryPoint = "sigaltstack")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Exchange(Stack* stack, Stack* before);

    // stack_t.
    [StructLayout(LayoutKind.Sequential)]
    private struct Stack
    {
        public void* Memory;
        public int Flags;
        public nuint Size;
    }
}
