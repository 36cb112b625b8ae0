namespace Stemsharp.Fleet.Storage;

/// <summary>Where songs come from: addresses of one kind.</summary>
internal interface ISongSource
{
    /// <summary>Brings a file over: whole, or not at all. A transfer that was cut goes on where it was.</summary>
    /// <param name="address">Where it is.</param>
    /// <param name="path">A file that is not there yet.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="StorageException">It is not there, not what it should be, or the server is not.</exception>
    /// <exception cref="OutputException">The file cannot be written here, as on a full disk.</exception>
    Task FetchAsync(string address, string path, CancellationToken cancellationToken);
}

/// <summary>Where stems go: files by their names, such as <c>htdemucs/song/vocals.wav</c>, below one address.</summary>
internal interface IStemTarget
{
    /// <summary>What a small file holds; null where there is none.</summary>
    /// <exception cref="StorageException">The server says otherwise, or nothing.</exception>
    Task<byte[]?> ReadAsync(string name, CancellationToken cancellationToken);

    /// <summary>Writes a small file.</summary>
    /// <exception cref="StorageException">The server does not take it.</exception>
    Task WriteAsync(string name, byte[] content, CancellationToken cancellationToken);

    /// <summary>A file's length in bytes; null where there is none.</summary>
    /// <exception cref="StorageException">The server says otherwise, or nothing.</exception>
    Task<long?> LengthAsync(string name, CancellationToken cancellationToken);

    /// <summary>Brings a file over, as far as that goes without anybody seeing it.</summary>
    /// <param name="name">What it is called there.</param>
    /// <param name="path">Where it is here.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="StorageException">The server does not take it.</exception>
    Task<IStagedFile> StageAsync(string name, string path, CancellationToken cancellationToken);

    /// <summary>What a file's address is, for people and for those who fetch it. Secrets of addresses do not come out.</summary>
    string AddressOf(string name);
}

/// <summary>A file that was brought over and is not to be seen yet. Disposing of one that was not published takes it away.</summary>
internal interface IStagedFile : IAsyncDisposable
{
    /// <summary>Lets it be seen: whole, in one step.</summary>
    /// <exception cref="StorageException">The server does not do it.</exception>
    Task PublishAsync(CancellationToken cancellationToken);
}
