using System.Collections.Concurrent;
using Stemsharp.Client;
using Stemsharp.Web.Separation;
using Stemsharp.Web.Settings;
using Stemsharp.Web.Text;

namespace Stemsharp.Web.Store;

/// <summary>Takes songs in, keeps them, and drops those that no job needs.</summary>
internal sealed class SongStore
{
    private const string RecordName = "song.json";
    private readonly DataFolder _folder;
    private readonly DiskBudget _disk;
    private readonly ServeOptions _options;
    private readonly ISongSeparator _separator;
    private readonly ILogger<SongStore> _logger;
    private readonly INoteStore _noteStore;
    private readonly ConcurrentDictionary<string, StoredSong> _songs = [];
    private readonly ConcurrentDictionary<string, SongNotes> _notes = [];
    private readonly Lock _changes = new();

    public SongStore(
        DataFolder folder, DiskBudget disk, ServeOptions options, ISongSeparator separator, INoteStore notes, ILogger<SongStore> logger)
    {
        (_folder, _disk, _options, _separator, _noteStore, _logger) = (folder, disk, options, separator, notes, logger);
        foreach ((string id, StoredSong song) in folder.Recover("songs", RecordName, StoreJson.Default.StoredSong, logger))
        {
            _songs[id] = song;
            _disk.Set(Item(id), DataFolder.SizeOf(folder.Song(id)));
        }

        foreach ((string id, SongNotes kept) in notes.ReadNotes())
        {
            _notes[id] = kept;
        }
    }

    public IEnumerable<Song> Songs => _songs.Values.Select(Shown).OrderByDescending(song => song.Created);

    public Song Get(string id) => Shown(Find(id));

    public Song? TryGet(string id) => _songs.TryGetValue(id, out StoredSong? song) ? Shown(song) : null;

    /// <summary>What is kept of a song for its players.</summary>
    public SongNotes Notes(string id)
    {
        Find(id);
        return _notes.GetValueOrDefault(id) ?? new SongNotes();
    }

    /// <summary>Changes what is kept of a song, or throws and changes nothing.</summary>
    public SongNotes Change(string id, SongNotes change)
    {
        NotesCheck.Check(change);
        lock (_changes)
        {
            SongNotes before = Notes(id), after = new()
            {
                Title = change.Title ?? before.Title,
                Artist = change.Artist ?? before.Artist,
                Levels = change.Levels ?? before.Levels,
                Markers = change.Markers ?? before.Markers,
                Practice = change.Practice ?? before.Practice,
            };
            _noteStore.SaveNotes(id, after);
            return _notes[id] = after;
        }
    }

    /// <summary>The file of a song's picture and what kind it is.</summary>
    public (string Path, string Type) Cover(string id) => Find(id).CoverType is { } type
        ? (CoverPath(id), type)
        : throw new StoreException(StoreErrorKind.NotFound, "The song has no picture.");

    /// <summary>Where the song's bytes are. A file outside the data folder is checked against the roots once more.</summary>
    public string Source(string id)
    {
        StoredSong song = Find(id);
        return song.Path is null ? Path.Combine(_folder.Song(id), "source") : LocalRoots.Resolve(song.Path, _options.Roots);
    }

    /// <summary>Streams a song to the disk and looks what it is.</summary>
    public async Task<Song> AddAsync(string name, Stream body, long? announced, CancellationToken cancellationToken)
    {
        string id = Id.New();
        string folder = _folder.Song(id);
        _disk.Reserve(Item(id), announced ?? 0);
        try
        {
            DataFolder.CreatePrivate(folder);
            string source = Path.Combine(folder, "source");
            long bytes = await CopyAsync(id, body, source, announced, cancellationToken).ConfigureAwait(false);
            return Keep(id, name, source, bytes, path: null, cancellationToken);
        }
        catch
        {
            Discard(id);
            throw;
        }
    }

    /// <summary>
    /// Takes a file that has arrived in pieces; it is moved, not copied. Nothing stops it: the client that sent the last
    /// piece may have gone, and comes back to ask.
    /// </summary>
    public Song Adopt(string name, string file)
    {
        string id = Id.New();
        string folder = _folder.Song(id);
        try
        {
            DataFolder.CreatePrivate(folder);
            string source = Path.Combine(folder, "source");
            File.Move(file, source);
            return Keep(id, name, source, new FileInfo(source).Length, path: null, CancellationToken.None);
        }
        catch
        {
            Discard(id);
            throw;
        }
    }

    /// <summary>Takes a file where it lies, inside one of the allowed roots.</summary>
    public Song AddLocal(string path, CancellationToken cancellationToken)
    {
        if (_options.Roots.Count == 0)
        {
            throw new StoreException(StoreErrorKind.Forbidden, "This server takes no paths. Start it with --allow-path FOLDER to let it read songs from a folder.");
        }

        string resolved = LocalRoots.Resolve(path, _options.Roots);
        string id = Id.New();
        try
        {
            DataFolder.CreatePrivate(_folder.Song(id));
            return Keep(id, Path.GetFileName(resolved), resolved, new FileInfo(resolved).Length, resolved, cancellationToken);
        }
        catch
        {
            Discard(id);
            throw;
        }
    }

    /// <summary>What was found in a song; null where nobody has looked.</summary>
    public SongAnalysis? Analysis(string id) => DataFolder.TryRead(AnalysisFile(id), StoreJson.Default.SongAnalysis, _logger);

    /// <summary>Keeps what was found in a song beside it: it goes with the song, and is not kept of one that has gone.</summary>
    public void Keep(string id, SongAnalysis analysis)
    {
        lock (_changes)
        {
            DataFolder.WriteJson(AnalysisFile(id), analysis, StoreJson.Default.SongAnalysis);
            _disk.Set(Item(id), DataFolder.SizeOf(_folder.Song(id)));
        }
    }

    /// <summary>Deletes a song, or throws and leaves it as it is.</summary>
    public void Drop(string id)
    {
        lock (_changes)
        {
            DataFolder.DeleteAccepted(Record(id), _logger);
            Forget(id);
            if (_notes.TryRemove(id, out _))
            {
                _noteStore.DeleteNotes(id);
            }
        }
    }

    /// <summary>Gives back what a song without a record has taken.</summary>
    private void Discard(string id)
    {
        DataFolder.TryDelete(_folder.Song(id), _logger);
        Forget(id);
    }

    private void Forget(string id)
    {
        _songs.TryRemove(id, out _);
        _disk.Release(Item(id));
    }

    private static string Item(string id) => "song " + id;

    private string AnalysisFile(string id) => Path.Combine(_folder.Song(Get(id).Id), "analysis.json");

    private string Record(string id) => Path.Combine(_folder.Song(id), RecordName);

    private string CoverPath(string id) => Path.Combine(_folder.Song(id), "cover");

    /// <summary>A song as its notes call it.</summary>
    private Song Shown(StoredSong stored)
    {
        Song song = stored.Song;
        SongNotes? notes = _notes.GetValueOrDefault(song.Id);
        return song with
        {
            Title = notes?.Title is { Length: > 0 } title ? title : song.Title ?? Path.GetFileNameWithoutExtension(song.Name),
            Artist = notes?.Artist is { Length: > 0 } artist ? artist : song.Artist,
            HasCover = stored.CoverType is not null,
        };
    }

    private StoredSong Find(string id) => _songs.TryGetValue(id, out StoredSong? song) ? song : throw StoreException.NotFound("song", id);

    private Song Keep(string id, string name, string source, long bytes, string? path, CancellationToken cancellationToken)
    {
        if (bytes == 0)
        {
            throw Empty(name);
        }

        AudioFacts facts;
        try
        {
            facts = _separator.Probe(source, cancellationToken);
        }
        catch (StemsharpException error) when (error is (AudioException and not OutputException) or ExternalToolException)
        {
            // The message names the file on the server's disk; the client knows it by its own name.
            string message = error.Message.Replace(source, $"'{ClientText.Quoted(name)}'", StringComparison.Ordinal);
            throw error is AudioException { Failure: AudioFailure.TooLong }
                ? new StoreException(StoreErrorKind.TooLong, $"{message} Or start the server with a larger --max-duration.", error)
                : new StoreException(StoreErrorKind.NotMusic, message, error);
        }

        // Of some files only an estimate of the length is known, which a reader does not refuse.
        if (facts.DurationSeconds > _options.MaxDuration.TotalSeconds)
        {
            throw new StoreException(
                StoreErrorKind.TooLong,
                $"The song lasts {TimeSpan.FromSeconds(facts.DurationSeconds):h\\:mm\\:ss}; the server takes up to {_options.MaxDuration:h\\:mm\\:ss}. Cut it, or start the server with a larger --max-duration.");
        }

        Song song = new(
            id, name, bytes, facts.DurationSeconds, facts.SampleRate, facts.Channels, facts.Format, DateTimeOffset.UtcNow)
        {
            Title = ClientText.Line(facts.Title),
            Artist = ClientText.Line(facts.Artist),
        };
        StoredSong stored = new(song, path) { CoverType = facts.Cover?.MimeType };
        if (facts.Cover is { } cover)
        {
            File.WriteAllBytes(CoverPath(id), cover.Data.Span);
        }

        DataFolder.WriteJson(Record(id), stored, StoreJson.Default.StoredSong);
        _disk.Set(Item(id), DataFolder.SizeOf(_folder.Song(id)));
        _songs[id] = stored;
        return Shown(stored);
    }

    private async Task<long> CopyAsync(string id, Stream body, string target, long? announced, CancellationToken cancellationToken)
    {
        const int step = 64 << 20;
        long bytes = 0, reserved = announced ?? 0;
        byte[] buffer = new byte[1 << 16];
        using FileStream file = new(target, FileMode.CreateNew, FileAccess.Write, FileShare.Read, 0, useAsync: true);
        while (true)
        {
            int read = await body.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            if (read == 0)
            {
                break;
            }

            bytes += read;
            if (bytes > _options.MaxUploadBytes)
            {
                throw UploadTooLarge(_options);
            }

            if (bytes > reserved)
            {
                _disk.Reserve(Item(id), reserved += step);
            }

            await file.WriteAsync(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
        }
        if (announced is { } length && bytes != length)
        {
            throw new StoreException(StoreErrorKind.Invalid, $"The request announced {length} bytes and sent {bytes}. Send it again.");
        }

        file.Flush(flushToDisk: true);
        return bytes;
    }

    public static StoreException Empty(string name) => new(
        StoreErrorKind.NotMusic, $"'{ClientText.Quoted(name)}' is empty: the file has no bytes. Choose another, or copy it anew from where it came.");

    public static StoreException UploadTooLarge(ServeOptions options) => new(
        StoreErrorKind.TooLarge,
        $"The server takes files up to {options.MaxUploadBytes / 1_000_000} MB. Send a smaller file, or start the server with a larger --max-upload.");
}
