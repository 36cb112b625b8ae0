namespace Stemsharp.Fleet.Storage;

/// <summary>Files on this machine that are being fetched: what goes wrong with them is told from what goes wrong with the network.</summary>
internal static class LocalFile
{
    /// <exception cref="OutputException">It cannot be made.</exception>
    internal static FileStream Create(string path) => Guard(path, () =>
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read, 0, FileOptions.Asynchronous);
    });

    internal static void Restart(FileStream file, string path) => Guard(path, () =>
    {
        file.SetLength(0);
        return file.Seek(0, SeekOrigin.Begin);
    });

    internal static async Task WriteAsync(FileStream file, string path, ReadOnlyMemory<byte> block, CancellationToken cancellationToken)
    {
        try
        {
            await file.WriteAsync(block, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Fault(path, exception);
        }
    }

    internal static async Task FlushAsync(FileStream file, string path, CancellationToken cancellationToken)
    {
        try
        {
            await file.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Fault(path, exception);
        }
    }

    internal static void Delete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It goes with the folder that it is in.
        }
    }

    /// <summary>What went wrong with a file here.</summary>
    internal static OutputException Fault(string path, Exception exception) => new($"{path} cannot be written: {exception.Message}", exception);

    private static T Guard<T>(string path, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Fault(path, exception);
        }
    }
}
