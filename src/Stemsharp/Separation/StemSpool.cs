using System.Globalization;
using System.Runtime.InteropServices;

namespace Stemsharp.Separation;

/// <summary>
/// Stems of a bag's earlier networks, waiting in a temporary file for the later ones: one run of floats per stem
/// and channel. The file has no name where the system allows it, so that nothing is left whatever happens.
/// </summary>
internal sealed class StemSpool : IDisposable
{
    private readonly FileStream _file;
    private readonly long _length;
    private readonly string _folder;

    /// <param name="folder">Where; null for the system's temporary folder.</param>
    /// <param name="planes">Stems × channels.</param>
    /// <param name="length">Samples per channel.</param>
    public StemSpool(string? folder, int planes, long length)
    {
        _folder = folder ?? Path.GetTempPath();
        _length = length;
        long bytes = checked(planes * length * sizeof(float));
        RequireSpace(_folder, bytes);
        string path = Path.Combine(_folder, $"stemsharp-{Guid.NewGuid():N}.tmp");
        try
        {
            _file = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.ReadWrite,
                Share = FileShare.Delete,
                Options = FileOptions.DeleteOnClose | FileOptions.RandomAccess,
                BufferSize = 0,
            });
            if (!OperatingSystem.IsWindows())
            {
                File.Delete(path);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Failure("A temporary file cannot be made", error);
        }
    }

    /// <summary>Reads samples that were written before.</summary>
    public void Read(int plane, long start, Span<float> samples)
    {
        try
        {
            _file.Position = ((plane * _length) + start) * sizeof(float);
            _file.ReadExactly(MemoryMarshal.AsBytes(samples));
        }
        catch (IOException error)
        {
            throw Failure("The temporary file cannot be read", error);
        }
    }

    /// <summary>Writes samples at their place.</summary>
    public void Write(int plane, long start, ReadOnlySpan<float> samples)
    {
        try
        {
            _file.Position = ((plane * _length) + start) * sizeof(float);
            _file.Write(MemoryMarshal.AsBytes(samples));
        }
        catch (IOException error)
        {
            throw Failure("The temporary file cannot be written", error);
        }
    }

    public void Dispose() => _file.Dispose();

    /// <summary>Makes sure before the work that so many bytes fit; says nothing where the system does not tell.</summary>
    private static void RequireSpace(string folder, long bytes)
    {
        if (!Directory.Exists(folder))
        {
            throw new OptionException($"The temporary folder '{folder}' does not exist; make it, or choose another one.");
        }

        long free;
        try
        {
            string full = Path.GetFullPath(folder);
            free = new DriveInfo(OperatingSystem.IsWindows() ? Path.GetPathRoot(full)! : full).AvailableFreeSpace;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return;
        }

        if (free < bytes)
        {
            throw new OptionException(
                $"The temporary folder '{folder}' has {Megabytes(free)} free, but {Megabytes(bytes)} are needed for stems that "
                + "wait for the model's other networks; free some, choose another folder, or ask for fewer stems.");
        }
    }

    private static string Megabytes(long bytes) => (bytes / 1e6).ToString("N0", CultureInfo.InvariantCulture) + " MB";

    private StemsharpException Failure(string what, Exception error) =>
        new($"{what} in '{_folder}': {error.Message} Free some space, or choose another temporary folder.", error);
}
