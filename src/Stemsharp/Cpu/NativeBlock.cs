using System.Runtime.InteropServices;

namespace Stemsharp.Cpu;

/// <summary>Zeroed memory outside the managed heap, aligned to huge pages, which the system is asked for where it can give them.</summary>
internal sealed unsafe partial class NativeBlock : IDisposable
{
    private const nuint HugePage = 2 << 20;
    private const int AdviseHugePages = 14; // MADV_HUGEPAGE

    private void* _pointer;

    public NativeBlock(long bytes)
    {
        nuint size = ((nuint)bytes + HugePage - 1) / HugePage * HugePage;
        _pointer = NativeMemory.AlignedAlloc(size, HugePage);
        if (OperatingSystem.IsLinux())
        {
            try
            {
                // Advice only: where it is refused, ordinary pages serve.
                _ = Advise(_pointer, size, AdviseHugePages);
            }
            catch (EntryPointNotFoundException)
            {
            }
            catch (DllNotFoundException)
            {
            }
        }

        NativeMemory.Clear(_pointer, size);
    }

    ~NativeBlock() => Free();

    public void* Pointer => _pointer;

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

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.AlignedFree(_pointer);
        _pointer = null;
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Advise(void* address, nuint length, int advice);

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int MallocTrim(nuint pad);
}
