using Stemsharp.Web.Separation;
using Stemsharp.Web.Store;

namespace Stemsharp.Web.Queue;

/// <summary>Books the disk that jobs take: each one its results, and all of them together what work on the largest ones needs.</summary>
internal sealed class JobSpace(DiskBudget disk, ISongSeparator separator)
{
    private const string WorkItem = "work";

    /// <summary>Books a job that is to be done, or refuses it and books nothing.</summary>
    /// <param name="job">The job.</param>
    /// <param name="active">Jobs that are to be done, with or without it.</param>
    public void Admit(StoredJob job, IEnumerable<StoredJob> active)
    {
        string item = Item(job.Id);
        long before = disk.Booked(item);
        disk.Reserve(item, ResultBytes(job));
        try
        {
            disk.Reserve(WorkItem, LargestWork(active.Append(job)));
        }
        catch
        {
            disk.Set(item, before);
            throw;
        }
    }

    /// <summary>Books a job that was admitted by an earlier server.</summary>
    public void Readmit(StoredJob job) => disk.Set(Item(job.Id), ResultBytes(job));

    /// <summary>Books what a job takes.</summary>
    public void Set(string id, long bytes) => disk.Set(Item(id), bytes);

    public void Release(string id) => disk.Release(Item(id));

    /// <summary>Books what work on the jobs that are to be done needs.</summary>
    public void BookWork(IEnumerable<StoredJob> active) => disk.Set(WorkItem, LargestWork(active));

    private static string Item(string id) => "job " + id;

    private static long Frames(StoredJob job) => (long)Math.Ceiling(job.DurationSeconds * 44_100);

    /// <summary>Bytes that the stems will take.</summary>
    private long ResultBytes(StoredJob job)
    {
        int bytes = job.Settings.SampleFormat switch { "float32" => 4, "pcm24" => 3, _ => 2 };
        return Frames(job) * 2 * bytes * Stems(job);
    }

    /// <summary>
    /// Bytes that work on a job takes for a while: the song decoded and as the network hears it, every stem in floats, and what waits
    /// between the steps of a chain.
    /// </summary>
    private long WorkBytes(StoredJob job) => Frames(job) * 2 * sizeof(float) * (2 + 2 * Stems(job) + separator.WaitingStems(job.Settings.Model));

    private int Stems(StoredJob job) => job.Settings.TwoStems is not null ? 2 : job.Settings.Stems?.Count
        ?? separator.Models.FirstOrDefault(model => model.Name == job.Settings.Model)?.Stems.Count ?? 6;

    /// <summary>At most two jobs hold working files at once: the one that is separated and the one that is written.</summary>
    private long LargestWork(IEnumerable<StoredJob> active) => 2 * active.Select(WorkBytes).DefaultIfEmpty().Max();
}
