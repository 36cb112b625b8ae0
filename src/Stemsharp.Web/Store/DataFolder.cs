using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Stemsharp.Web.Store;

/// <summary>
/// The server's folder. One server at a time holds it, and only its owner can read it.
/// <code>
/// token               the secret that clients show
/// jobs.db             the jobs' records and the notes on songs; -wal and -shm beside it are SQLite's
/// songs/ID/           song.json, source, cover, analysis.json
/// uploads/ID/         upload.json, data
/// jobs/ID/            stems/, peaks/, work/ (only while the job runs), fleet/ (only while a fleet has it)
/// lan.pem             the certificate for the machine's own network, with its key
/// speed.json          what the machine computes in a second
/// ballast             bytes to set free where a full disk lets nothing be deleted
/// set-aside/TIME/     a damaged database, and folders of jobs that are in none
/// </code>
/// </summary>
internal sealed class DataFolder : IDisposable
{
    private readonly FileStream _lock;

    public DataFolder(string root)
    {
        Root = Path.GetFullPath(root);
        CreatePrivate(Root);
        try
        {
            _lock = new FileStream(
                Path.Combine(Root, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException error)
        {
            throw new DataFolderInUseException(
                $"The data folder {Root} is in use by another server. Stop that one, or give this one a folder of its own with --data.",
                error);
        }
        foreach (string kind in (string[])["songs", "uploads", "jobs"])
        {
            CreatePrivate(Path.Combine(Root, kind));
        }
    }

    public string Root { get; }

    public string Token => Path.Combine(Root, "token");

    /// <summary>The database of jobs.</summary>
    public string Jobs => Path.Combine(Root, "jobs.db");

    /// <summary>The certificate for the machine's own network, with its key.</summary>
    public string LanCertificate => Path.Combine(Root, "lan.pem");

    /// <summary>What the machine computes in a second.</summary>
    public string Speed => Path.Combine(Root, "speed.json");

    public string Ballast => Path.Combine(Root, "ballast");

    public string Song(string id) => Inside("songs", id);

    public string Upload(string id) => Inside("uploads", id);

    public string Job(string id) => Inside("jobs", id);

    /// <summary>
    /// Everything of a kind that was accepted, with its record. What has no record was not accepted yet when the server
    /// was killed, and is deleted. What has one that cannot be read stays as it is: it may be readable to the next server.
    /// </summary>
    public IEnumerable<(string Id, T Record)> Recover<T>(string kind, string record, JsonTypeInfo<T> type, ILogger logger) where T : class
    {
        foreach (string id in Ids(kind))
        {
            string path = Path.Combine(Inside(kind, id), record);
            if (!File.Exists(path))
            {
                TryDelete(Inside(kind, id), logger);
            }
            else if (TryRead(path, type, logger) is { } found)
            {
                yield return (id, found);
            }
        }
    }

    /// <summary>The ids of a kind's folders.</summary>
    public string[] Ids(string kind) => [.. Directory.EnumerateDirectories(Path.Combine(Root, kind)).Select(Path.GetFileName).OfType<string>().Where(Id.IsValid)];

    /// <summary>Reads a document; null where there is none, or where it cannot be read, which is logged.</summary>
    public static T? TryRead<T>(string path, JsonTypeInfo<T> type, ILogger logger) where T : class
    {
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            using FileStream file = File.OpenRead(path);
            return JsonSerializer.Deserialize(file, type);
        }
        catch (Exception error) when (error is IOException or JsonException or UnauthorizedAccessException)
        {
            logger.LogError("{Path} cannot be read and is left as it is: {Error}", path, error.Message);
            return null;
        }
    }

    /// <summary>Moves files and folders, those that are there, out of the way into a new folder, and tells which.</summary>
    public string SetAside(IReadOnlyList<string> paths)
    {
        string aside = Path.Combine(Root, "set-aside", $"{DateTime.UtcNow:yyyyMMdd-HHmmss}-{Id.New()[..4]}");
        CreatePrivate(aside);
        foreach (string path in paths.Where(Path.Exists))
        {
            Directory.Move(path, Path.Combine(aside, Path.GetFileName(path)));
        }

        return aside;
    }

    /// <summary>
    /// Writes a document so that a reader finds the old or the new one, whole, whatever happens: it is on the disk
    /// before it takes its name.
    /// </summary>
    public static void WriteJson<T>(string path, T value, JsonTypeInfo<T> type)
    {
        string temporary = path + ".new";
        using (FileStream file = new(temporary, FileMode.Create, FileAccess.Write))
        {
            JsonSerializer.Serialize(file, value, type);
            file.Flush(flushToDisk: true);
        }
        File.Move(temporary, path, overwrite: true);
    }

    public static void CreatePrivate(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    public static void Delete(string folder)
    {
        // Asked first: an exception for each of thousands of jobs' folders that are not there would cost the start seconds.
        if (!Directory.Exists(folder))
        {
            return;
        }

        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // Gone already: that is what was asked.
        }
    }

    /// <summary>
    /// Deletes what was accepted, or throws and leaves it as it is. Without its record it is gone, whatever becomes of the
    /// rest of its folder: the next start deletes that.
    /// </summary>
    public static void DeleteAccepted(string record, ILogger logger)
    {
        try
        {
            File.Delete(record);
        }
        catch (DirectoryNotFoundException)
        {
            // Gone already: that is what was asked.
        }
        TryDelete(Path.GetDirectoryName(record)!, logger);
    }

    /// <summary>Deletes a folder that nobody misses; what cannot be deleted is logged, and is in nobody's way.</summary>
    public static void TryDelete(string folder, ILogger logger)
    {
        try
        {
            Delete(folder);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            logger.LogWarning("{Folder} cannot be deleted: {Error}", folder, error.Message);
        }
    }

    public static long SizeOf(string folder)
    {
        DirectoryInfo directory = new(folder);
        // A file that goes while they are counted takes nothing.
        return directory.Exists
            ? directory.EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Exists ? file.Length : 0)
            : 0;
    }

    public void Dispose() => _lock.Dispose();

    private string Inside(string kind, string id) => Id.IsValid(id)
        ? Path.Combine(Root, kind, id)
        : throw new ArgumentException("Not an id.", nameof(id));
}

/// <summary>Another server holds the data folder.</summary>
internal sealed class DataFolderInUseException(string message, Exception inner) : OptionException(message, inner);
