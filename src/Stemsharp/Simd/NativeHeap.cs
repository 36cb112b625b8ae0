using System.Runtime.InteropServices;

namespace Stemsharp.Simd;

/// <summary>Memory outside the managed heap; <see cref="NativeBuffer{T}"/> owns what is taken from here.</summary>
internal static unsafe partial class NativeHeap
{
    // A cache line, and the widest vector.
    private const nuint Alignment = 64;
    private const nuint HugePage = 2 << 20;
    private const int AdviseHugePages = 14; // MADV_HUGEPAGE

    /// <summary>Allocates.</summary>
    /// <param name="bytes">How much, at least 1.</param>
    /// <param name="zeroed">Whether it must be zero; otherwise it holds anything.</param>
    /// <param name="hugePages">Whether to fill whole huge pages, which the system is asked for where it can give them.</param>
    internal static void* Allocate(nuint bytes, bool zeroed, bool hugePages)
    {
        nuint alignment = hugePages ? HugePage : Alignment;
        nuint size = (bytes + alignment - 1) / alignment * alignment;
        void* pointer = NativeMemory.AlignedAlloc(size, alignment);
        if (hugePages && OperatingSystem.IsLinux())
        {
            try
            {
                // Advice only: where it is refused, ordinary pages serve.
                _ = Advise(pointer, size, AdviseHugePages);
            }
            catch (EntryPointNotFoundException)
            {
            }
            catch (DllNotFoundException)
            {
            }
        }

        if (zeroed)
        {
            NativeMemory.Clear(pointer, size);
        }

        return pointer;
    }

    internal static void Free(void* pointer) => NativeMemory.AlignedFree(pointer);

    /// <summary>
    /// Gives free memory of the C library's heap back to the system. That heap keeps the packed weights of a
    /// network that is gone, in pieces which the next one's may not fit.
    /// </summary>
    public static void Trim()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        try
        {
            _ = MallocTrim(0);
        }
        catch (EntryPointNotFoundException)
        {
            // Other C libraries than glibc return memory by themselves.
        }
        catch (DllNotFoundException)
        {
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Advise(void* address, nuint length, int advice);

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int MallocTrim(nuint pad);
}
