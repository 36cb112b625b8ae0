using System.Security.Cryptography;
using System.Text;
using Stemsharp.Audio;

namespace Stemsharp.Cli.Batches;

/// <summary>
/// The records of an output folder, in its subfolder <c>.stemsharp</c>: which tracks are finished, and which
/// process works on which track now. A process that dies loses its claim; what it had begun is swept away by the next one.
/// Locks stay as empty files: of two processes that both wait for a lock which is taken away, one could get the old file and
/// one that a third has made.
/// </summary>
internal sealed class OutputLedger
{
    internal const string FolderName = ".stemsharp";

    private readonly string _folder;

    internal OutputLedger(string root)
    {
        Root = Path.GetFullPath(root);
        _folder = Path.Combine(Root, FolderName);
    }

    /// <summary>The output folder.</summary>
    internal string Root { get; }

    /// <summary>The name under which a place for output is recorded.</summary>
    /// <param name="place">The relative path with the stem left open. Case does not count: some file systems ignore it.</param>
    internal static string Key(string place) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(place.ToUpperInvariant())))[..20];

    /// <summary>The record of a finished track, or null.</summary>
    internal TrackRecord? Find(string key) => TrackRecord.Read(RecordPath(key));

    /// <summary>Claims a track for this process; null when another process works on it.</summary>
    internal TrackClaim? TryClaim(string key)
    {
        Directory.CreateDirectory(_folder);
        string path = Path.Combine(_folder, key + ".lock");
        FileStream handle;
        try
        {
            // FileShare.None takes an advisory lock on Unix; it ends with the process, however that ends.
            handle = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1);
        }
        catch (IOException exception) when (exception is not (DirectoryNotFoundException or PathTooLongException)
            && File.Exists(path))
        {
            return null;
        }

        try
        {
            return new TrackClaim(this, key, Prepare(key), handle);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    internal string RecordPath(string key) => Path.Combine(_folder, key + ".json");

    internal string KeptPath(string key) => Path.Combine(_folder, key + ".steps");

    /// <summary>Sweeps away what a dead process has left of a track, and makes a folder for this one's work.</summary>
    private string Prepare(string key)
    {
        foreach (string stale in Directory.EnumerateDirectories(_folder, key + ".work-*"))
        {
            Directory.Delete(stale, recursive: true);
        }

        foreach (string stale in Directory.EnumerateFiles(_folder, key + ".json.*.tmp"))
        {
            File.Delete(stale);
        }

        string work = Path.Combine(_folder, $"{key}.work-{Environment.ProcessId}-{Guid.NewGuid():N}");
        Directory.CreateDirectory(work);
        return work;
    }
}

/// <summary>One process's right to write one track.</summary>
internal sealed class TrackClaim : IDisposable
{
    private readonly OutputLedger _ledger;
    private readonly string _key;
    private readonly FileStream _lock;

    internal TrackClaim(OutputLedger ledger, string key, string workFolder, FileStream handle)
    {
        _ledger = ledger;
        _key = key;
        _lock = handle;
        WorkFolder = workFolder;
    }

    /// <summary>The name under which the track is recorded.</summary>
    internal string Key => _key;

    /// <summary>Where the track's files are made; on the same volume as the output.</summary>
    internal string WorkFolder { get; }

    /// <summary>Where finished steps of a chain are kept, whatever becomes of this process, until the track is done.</summary>
    internal string KeptFolder => _ledger.KeptPath(_key);

    /// <summary>Moves the finished files into place, all or none, and records the track.</summary>
    /// <param name="files">From (absolute) and to (relative to the output folder).</param>
    /// <param name="record">Gets the files' sizes.</param>
    internal IReadOnlyList<RecordedFile> Publish(IReadOnlyList<(string From, string To)> files, TrackRecord record)
    {
        // A kill between two moves leaves a record that covers nothing, but says whose the files are.
        (record with { Outputs = [.. files.Select(f => new RecordedFile(f.To, RecordedFile.Unknown))] }).Write(_ledger.RecordPath(_key));
        List<RecordedFile> recorded = [];
        List<FileMove> moves = [];
        foreach ((string from, string to) in files)
        {
            string target = Path.Combine(_ledger.Root, to);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            recorded.Add(new RecordedFile(to, new FileInfo(from).Length));
            moves.Add(new FileMove(from, target));
        }

        FileMove.Together(moves);
        (record with { Outputs = recorded }).Write(_ledger.RecordPath(_key));
        if (Directory.Exists(KeptFolder))
        {
            Directory.Delete(KeptFolder, recursive: true);
        }

        return recorded;
    }

    public void Dispose()
    {
        try
        {
            Directory.Delete(WorkFolder, recursive: true);
        }
        catch (IOException)
        {
            // Swept away by the next claim.
        }

        _lock.Dispose();
    }
}
