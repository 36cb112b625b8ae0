using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Stemsharp.Client;

namespace Stemsharp.Web.Store;

/// <summary>Jobs as rows of the data folder's database, each with its files in a folder of its own.</summary>
internal sealed class SqliteJobStore : IJobStore, INoteStore, IDeviceStore, IDisposable
{
    /// <summary>A job's record in the form that data folders had before there was a database: a file beside the job's own.</summary>
    private const string OlderRecordName = "job.json";

    /// <summary>Bytes that are set free where a full disk does not let a job be deleted, which would make room.</summary>
    private const int BallastBytes = 256 << 10;
    private readonly Lock _gate = new();
    private readonly DataFolder _folder;
    private readonly ILogger<SqliteJobStore> _logger;
    private readonly RecordDatabase _database;

    public SqliteJobStore(DataFolder folder, ILogger<SqliteJobStore> logger)
    {
        (_folder, _logger) = (folder, logger);
        _database = Open();
        LoadBallast();
    }

    public IReadOnlyList<StoredJob> Recover()
    {
        lock (_gate)
        {
            TakeOver();
            IReadOnlyList<(string Id, string Record)> rows = _database.Read(RecordDatabase.Jobs);
            List<StoredJob> jobs = [];
            foreach ((string id, string record) in rows)
            {
                if (Parse(id, record) is { } job)
                {
                    jobs.Add(job);
                }
                else
                {
                    _logger.LogError("The record of job {JobId} in {Path} cannot be read and is left as it is", id, _folder.Jobs);
                }
            }

            Sweep([.. rows.Select(row => row.Id)]);
            return jobs;
        }
    }

    public void Save(params IReadOnlyList<StoredJob> jobs)
    {
        lock (_gate)
        {
            foreach (StoredJob job in jobs)
            {
                DataFolder.CreatePrivate(_folder.Job(job.Id));
            }

            _database.Write(RecordDatabase.Jobs, jobs.Select(Row));
        }
    }

    public void Delete(string id)
    {
        lock (_gate)
        {
            string folder = _folder.Job(id);
            if (File.Exists(OlderRecord(id)))
            {
                // It would bring the job back.
                File.Delete(OlderRecord(id));
            }

            try
            {
                _database.Delete(RecordDatabase.Jobs, id);
            }
            catch (StoreException full) when (full.Kind == StoreErrorKind.DiskFull && File.Exists(_folder.Ballast))
            {
                File.Delete(_folder.Ballast);
                _database.Delete(RecordDatabase.Jobs, id);
            }

            DataFolder.TryDelete(folder, _logger);
            LoadBallast();
        }
    }

    public void Tidy(string id, bool results, bool steps)
    {
        StemFiles files = Files(id);
        DataFolder.Delete(files.Work);
        DataFolder.Delete(files.Mixes);
        if (results)
        {
            DataFolder.Delete(files.Stems);
            DataFolder.Delete(files.PeaksFolder);
        }

        if (steps)
        {
            DataFolder.Delete(files.Steps);
            DataFolder.Delete(files.Fleet);
        }
    }

    /// <summary>Mixes are not among it: they are booked for as long as they are there.</summary>
    public long Size(string id)
    {
        StemFiles files = Files(id);
        long record;
        lock (_gate)
        {
            record = _database.Length(RecordDatabase.Jobs, id);
        }

        return DataFolder.SizeOf(files.Work) + DataFolder.SizeOf(files.Steps) + DataFolder.SizeOf(files.Fleet) + DataFolder.SizeOf(files.Stems) + DataFolder.SizeOf(files.PeaksFolder) + record;
    }

    public StemFiles Files(string id) => new(_folder.Job(id));

    public IReadOnlyDictionary<string, SongNotes> ReadNotes() => Read(RecordDatabase.Notes, StoreJson.Default.SongNotes);

    public IReadOnlyList<StoredDevice> ReadDevices() => [.. Read(RecordDatabase.Devices, StoreJson.Default.StoredDevice).Values];

    public void SaveDevice(StoredDevice device)
    {
        lock (_gate)
        {
            _database.Write(RecordDatabase.Devices, [(device.Id, JsonSerializer.Serialize(device, StoreJson.Default.StoredDevice))]);
        }
    }

    public void DeleteDevice(string id)
    {
        lock (_gate)
        {
            _database.Delete(RecordDatabase.Devices, id);
        }
    }

    public void SaveNotes(string songId, SongNotes notes)
    {
        lock (_gate)
        {
            _database.Write(RecordDatabase.Notes, [(songId, JsonSerializer.Serialize(notes, StoreJson.Default.SongNotes))]);
        }
    }

    public void DeleteNotes(string songId)
    {
        lock (_gate)
        {
            _database.Delete(RecordDatabase.Notes, songId);
        }
    }

    public void Dispose() => _database.Dispose();

    /// <summary>A table's records, but for those that cannot be read.</summary>
    private Dictionary<string, T> Read<T>(string table, JsonTypeInfo<T> type) where T : class
    {
        lock (_gate)
        {
            return _database.Read(table).Select(row => (row.Id, Value: Parse(row.Record))).Where(row => row.Value is not null)
                .ToDictionary(row => row.Id, row => row.Value!);
        }

        T? Parse(string record)
        {
            try
            {
                return JsonSerializer.Deserialize(record, type);
            }
            catch (JsonException)
            {
                return null;
            }
        }
    }

    private static (string Id, string Record) Row(StoredJob job) => (job.Id, JsonSerializer.Serialize(job, StoreJson.Default.StoredJob));

    private static StoredJob? Parse(string id, string record)
    {
        try
        {
            return Id.IsValid(id) && JsonSerializer.Deserialize(record, StoreJson.Default.StoredJob) is { } job && job.Id == id ? job : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private string OlderRecord(string id) => Path.Combine(_folder.Job(id), OlderRecordName);

    private StoredJob? ReadOlder(string id) => DataFolder.TryRead(OlderRecord(id), StoreJson.Default.StoredJob, _logger) is { } job && job.Id == id ? job : null;

    /// <summary>
    /// Opens the database. A damaged one is set aside with the folders of those jobs that cannot be read from it, and what can be read is
    /// kept in a new one.
    /// </summary>
    private RecordDatabase Open()
    {
        try
        {
            return RecordDatabase.Open(_folder.Jobs);
        }
        catch (StoreException damage) when (damage.Kind == StoreErrorKind.Damaged)
        {
            (string Id, string Record)[] saved = [.. RecordDatabase.Salvage(_folder.Jobs, RecordDatabase.Jobs).Where(row => Parse(row.Id, row.Record) is not null)];
            IReadOnlyList<(string Id, string Record)> notes = RecordDatabase.Salvage(_folder.Jobs, RecordDatabase.Notes);
            HashSet<string> ids = [.. saved.Select(row => row.Id)];
            string[] lost = [.. _folder.Ids("jobs").Where(id => !ids.Contains(id) && !File.Exists(OlderRecord(id)))];
            string aside = _folder.SetAside([.. lost.Select(_folder.Job), _folder.Jobs, _folder.Jobs + "-wal", _folder.Jobs + "-shm"]);
            RecordDatabase database = RecordDatabase.Open(_folder.Jobs);
            database.Add(RecordDatabase.Jobs, saved);
            database.Add(RecordDatabase.Notes, notes);
            _logger.LogError(
                "The database of jobs {Path} is damaged ({Fault}). {Kept} jobs could be read and are kept; the damaged file and the folders of {Lost} jobs that could not be are in {Aside}",
                _folder.Jobs, damage.InnerException?.Message ?? damage.Message, saved.Length, lost.Length, aside);
            return database;
        }
    }

    /// <summary>Takes jobs of the older form into the database. One whose record cannot be read stays as it is.</summary>
    private void TakeOver()
    {
        StoredJob[] older = [.. _folder.Ids("jobs").Select(ReadOlder).OfType<StoredJob>()];
        if (older.Length == 0)
        {
            return;
        }

        _database.Add(RecordDatabase.Jobs, older.Select(Row));
        foreach (StoredJob job in older)
        {
            File.Delete(OlderRecord(job.Id));
            File.Delete(OlderRecord(job.Id) + ".new");
        }

        _logger.LogInformation("{Count} jobs were taken from an older data folder's files into {Path}", older.Length, _folder.Jobs);
    }

    /// <summary>
    /// Removes folders without a record: their jobs were not accepted yet when the server was killed. Beside a database that is new they may
    /// be of one that somebody has taken away: those with stems are set aside.
    /// </summary>
    private void Sweep(HashSet<string> known)
    {
        string[] unknown = [.. _folder.Ids("jobs").Where(id => !known.Contains(id) && !File.Exists(OlderRecord(id)))];
        string[] kept = _database.IsNew ? [.. unknown.Where(id => Directory.Exists(Files(id).Stems))] : [];
        if (kept.Length > 0)
        {
            string aside = _folder.SetAside([.. kept.Select(_folder.Job)]);
            _logger.LogWarning("The folders of {Count} jobs that {Path} does not know are in {Aside}", kept.Length, _folder.Jobs, aside);
        }

        foreach (string id in unknown.Except(kept))
        {
            DataFolder.TryDelete(_folder.Job(id), _logger);
        }
    }

    private void LoadBallast()
    {
        if (File.Exists(_folder.Ballast))
        {
            return;
        }

        try
        {
            File.WriteAllBytes(_folder.Ballast, new byte[BallastBytes]);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Half of it is of use, too; the next deletion tries again where there is none.
        }
    }
}
