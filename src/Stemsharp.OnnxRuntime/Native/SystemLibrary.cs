using System.Runtime.InteropServices;

namespace Stemsharp.OnnxRuntime.Native;

/// <summary>Libraries that the system finds by their names. The current directory is never searched.</summary>
internal static class SystemLibrary
{
    /// <summary>Loads a library.</summary>
    /// <param name="name">Its file name, without a folder.</param>
    /// <param name="library">Its handle.</param>
    public static bool TryLoad(string name, out nint library)
    {
        foreach (string candidate in Candidates(name))
        {
            bool loaded = Path.IsPathRooted(candidate)
                ? NativeLibrary.TryLoad(candidate, out library)
                : NativeLibrary.TryLoad(candidate, typeof(SystemLibrary).Assembly, DllImportSearchPath.System32, out library);
            if (loaded)
            {
                return true;
            }
        }

        library = 0;
        return false;
    }

    /// <summary>Whether a library can be loaded.</summary>
    /// <param name="name">Its file name, without a folder.</param>
    public static bool CanLoad(string name)
    {
        if (!TryLoad(name, out nint library))
        {
            return false;
        }

        NativeLibrary.Free(library);
        return true;
    }

    private static IReadOnlyList<string> Candidates(string name)
    {
        if (OperatingSystem.IsWindows())
        {
            return [name];
        }

        return OperatingSystem.IsMacOS()
            ? Files(name, Environment.GetEnvironmentVariable("DYLD_LIBRARY_PATH"), ["/opt/homebrew/lib", "/usr/local/lib", "/usr/lib"])
            : Candidates(name, Environment.GetEnvironmentVariable("LD_LIBRARY_PATH"), LinuxFolders);
    }

    private static string[] LinuxFolders
    {
        get
        {
            string machine = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "aarch64" : "x86_64";
            return ["/usr/local/lib", $"/usr/lib/{machine}-linux-gnu", "/usr/lib64", "/usr/lib"];
        }
    }

    /// <summary>
    /// What the loader of Linux is asked for: the name alone, which it looks up in <paramref name="searchPath"/> and in its
    /// own cache; but files by their full paths where an entry of the search path is empty or relative, as after
    /// <c>LD_LIBRARY_PATH=$LD_LIBRARY_PATH:/opt/lib</c>, because the loader takes such an entry for the current directory.
    /// </summary>
    internal static IReadOnlyList<string> Candidates(string name, string? searchPath, IReadOnlyList<string> folders) =>
        string.IsNullOrEmpty(searchPath) || Entries(searchPath).All(Path.IsPathRooted) ? [name] : Files(name, searchPath, folders);

    // macOS looks for a name without a folder in the current directory, too.
    private static string[] Files(string name, string? searchPath, IReadOnlyList<string> folders) =>
        [.. Entries(searchPath ?? "").Where(Path.IsPathRooted).Concat(folders).Select(folder => Path.Combine(folder, name)).Where(File.Exists)];

    private static string[] Entries(string searchPath) => searchPath.Split(':', ';');
}
