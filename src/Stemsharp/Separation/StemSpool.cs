using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Stemsharp.Audio;

namespace Stemsharp.Separation;

/// <summary>
/// Samples that wait in a temporary file, in planes of one length: the stems of a bag's earlier networks for the later
/// ones, or a song's stems for the gain that is known only at its end. Several threads may read and write at once.
/// </summary>
internal sealed class StemSpool : IDisposable
{
    private readonly IDisposable _file;
    private readonly SafeFileHandle _handle;
    private readonly long _length;
    private readonly string _folder;

    /// <param name="folder">Where; null for the system's temporary folder.</param>
    /// <param name="planes">How many planes.</param>
    /// <param name="length">Samples in each.</param>
    /// <exception cref="OutputException">There is too little space, or no file can be made.</exception>
    public StemSpool(string? folder, int planes, long length)
    {
        _folder = folder ?? Path.GetTempPath();
        _length = length;
        if (!Directory.Exists(_folder))
        {
            throw new OptionException($"The temporary folder '{_folder}' does not exist; make it, or choose another one.");
        }

        DiskSpace.Require(_folder, Bytes(planes, length), "for stems that wait");
        TemporaryFile file = new(_folder, forOtherPrograms: false);
        _file = file;
        _handle = file.Stream.SafeFileHandle;
    }

    /// <param name="file">A file that holds the planes, or will; owned.</param>
    /// <param name="folder">Where it is, for messages.</param>
    /// <param name="length">Samples in each plane.</param>
    public StemSpool(FileStream file, string folder, long length)
    {
        _folder = folder;
        _length = length;
        _file = file;
        _handle = file.SafeFileHandle;
    }

    /// <summary>What a spool takes on disk.</summary>
    public static long Bytes(int planes, long length) => checked(planes * length * sizeof(float));

    /// <summary>Reads samples; those that were never written are zero or beyond the file's end.</summary>
    /// <returns>How many were read.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int Read(int plane, long start, Span<float> samples)
    {
        Span<byte> bytes = MemoryMarshal.AsBytes(samples);
        int total = 0;
        try
        {
            for (int read; total < bytes.Length; total += read)
            {
                read = RandomAccess.Read(_handle, bytes[total..], Offset(plane, start) + total);
                if (read == 0)
                {
                    break;
                }
            }
        }
        catch (IOException error)
        {
            throw Failure("read", error);
        }

        return total / sizeof(float);
    }

    /// <summary>Writes samples at their place.</summary>
    public void Write(int plane, long start, ReadOnlySpan<float> samples)
    {
        try
        {
            RandomAccess.Write(_handle, MemoryMarshal.AsBytes(samples), Offset(plane, start));
        }
        catch (Exception error) when (OutputException.IsOfFiles(error))
        {
            throw Failure("written", error);
        }
    }

    public void Dispose() => _file.Dispose();

    private long Offset(int plane, long start) => (plane * _length + start) * sizeof(float);

    private OutputException Failure(string what, Exception error) => new(
        $"The temporary file in '{_folder}' cannot be {what}: {OutputException.WordsOf(error)} Free some space, or choose another temporary folder.",
        error);
}
