using System.IO.Pipes;
using System.Runtime.InteropServices;

namespace Stemsharp.Audio;

/// <summary>The room in a pipe between two processes.</summary>
internal static partial class PipeSize
{
    // What Linux lets every user ask for.
    private const int LargestBytes = 1 << 20;
    private const int SetPipeSize = 1031; // F_SETPIPE_SZ

    /// <summary>
    /// Asks for as much room as there can be, so that neither end waits for the other's turn on the processor at every 64 KB. Advice only: where
    /// it is refused, or the system is another one, the pipe stays as it is.
    /// </summary>
    /// <param name="stream">A process's redirected stream.</param>
    public static void Enlarge(Stream stream)
    {
        if (!OperatingSystem.IsLinux() || stream is not PipeStream pipe)
        {
            return;
        }

        try
        {
            _ = Control(pipe.SafePipeHandle, SetPipeSize, LargestBytes);
        }
        catch (EntryPointNotFoundException)
        {
        }
        catch (DllNotFoundException)
        {
        }
    }

    [LibraryImport("libc", EntryPoint = "fcntl")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Control(SafeHandle file, int command, int argument);
}
