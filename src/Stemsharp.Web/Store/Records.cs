using System.Text.Json.Serialization;
using Stemsharp.Client;

namespace Stemsharp.Web.Store;

/// <summary>A song as it is kept. <paramref name="Path"/> is set where the file lies outside the data folder.</summary>
internal sealed record StoredSong(Song Song, string? Path)
{
    /// <summary>What kind of picture lies beside it; null where none does.</summary>
    public string? CoverType { get; init; }
}

/// <summary>A machine of the network that was let in, with the SHA-256 of its secret in hexadecimal digits.</summary>
internal sealed record StoredDevice(string Id, string Name, string Hash, DateTimeOffset Created);

/// <summary>What the machine computes in a second, in GFLOP, with an engine.</summary>
internal sealed record MachineSpeed(string Engine, double Gflops);

/// <summary>An upload in pieces as it is kept; the offset is the length of its data file.</summary>
internal sealed record StoredUpload(string Id, string Name, long Bytes, DateTimeOffset Created);

/// <summary>A job as it is kept: everything that must outlive the process.</summary>
internal sealed record StoredJob(
    string Id, string SongId, string Name, double DurationSeconds, JobSettings Settings, DateTimeOffset Created)
{
    public JobState State { get; init; }

    public string? Batch { get; init; }

    /// <summary>Where it stands in the queue: lower goes first.</summary>
    public double Order { get; init; }

    /// <summary>How often work on it has begun. A job that takes the server down with it is not tried for ever.</summary>
    public int Attempts { get; init; }

    /// <summary>Which turn of a fleet's it is, a name of its own for each; null where no fleet has it.</summary>
    public string? Turn { get; init; }

    public JobAudio? Audio { get; init; }

    public string? Error { get; init; }

    public IReadOnlyList<string>? Warnings { get; init; }

    public DateTimeOffset? Started { get; init; }

    public DateTimeOffset? Finished { get; init; }

    public double? TimesRealTime { get; init; }

    public long Bytes { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(StoredSong))]
[JsonSerializable(typeof(SongNotes))]
[JsonSerializable(typeof(StoredDevice))]
[JsonSerializable(typeof(StoredUpload))]
[JsonSerializable(typeof(StoredJob))]
[JsonSerializable(typeof(MachineSpeed))]
[JsonSerializable(typeof(SongAnalysis))]
internal sealed partial class StoreJson : JsonSerializerContext;
