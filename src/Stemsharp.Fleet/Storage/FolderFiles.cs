namespace Stemsharp.Fleet.Storage;

/// <summary>Files on a file system that this machine sees.</summary>
internal sealed class FolderFiles : ISongSource
{
    public async Task FetchAsync(string address, string path, CancellationToken cancellationToken)
    {
        if (!File.Exists(address))
        {
            throw new StorageException(StorageFailure.NotFound, $"{address} is not seen from here; it lies on another machine, or is gone.");
        }

        try
        {
            await Task.Run(() => File.Copy(address, path), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LocalFile.Delete(path);
            throw LocalFile.Fault(path, exception);
        }
    }
}
