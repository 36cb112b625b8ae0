using System.Diagnostics;
using System.Globalization;

namespace Stemsharp.Audio;

/// <summary>
/// A file that is written under a temporary name in its own folder and gets its final name when it is complete.
/// The temporary name tells the host and process that own it, so that what a killed process left can be removed.
/// </summary>
internal sealed class OutputFile : IDisposable
{
    private const string Suffix = ".stemsharp-part";
    private readonly FileMove _move;
    private bool _done;

    /// <summary>Chooses the temporary name and makes sure that the folder takes it.</summary>
    /// <param name="path">The final name. Its folder must exist.</param>
    /// <exception cref="OutputException">The folder is missing or can't be written.</exception>
    public OutputFile(string path)
    {
        Path = System.IO.Path.GetFullPath(path);
        string folder = System.IO.Path.GetDirectoryName(Path)
            ?? throw new OutputException($"'{path}' is not a file name. Give a file in a folder.");
        if (Directory.Exists(Path))
        {
            throw new OutputException($"'{path}' is a folder, so that no file can be written there. Give another name.");
        }

        TemporaryPath = System.IO.Path.Combine(folder, TemporaryName());
        _move = new FileMove(TemporaryPath, Path);
        Guard(() => new FileStream(TemporaryPath, FileMode.CreateNew, FileAccess.Write).Dispose());
    }

    /// <summary>The final name.</summary>
    public string Path { get; }

    /// <summary>Where the content goes until then.</summary>
    public string TemporaryPath { get; }

    /// <summary>
    /// Gives the file its final name; an older file of that name is replaced in one step, and kept under a temporary name until
    /// <see cref="Settle"/>.
    /// </summary>
    public void Commit() => Guard(_move.Make);

    /// <summary>After <see cref="Commit"/>: takes the name back, or gives it to the older file again.</summary>
    public void Undo() => Guard(_move.Undo);

    /// <summary>After <see cref="Commit"/>: nothing is undone any more, and the older file goes.</summary>
    public void Settle() => _move.Settle();

    /// <summary>Runs file operations on the output, with errors that name it.</summary>
    public void Guard(Action action)
    {
        try
        {
            action();
        }
        catch (Exception error) when (OutputException.IsOfFiles(error))
        {
            throw Failure(error);
        }
    }

    /// <summary>The error for the user from one of the file system.</summary>
    public OutputException Failure(Exception error) => error switch
    {
        DirectoryNotFoundException => new OutputException($"'{Path}' can't be written: its folder does not exist. Create it first.", error),
        UnauthorizedAccessException => new OutputException($"'{Path}' can't be written: this user may not write there. Choose another folder or change its permissions.", error),
        IOException when IsDiskFull(error) => new OutputException($"'{Path}' can't be written: no space left on the disk. Free some space or choose another folder.", error),
        _ => new OutputException($"'{Path}' can't be written: {OutputException.WordsOf(error)}", error),
    };

    public void Dispose()
    {
        if (_done)
        {
            return;
        }

        _done = true;
        Settle();
        try
        {
            // A file that has its final name is there no more.
            File.Delete(TemporaryPath);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Whatever made the work fail is what the user has to know; the rest goes with the next sweep.
        }
    }

    /// <summary>A new file name that tells its owner.</summary>
    internal static string TemporaryName() =>
        string.Create(CultureInfo.InvariantCulture, $".{HostMark}-{Environment.ProcessId}-{Guid.NewGuid():N}{Suffix}");

    /// <summary>Removes what processes of this host that no longer run left in a folder.</summary>
    /// <returns>How many files were removed.</returns>
    public static int Sweep(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return 0;
        }

        int removed = 0;
        EnumerationOptions hiddenToo = new() { AttributesToSkip = 0, IgnoreInaccessible = true };
        foreach (string file in Directory.EnumerateFiles(folder, ".*" + Suffix, hiddenToo))
        {
            string[] parts = System.IO.Path.GetFileName(file).TrimStart('.').Split('-');
            if (parts.Length < 3 || parts[0] != HostMark || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int process)
                || process == Environment.ProcessId || IsRunning(process))
            {
                continue;
            }

            try
            {
                File.Delete(file);
                removed++;
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // Another process sweeps too, or the file is not ours to delete.
            }
        }

        return removed;
    }

    /// <summary>Whether an error means that the disk (or a quota on it) is full.</summary>
    internal static bool IsDiskFull(Exception error)
    {
        const int windowsDiskFull = unchecked((int)0x80070070), windowsHandleDiskFull = unchecked((int)0x80070027);
        const int noSpace = 28, quotaLinux = 122, quotaMac = 69;
        return error.HResult is windowsDiskFull or windowsHandleDiskFull
            || (!OperatingSystem.IsWindows() && (error.HResult is noSpace or quotaLinux or quotaMac));
    }

    private static string HostMark
    {
        get
        {
            uint hash = 2166136261;
            foreach (char c in Environment.MachineName)
            {
                hash = (hash ^ c) * 16777619;
            }

            return hash.ToString("x8", CultureInfo.InvariantCulture);
        }
    }

    private static bool IsRunning(int process)
    {
        try
        {
            using Process found = Process.GetProcessById(process);
            return !found.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
        catch (Exception error) when (error is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return true;
        }
    }
}
