using System.Globalization;

namespace Stemsharp.Audio;

/// <summary>
/// A file that disappears when it is disposed. On Linux it has no name from the start, so that it also goes when the
/// process is killed; on Windows the system deletes it on close, unless other programs have to open it. Elsewhere what
/// a killed process left is removed when the next temporary file is made.
/// </summary>
internal sealed class TemporaryFile : IDisposable
{
    private readonly string? _name;

    /// <param name="folder">Where; default the system's folder for temporary files.</param>
    /// <param name="forOtherPrograms">Whether a child process has to open it by <see cref="Path"/>.</param>
    /// <exception cref="OutputException">It can't be created.</exception>
    public TemporaryFile(string? folder, bool forOtherPrograms)
    {
        folder ??= System.IO.Path.GetTempPath();
        string name = System.IO.Path.Combine(folder, OutputFile.TemporaryName());
        bool deletedBySystem = OperatingSystem.IsWindows() && !forOtherPrograms;
        try
        {
            if (!OperatingSystem.IsLinux() && !deletedBySystem)
            {
                OutputFile.Sweep(folder);
            }

            FileStreamOptions options = new()
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.ReadWrite,
                Share = FileShare.ReadWrite | FileShare.Delete,
                BufferSize = 0,
                Options = deletedBySystem ? FileOptions.DeleteOnClose : FileOptions.None,
            };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            Stream = new FileStream(name, options);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new OutputException($"No temporary file can be made in '{folder}': {error.Message}. Choose another folder for temporary files.", error);
        }

        Path = name;
        if (!deletedBySystem)
        {
            _name = name;
        }

        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        string nameless = string.Create(
            CultureInfo.InvariantCulture, $"/proc/{Environment.ProcessId}/fd/{Stream.SafeFileHandle.DangerousGetHandle()}");
        // Without /proc there is no way to open a file that has no name.
        if (!File.Exists(nameless))
        {
            return;
        }

        File.Delete(name);
        _name = null;
        Path = nameless;
    }

    /// <summary>Opens the same file again, here or (where asked for) in a child process, while this object lives.</summary>
    public string Path { get; }

    /// <summary>For reading and writing.</summary>
    public FileStream Stream { get; }

    public void Dispose()
    {
        Stream.Dispose();
        if (_name is null)
        {
            return;
        }

        try
        {
            File.Delete(_name);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Somebody still reads it; a later sweep removes it.
        }
    }
}
