using System.Text.Json.Serialization;

namespace Stemsharp.Client;

/// <summary>Where a fleet's job stands.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<FleetJobState>))]
public enum FleetJobState
{
    /// <summary>In the queue, for the first time or again.</summary>
    [JsonStringEnumMemberName("waiting")] Waiting,

    /// <summary>A worker has it.</summary>
    [JsonStringEnumMemberName("running")] Running,

    /// <summary>Its files are in place.</summary>
    [JsonStringEnumMemberName("done")] Done,

    /// <summary>Given up: it failed, or its workers died, as often as it may.</summary>
    [JsonStringEnumMemberName("dead")] Dead,

    /// <summary>Withdrawn.</summary>
    [JsonStringEnumMemberName("cancelled")] Cancelled,
}

/// <summary>Which of a fleet's jobs go first.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<FleetLane>))]
public enum FleetLane
{
    /// <summary>One of many.</summary>
    [JsonStringEnumMemberName("bulk")] Bulk,

    /// <summary>Somebody waits for it: it goes before whatever is in bulk.</summary>
    [JsonStringEnumMemberName("interactive")] Interactive,
}

/// <summary>What became of a job that was handed to a fleet.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<FleetOutcome>))]
public enum FleetOutcome
{
    /// <summary>It is in the queue, and was not before.</summary>
    [JsonStringEnumMemberName("queued")] Queued,

    /// <summary>It was in the queue, or a worker has it.</summary>
    [JsonStringEnumMemberName("pending")] Pending,

    /// <summary>It was done before, and is left alone.</summary>
    [JsonStringEnumMemberName("done")] Done,

    /// <summary>It was given up or withdrawn before, and is left alone.</summary>
    [JsonStringEnumMemberName("ended")] Ended,
}

/// <summary>Hands songs to a fleet, which writes their stems to a folder.</summary>
/// <param name="Inputs">Absolute paths of the songs on the server, inside its <c>--allow-path</c> folders; at most 500, and 64 KiB in a request.</param>
/// <param name="Folder">The absolute path of the folder for the stems, inside the same folders.</param>
public sealed record NewFleetJobs(IReadOnlyList<string> Inputs, string Folder)
{
    /// <summary>How; the defaults if null.</summary>
    public JobSettings? Settings { get; init; }

    /// <summary>Where they queue; <see cref="FleetLane.Bulk"/> by default.</summary>
    public FleetLane Lane { get; init; }

    /// <summary>As many failures end a job, 1 to 1000; 3 if null.</summary>
    public int? MaxFailures { get; init; }

    /// <summary>As many deaths of workers end a job, 1 to 1000; 5 if null.</summary>
    public int? MaxDeaths { get; init; }

    /// <summary>Whether jobs that have ended are done once more; a worker skips those whose files are still there.</summary>
    public bool Again { get; init; }
}

/// <summary>Jobs that were handed to a fleet.</summary>
/// <param name="Jobs">What became of each, in the order of the inputs.</param>
public sealed record SubmittedFleetJobs(IReadOnlyList<SubmittedFleetJob> Jobs);

/// <summary>A job that was handed to a fleet.</summary>
/// <param name="Id">Its ID, the same for the same song, model and settings.</param>
/// <param name="Input">The song.</param>
/// <param name="Outcome">What became of it.</param>
public sealed record SubmittedFleetJob(string Id, string Input, FleetOutcome Outcome);

/// <summary>A fleet's job, as <c>stemsharp jobs</c> shows it.</summary>
/// <param name="Id">32 hexadecimal digits.</param>
/// <param name="State">Where it stands.</param>
/// <param name="Input">The song.</param>
/// <param name="Model">The model's or chain's name.</param>
/// <param name="Lane">Where it queues.</param>
/// <param name="Settings">Everything else that decides about the files, as options of <c>stemsharp submit</c>.</param>
/// <param name="Failures">Failures that workers have reported.</param>
/// <param name="Deaths">Workers that had it and were not heard of again.</param>
/// <param name="Submitted">When it was handed in, or put into the queue again.</param>
public sealed record FleetJob(
    string Id, FleetJobState State, string Input, string Model, FleetLane Lane, IReadOnlyList<string> Settings, int Failures, int Deaths, DateTimeOffset Submitted)
{
    /// <summary>Who has it, or had it last.</summary>
    public string? Worker { get; init; }

    /// <summary>The kind of what went wrong last, as the command's exit codes have it; null for nothing.</summary>
    public string? Error { get; init; }

    /// <summary>What went wrong last, or why a worker gave it back, in words.</summary>
    public string? Message { get; init; }

    /// <summary>When a worker took it last.</summary>
    public DateTimeOffset? Started { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? Ended { get; init; }

    /// <summary>Addresses of the stems, once it is done.</summary>
    public IReadOnlyList<string>? Files { get; init; }

    /// <summary>The song's length, once it is done.</summary>
    public double? AudioSeconds { get; init; }

    /// <summary>What it took, once it is done; 0 where it had been done before.</summary>
    public double? ElapsedSeconds { get; init; }

    /// <summary>What ran the network, once it is done.</summary>
    public string? Engine { get; init; }

    /// <summary>What was odd about the song, once it is done.</summary>
    public IReadOnlyList<string>? Warnings { get; init; }
}

/// <summary>A fleet's jobs.</summary>
/// <param name="Jobs">The jobs, those handed in last first, as many as were asked for.</param>
/// <param name="Counts">How many there are of each state, in all.</param>
public sealed record FleetJobList(IReadOnlyList<FleetJob> Jobs, IReadOnlyDictionary<string, int> Counts);

/// <summary>A worker that is heard of.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Host">Its machine.</param>
/// <param name="Engine">What runs the network there.</param>
/// <param name="MemoryBytes">What it takes.</param>
/// <param name="Done">Jobs that it has done.</param>
public sealed record FleetWorker(string Id, string Host, string Engine, long MemoryBytes, long Done)
{
    /// <summary>The job that it works on; null for none.</summary>
    public string? Job { get; init; }

    /// <summary>How much of that is done, 0 … 1; null where that is not known.</summary>
    public double? Fraction { get; init; }

    /// <summary>The model that it has loaded; null for none.</summary>
    public string? Model { get; init; }
}
