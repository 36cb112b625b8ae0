using System.Text.Json;
using System.Text.Json.Serialization;

namespace Stemsharp.Fleet.Protocol;

/// <summary>Where a job stands.</summary>
internal enum JobState
{
    /// <summary>In the queue, for the first time or again.</summary>
    Waiting,

    /// <summary>A worker has it.</summary>
    Running,

    /// <summary>Its files are in place.</summary>
    Done,

    /// <summary>Given up: it failed, or its workers died, as often as it may.</summary>
    Dead,

    /// <summary>Withdrawn.</summary>
    Cancelled,
}

/// <summary>What is known of a job. Each change names the revision that it changes, so that of two writers one is told that it came second.</summary>
internal sealed record JobRecord
{
    /// <summary>The layout of the record.</summary>
    public int Version { get; init; } = 1;

    /// <summary>What is to be done.</summary>
    public required FleetJob Job { get; init; }

    /// <summary>Where it queues.</summary>
    public Lane Lane { get; init; }

    /// <summary>Where it stands.</summary>
    public JobState State { get; init; }

    /// <summary>How often it was put into the queue by people: a message of an earlier generation means nothing.</summary>
    public int Generation { get; init; }

    /// <summary>How often it was taken: a worker's right to it, which the next one's ends.</summary>
    public long Lease { get; init; }

    /// <summary>Who has it, or had it last.</summary>
    public string? Worker { get; init; }

    /// <summary>Failures that workers have reported.</summary>
    public int Failures { get; init; }

    /// <summary>Workers that had it and were not heard of again.</summary>
    public int Deaths { get; init; }

    /// <summary>As many failures end it.</summary>
    public int MaxFailures { get; init; } = 3;

    /// <summary>As many deaths of workers end it.</summary>
    public int MaxDeaths { get; init; } = 5;

    /// <summary>What went wrong last; null for nothing.</summary>
    public string? Error { get; init; }

    /// <summary>The word for it, as the command's exit codes have them; "worker-died" where nobody could say.</summary>
    public string? ErrorKind { get; init; }

    /// <summary>Why a worker gave it back without having failed, as one whose disk is full.</summary>
    public string? Note { get; init; }

    /// <summary>When it was submitted, or put into the queue again.</summary>
    public DateTimeOffset Submitted { get; init; }

    /// <summary>When a worker took it last.</summary>
    public DateTimeOffset? Started { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? Ended { get; init; }

    /// <summary>What came of it, once it is done.</summary>
    public JobResult? Result { get; init; }

    /// <summary>Whether nothing more will happen to it by itself.</summary>
    [JsonIgnore]
    public bool HasEnded => IsEnd(State);

    /// <summary>Whether it has failed, or killed, as often as it may.</summary>
    [JsonIgnore]
    public bool IsBeyond => Failures >= MaxFailures || Deaths >= MaxDeaths;

    /// <summary>Whether nothing more happens by itself to a job of this state.</summary>
    internal static bool IsEnd(JobState state) => state is JobState.Done or JobState.Dead or JobState.Cancelled;

    internal byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, FleetJson.Default.JobRecord);

    internal static JobRecord Of(ReadOnlySpan<byte> bytes) => JsonSerializer.Deserialize(bytes, FleetJson.Default.JobRecord)!;
}

/// <summary>What a finished job has left.</summary>
/// <param name="Files">Addresses of the files.</param>
/// <param name="AudioSeconds">The track's length.</param>
/// <param name="ElapsedSeconds">What it took; 0 where it had been done before.</param>
/// <param name="Engine">What ran the network, in words.</param>
/// <param name="Warnings">What was odd about the input.</param>
internal sealed record JobResult(IReadOnlyList<string> Files, double AudioSeconds, double ElapsedSeconds, string Engine, IReadOnlyList<string> Warnings);

/// <summary>What a worker says of itself at each beat. What is not said again is forgotten, and so is the worker.</summary>
/// <param name="Job">What it works on; null for nothing.</param>
/// <param name="Lease">Its right to that.</param>
/// <param name="Model">The model that it has loaded.</param>
/// <param name="Host">Its machine.</param>
/// <param name="Engine">What runs the network there.</param>
/// <param name="MemoryBytes">What it takes.</param>
/// <param name="Done">Jobs that it has done.</param>
/// <param name="Fraction">How much of the job at hand is done, 0 … 1; null where that is not known.</param>
internal sealed record WorkerRecord(string? Job, long Lease, string? Model, string Host, string Engine, long MemoryBytes, long Done, double? Fraction = null)
{
    internal byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, FleetJson.Default.WorkerRecord);

    internal static WorkerRecord Of(ReadOnlySpan<byte> bytes) => JsonSerializer.Deserialize(bytes, FleetJson.Default.WorkerRecord)!;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UseStringEnumConverter = true)]
[JsonSerializable(typeof(JobRecord))]
[JsonSerializable(typeof(WorkerRecord))]
internal sealed partial class FleetJson : JsonSerializerContext;
