using System.Collections.Concurrent;
using Stemsharp.Client;
using Stemsharp.Web.Settings;

namespace Stemsharp.Web.Store;

/// <summary>
/// Uploads in pieces. What has arrived is the length of the data file, so that nothing can disagree with it after a
/// restart, and a connection that breaks loses at most what was in flight.
/// </summary>
internal sealed class UploadStore
{
    private const int MaxUploads = 1000;
    private const string RecordName = "upload.json";
    private readonly DataFolder _folder;
    private readonly DiskBudget _disk;
    private readonly ServeOptions _options;
    private readonly SongStore _songs;
    private readonly ILogger<UploadStore> _logger;
    private readonly ConcurrentDictionary<string, StoredUpload> _uploads = [];
    private readonly ConcurrentDictionary<string, byte> _busy = [];

    /// <summary>Uploads that have become songs, for a client that has not heard the answer to its last piece.</summary>
    private readonly ConcurrentDictionary<string, Upload> _finished = [];

    public UploadStore(DataFolder folder, DiskBudget disk, ServeOptions options, SongStore songs, ILogger<UploadStore> logger)
    {
        (_folder, _disk, _options, _songs, _logger) = (folder, disk, options, songs, logger);
        foreach ((string id, StoredUpload upload) in folder.Recover("uploads", RecordName, StoreJson.Default.StoredUpload, logger))
        {
            _uploads[id] = upload;
            _disk.Set(Item(id), upload.Bytes);
        }
    }

    public Upload Create(NewUpload wanted)
    {
        if (wanted.Bytes < 0)
        {
            throw new StoreException(StoreErrorKind.Invalid, $"'bytes' is {wanted.Bytes}; it is the size of the file, at least 1.");
        }

        if (wanted.Bytes == 0)
        {
            throw SongStore.Empty(wanted.Name);
        }

        if (wanted.Bytes > _options.MaxUploadBytes)
        {
            throw SongStore.UploadTooLarge(_options);
        }

        if (_uploads.Count >= MaxUploads)
        {
            throw new StoreException(StoreErrorKind.TooMany, $"{MaxUploads} uploads are open. Finish or delete some.");
        }

        StoredUpload upload = new(Id.New(), wanted.Name, wanted.Bytes, DateTimeOffset.UtcNow);
        _disk.Reserve(Item(upload.Id), upload.Bytes);
        try
        {
            DataFolder.CreatePrivate(_folder.Upload(upload.Id));
            File.Create(Data(upload.Id)).Dispose();
            DataFolder.WriteJson(Record(upload.Id), upload, StoreJson.Default.StoredUpload);
        }
        catch
        {
            Discard(upload.Id);
            throw;
        }
        _uploads[upload.Id] = upload;
        return Describe(upload);
    }

    public Upload Get(string id) => _finished.TryGetValue(id, out Upload? finished) ? finished : Describe(Find(id));

    public async Task<Upload> AppendAsync(string id, long offset, Stream body, CancellationToken cancellationToken)
    {
        StoredUpload upload = Find(id);
        if (!_busy.TryAdd(id, 0))
        {
            throw new StoreException(StoreErrorKind.Conflict, "Another request is sending a piece of this upload. Wait for it to end.");
        }

        try
        {
            if (await WriteAsync(upload, offset, body, cancellationToken).ConfigureAwait(false) < upload.Bytes)
            {
                return Describe(upload);
            }

            try
            {
                Song song = _songs.Adopt(upload.Name, Data(id));
                return _finished[id] = new Upload(id, upload.Name, upload.Bytes, upload.Bytes) { Song = song };
            }
            finally
            {
                Discard(id);
            }
        }
        finally
        {
            _busy.TryRemove(id, out _);
        }
    }

    /// <summary>Gives an upload up, or throws and leaves it as it is.</summary>
    public void Delete(string id)
    {
        Find(id);
        DataFolder.DeleteAccepted(Record(id), _logger);
        Forget(id);
    }

    /// <summary>Uploads that nobody has gone on with since a time.</summary>
    public IReadOnlyList<string> IdleSince(DateTimeOffset time) =>
        [.. _uploads.Values.Where(upload => upload.Created < time && File.GetLastWriteTimeUtc(Data(upload.Id)) < time.UtcDateTime && !_busy.ContainsKey(upload.Id)).Select(upload => upload.Id)];

    /// <summary>Forgets that uploads have become songs, where that was before a time.</summary>
    public void ForgetFinishedBefore(DateTimeOffset time)
    {
        foreach (Upload upload in _finished.Values)
        {
            if (upload.Song!.Created < time)
            {
                _finished.TryRemove(upload.Id, out _);
            }
        }
    }

    /// <summary>Gives back what an upload that is not wanted any more has taken.</summary>
    private void Discard(string id)
    {
        DataFolder.TryDelete(_folder.Upload(id), _logger);
        Forget(id);
    }

    private void Forget(string id)
    {
        _uploads.TryRemove(id, out _);
        _disk.Release(Item(id));
    }

    private static string Item(string id) => "upload " + id;

    private string Record(string id) => Path.Combine(_folder.Upload(id), RecordName);

    private string Data(string id) => Path.Combine(_folder.Upload(id), "data");

    private StoredUpload Find(string id) =>
        _uploads.TryGetValue(id, out StoredUpload? upload) ? upload : throw StoreException.NotFound("upload", id);

    private Upload Describe(StoredUpload upload)
    {
        // The file of one that is just being taken over as a song has gone from here already. So has that of one whose server
        // was killed at it: it comes once more.
        FileInfo data = new(Data(upload.Id));
        return new Upload(upload.Id, upload.Name, upload.Bytes, data.Exists ? data.Length : _busy.ContainsKey(upload.Id) ? upload.Bytes : 0);
    }

    private async Task<long> WriteAsync(StoredUpload upload, long offset, Stream body, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[1 << 16];
        using FileStream file = new(Data(upload.Id), FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, 0, useAsync: true);
        if (offset != file.Length)
        {
            throw new StoreException(
                StoreErrorKind.OffsetMismatch,
                $"The piece starts at {offset} and {file.Length} bytes have arrived. Go on from 'offset', as GET on the upload tells.");
        }
        file.Seek(0, SeekOrigin.End);
        while (true)
        {
            int read = await body.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            if (read == 0)
            {
                break;
            }

            if (file.Length + read > upload.Bytes)
            {
                throw new StoreException(StoreErrorKind.TooLarge, $"The upload was announced with {upload.Bytes} bytes and more have come.");
            }

            await file.WriteAsync(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
        }
        file.Flush(flushToDisk: true);
        return file.Length;
    }
}
