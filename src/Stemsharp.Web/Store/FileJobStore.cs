namespace Stemsharp.Web.Store;

/// <summary>Jobs as folders of the data folder, each with its record beside its files.</summary>
internal sealed class FileJobStore(DataFolder folder, ILogger<FileJobStore> logger) : IJobStore
{
    private const string RecordName = "job.json";

    public IReadOnlyList<StoredJob> Recover() =>
        [.. folder.Recover("jobs", RecordName, StoreJson.Default.StoredJob, logger).Select(found => found.Record)];

    public void Save(StoredJob job)
    {
        DataFolder.CreatePrivate(folder.Job(job.Id));
        DataFolder.WriteJson(Record(job.Id), job, StoreJson.Default.StoredJob);
    }

    public void Delete(string id) => DataFolder.DeleteAccepted(Record(id), logger);

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
        }
    }

    /// <summary>Mixes are not among it: they are booked for as long as they are there.</summary>
    public long Size(string id)
    {
        StemFiles files = Files(id);
        FileInfo record = new(Record(id));
        return DataFolder.SizeOf(files.Work) + DataFolder.SizeOf(files.Steps) + DataFolder.SizeOf(files.Stems) + DataFolder.SizeOf(files.PeaksFolder)
            + (record.Exists ? record.Length : 0);
    }

    public StemFiles Files(string id) => new(folder.Job(id));

    private string Record(string id) => Path.Combine(folder.Job(id), RecordName);
}
