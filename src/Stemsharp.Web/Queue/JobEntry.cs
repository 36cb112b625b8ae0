using Stemsharp.Client;
using Stemsharp.Web.Store;

namespace Stemsharp.Web.Queue;

/// <summary>A job in memory: what is kept of it, and what only a running one has.</summary>
internal sealed class JobEntry(StoredJob stored)
{
    public StoredJob Stored { get; set; } = stored;

    public JobProgress? Progress { get; set; }

    /// <summary>Stops the work on it; set while it runs, or a fleet has it.</summary>
    public CancellationTokenSource? Stop { get; set; }

    /// <summary>Whether its owner wants it stopped, and whether it is to be deleted then.</summary>
    public bool CancelWanted { get; set; }

    public bool DeleteWanted { get; set; }

    public Job View => new(
        Stored.Id, Stored.SongId, Stored.Name, Stored.DurationSeconds, Stored.State, Stored.Settings, Stored.Created)
    {
        Order = Stored.Order,
        Progress = Stored.State == JobState.Running ? Progress : null,
        Audio = Stored.Audio,
        Error = Stored.Error,
        Warnings = Stored.Warnings,
        Started = Stored.Started,
        Finished = Stored.Finished,
        TimesRealTime = Stored.TimesRealTime,
        Bytes = Stored.Bytes,
    };
}
