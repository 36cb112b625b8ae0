using System.Text.Json;
using System.Text.Json.Serialization;

namespace Stemsharp.Client;

/// <summary>A song that the server holds, ready to be separated.</summary>
/// <param name="Id">26 characters that cannot be guessed.</param>
/// <param name="Name">The name that the client gave it, for display only; never used as a path.</param>
/// <param name="Bytes">Size of the file.</param>
/// <param name="DurationSeconds">Length in seconds.</param>
/// <param name="SampleRate">Samples a second of the file.</param>
/// <param name="Channels">Channels of the file.</param>
/// <param name="Format">What the file is, such as <c>wav</c>, <c>mp3</c> or <c>flac</c>.</param>
/// <param name="Created">When the server took it.</param>
public sealed record Song(
    string Id, string Name, long Bytes, double DurationSeconds, int SampleRate, int Channels, string Format,
    DateTimeOffset Created)
{
    /// <summary>What it is called: as somebody has named it, as its tags say, or its file's name.</summary>
    public string? Title { get; init; }

    /// <summary>Who plays; null where nobody says.</summary>
    public string? Artist { get; init; }

    /// <summary>Whether its file has a picture: <c>GET /api/v1/songs/{id}/cover</c>.</summary>
    public bool HasCover { get; init; }
}

/// <summary>
/// What the server keeps of a song for those who play it. Sent to be changed, what is null stays as it is.
/// </summary>
public sealed record SongNotes
{
    /// <summary>What the song is called, at most 255 characters; empty for what its file says.</summary>
    public string? Title { get; init; }

    /// <summary>Who plays, at most 255 characters; empty for what its file says.</summary>
    public string? Artist { get; init; }

    /// <summary>Levels of stems, by their names.</summary>
    public IReadOnlyDictionary<string, StemLevel>? Levels { get; init; }

    /// <summary>Named places and stretches, in the song's order.</summary>
    public IReadOnlyList<SongMarker>? Markers { get; init; }

    /// <summary>A client's own settings for practising this song, a JSON object of at most 16 KiB; the server keeps it as it is.</summary>
    public JsonElement? Practice { get; init; }
}

/// <summary>How a stem is heard.</summary>
/// <param name="Gain">A factor, 0 to 4.</param>
/// <param name="Pan">−1 for the left to 1 for the right.</param>
/// <param name="Mute">Whether it is silent.</param>
public sealed record StemLevel(double Gain, double Pan, bool Mute);

/// <summary>A named place in a song, or a stretch of it.</summary>
/// <param name="Name">At most 80 characters.</param>
/// <param name="Start">Seconds from the song's beginning.</param>
public sealed record SongMarker(string Name, double Start)
{
    /// <summary>Where the stretch ends, in seconds; null for a place.</summary>
    public double? End { get; init; }
}

/// <summary>An upload in pieces.</summary>
/// <param name="Id">26 characters that cannot be guessed.</param>
/// <param name="Name">Name for display.</param>
/// <param name="Bytes">Size that was announced.</param>
/// <param name="Offset">Bytes that are safely on disk: where the next piece starts.</param>
public sealed record Upload(string Id, string Name, long Bytes, long Offset)
{
    /// <summary>The song, once the last piece has come and the file has proved to be music.</summary>
    public Song? Song { get; init; }
}

/// <summary>Announces an upload in pieces.</summary>
/// <param name="Name">Name for display, at most 255 characters.</param>
/// <param name="Bytes">Size of the whole file.</param>
public sealed record NewUpload(string Name, long Bytes);

/// <summary>A song on the server's own disk.</summary>
/// <param name="Path">An absolute path inside one of the folders that the server was started with.</param>
public sealed record LocalSong(string Path);

/// <summary>Where a job is.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<JobState>))]
public enum JobState
{
    /// <summary>Waits for its turn.</summary>
    [JsonStringEnumMemberName("queued")] Queued,

    /// <summary>Is being decoded, separated or written.</summary>
    [JsonStringEnumMemberName("running")] Running,

    /// <summary>Has its stems.</summary>
    [JsonStringEnumMemberName("done")] Done,

    /// <summary>Ended with an error.</summary>
    [JsonStringEnumMemberName("failed")] Failed,

    /// <summary>Was stopped by its owner.</summary>
    [JsonStringEnumMemberName("cancelled")] Cancelled,
}

/// <summary>The step that a running job is in.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<JobStep>))]
public enum JobStep
{
    /// <summary>Waits for its turn.</summary>
    [JsonStringEnumMemberName("waiting")] Waiting,

    /// <summary>The song is being decoded to the model's sample rate.</summary>
    [JsonStringEnumMemberName("decoding")] Decoding,

    /// <summary>The song is decoded and waits for the engine.</summary>
    [JsonStringEnumMemberName("ready")] Ready,

    /// <summary>The network is at work.</summary>
    [JsonStringEnumMemberName("separating")] Separating,

    /// <summary>The stems are being levelled and written.</summary>
    [JsonStringEnumMemberName("writing")] Writing,
}

/// <summary>How a song is to be taken apart. Everything has a default.</summary>
public sealed record JobSettings
{
    /// <summary>A model's name, as <c>GET /api/v1/models</c> lists it; the server's default if null.</summary>
    public string? Model { get; init; }

    /// <summary>The stems that are wanted; all of the model's if null.</summary>
    public IReadOnlyList<string>? Stems { get; init; }

    /// <summary>Instead of <see cref="Stems"/>: one stem, and the rest of the song beside it.</summary>
    public string? TwoStems { get; init; }

    /// <summary>
    /// What the rest is: <c>add</c> (default), the other stems added up as <c>no_STEM</c>; <c>minus</c>, the song less the stem as
    /// <c>minus_STEM</c>; <c>none</c>, no file. Belongs to <see cref="TwoStems"/>.
    /// </summary>
    public string? OtherMethod { get; init; }

    /// <summary>
    /// Whether the stems' files add up to the song exactly; what they lack goes to <see cref="Residual"/>. Takes all stems, or
    /// <see cref="TwoStems"/> with the rest. Default false.
    /// </summary>
    public bool ExactSum { get; init; }

    /// <summary>The file that takes what the others lack; <c>other</c>, the rest or the last one if null. Belongs to <see cref="ExactSum"/>.</summary>
    public string? Residual { get; init; }

    /// <summary>Sample format of the stems' WAV files: <c>pcm16</c> (default), <c>pcm24</c> or <c>float32</c>.</summary>
    public string? SampleFormat { get; init; }

    /// <summary>What keeps peaks above full scale out of integer files: <c>rescale</c> (default), <c>rescale-all</c> with one gain for all stems, <c>clamp</c>, <c>tanh</c> or <c>none</c>.</summary>
    public string? ClipMode { get; init; }

    /// <summary>Passes with the song shifted in time, averaged, 0 to 20; default 0, one plain pass.</summary>
    public int? Shifts { get; init; }

    /// <summary>Overlap of the segments, 0 to 0.9; default the model's own, 0.25 for Demucs.</summary>
    public double? Overlap { get; init; }
}

/// <summary>Asks for a song to be taken apart.</summary>
/// <param name="SongId">The song's <see cref="Song.Id"/>.</param>
public sealed record NewJob(string SongId)
{
    /// <summary>How; the defaults if null.</summary>
    public JobSettings? Settings { get; init; }

    /// <summary>Jobs that carry the same label share one place in the fair queue; at most 64 characters.</summary>
    public string? Batch { get; init; }

    /// <summary>
    /// Whether a model that is not on the server's machine is downloaded, and the job kept until it is there; without it such a job is
    /// refused.
    /// </summary>
    public bool FetchModel { get; init; }
}

/// <summary>How far a running job is.</summary>
/// <param name="Step">What is being done.</param>
/// <param name="Fraction">0 … 1 of the whole.</param>
/// <param name="PlayableFrames">Frames of each stem that can be fetched already, before levels are final.</param>
public sealed record JobProgress(JobStep Step, double Fraction, long PlayableFrames)
{
    /// <summary>Seconds that are left; null until that can be told.</summary>
    public double? EtaSeconds { get; init; }

    /// <summary>Seconds of song a second of work; null until that can be told.</summary>
    public double? TimesRealTime { get; init; }
}

/// <summary>The sound of a job's stems, known once separation has begun.</summary>
/// <param name="SampleRate">Samples a second.</param>
/// <param name="Channels">Channels of each stem.</param>
/// <param name="Frames">Frames of each stem.</param>
/// <param name="Stems">Names of the stems, in order.</param>
public sealed record JobAudio(int SampleRate, int Channels, long Frames, IReadOnlyList<string> Stems);

/// <summary>A song to be taken apart, being taken apart, or taken apart.</summary>
/// <param name="Id">26 characters that cannot be guessed.</param>
/// <param name="SongId">The song.</param>
/// <param name="Name">The song's name for display.</param>
/// <param name="DurationSeconds">The song's length.</param>
/// <param name="State">Where the job is.</param>
/// <param name="Settings">How it is done, defaults filled in.</param>
/// <param name="Created">When the server took it.</param>
public sealed record Job(
    string Id, string SongId, string Name, double DurationSeconds, JobState State, JobSettings Settings,
    DateTimeOffset Created)
{
    /// <summary>Where it stands in the queue: of the queued jobs the one with the lowest goes next.</summary>
    public double Order { get; init; }

    /// <summary>Whether it is queued and its model has to come first; the download stands with the model.</summary>
    public bool WaitsForModel { get; init; }

    /// <summary>The song's <see cref="Song.Title"/>.</summary>
    public string? Title { get; init; }

    /// <summary>The song's <see cref="Song.Artist"/>.</summary>
    public string? Artist { get; init; }

    /// <summary>The song's <see cref="Song.HasCover"/>.</summary>
    public bool HasCover { get; init; }

    /// <summary>How far it is; null unless running.</summary>
    public JobProgress? Progress { get; init; }

    /// <summary>The stems' sound, once known.</summary>
    public JobAudio? Audio { get; init; }

    /// <summary>Why it failed; null otherwise.</summary>
    public string? Error { get; init; }

    /// <summary>What was odd about the song, such as damage or channels that were left out, in sentences for the user; null where nothing was.</summary>
    public IReadOnlyList<string>? Warnings { get; init; }

    /// <summary>When work on it began.</summary>
    public DateTimeOffset? Started { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? Finished { get; init; }

    /// <summary>Seconds of song a second of work, over the whole job; null until done.</summary>
    public double? TimesRealTime { get; init; }

    /// <summary>Bytes the job's files take.</summary>
    public long Bytes { get; init; }
}

/// <summary>A page of jobs, newest first.</summary>
/// <param name="Jobs">The jobs.</param>
public sealed record JobPage(IReadOnlyList<Job> Jobs)
{
    /// <summary>Pass as <c>before</c> to get the next page; null on the last.</summary>
    public string? Next { get; init; }
}

/// <summary>Moves a queued job.</summary>
public sealed record JobMove
{
    /// <summary>The queued job that it shall go before; null for the end of the queue.</summary>
    public string? Before { get; init; }
}

/// <summary>A model that the server knows, or a chain of several.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Description">One line about it.</param>
/// <param name="Stems">Its stems, in order.</param>
/// <param name="Installed">Whether its files are here.</param>
public sealed record ModelInfo(string Name, string Description, IReadOnlyList<string> Stems, bool Installed)
{
    /// <summary>Of a chain the models that it needs, in the order of their first use; null for a single model.</summary>
    public IReadOnlyList<string>? Models { get; init; }

    /// <summary>Whether somebody else than the authors of Demucs published it.</summary>
    public bool ByOthers { get; init; }

    /// <summary>
    /// The share of a segment that overlaps the next one unless a job says another, 0 … 1; null where that is not known before the model
    /// is here, and of a chain. A job with the overlap f takes (1 − this) / (1 − f) of the time.
    /// </summary>
    public double? Overlap { get; init; }

    /// <summary>Whether it is a toy for trying things out and no match for real songs.</summary>
    public bool IsToy { get; init; }

    /// <summary>What it is recommended for: <c>two</c> (one stem and the rest), <c>four</c>, <c>six</c> stems, <c>best</c> quality, <c>karaoke</c>.</summary>
    public IReadOnlyList<string> Purposes { get; init; } = [];

    /// <summary>
    /// Seconds of song that a second of work is expected to take apart on this machine, in one pass at the model's own overlap: the median
    /// of its last songs, or by what it computes and the machine does in a second; null where that is not known yet.
    /// </summary>
    public double? TimesRealTime { get; init; }

    /// <summary>What a download would fetch; null where that is not known or nothing is missing.</summary>
    public long? DownloadBytes { get; init; }

    /// <summary>The licence of what a download would fetch, or has fetched, as it was stated; null where nobody stated one.</summary>
    public LicenceInfo? Licence { get; init; }

    /// <summary>A download in progress, or one that failed; null otherwise.</summary>
    public ModelDownload? Download { get; init; }

    /// <summary>
    /// Bytes of its files in the server's own cache, which can be deleted; null where it has none there: of a chain, of a model that is built
    /// in, and of files in other programs' folders.
    /// </summary>
    public long? RemovableBytes { get; init; }
}

/// <summary>What goes when a model is deleted.</summary>
/// <param name="Files">Its files in the server's own cache.</param>
/// <param name="SharedWith">Other models and chains that need one of them, and are not here any more afterwards.</param>
public sealed record ModelFiles(IReadOnlyList<ModelFile> Files, IReadOnlyList<string> SharedWith);

/// <summary>A model's file.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Bytes">Its size.</param>
public sealed record ModelFile(string Name, long Bytes);

/// <summary>A licence as somebody stated it.</summary>
/// <param name="Text">The licence, on one line.</param>
/// <param name="StatedBy">Who stated it, and where.</param>
public sealed record LicenceInfo(string Text, string StatedBy)
{
    /// <summary>Where it can be read; null where there is no page.</summary>
    public string? Link { get; init; }

    /// <summary>Whether the publisher demands that it is accepted before a download; <c>stemsharp models download</c> takes the acceptance.</summary>
    public bool MustBeAccepted { get; init; }
}

/// <summary>A model's download.</summary>
/// <param name="Fraction">0 … 1 of it.</param>
public sealed record ModelDownload(double Fraction)
{
    /// <summary>Why it failed; null while it goes on.</summary>
    public string? Error { get; init; }
}

/// <summary>What the server is and allows.</summary>
/// <param name="Version">Version of Stemsharp.</param>
/// <param name="Engine">What computes.</param>
/// <param name="DefaultModel">The model of a job that names none.</param>
/// <param name="Encoders">Formats that stems can be fetched in: <c>wav</c> always, <c>flac</c> and <c>mp3</c> with FFmpeg.</param>
/// <param name="MaxUploadBytes">Largest file that is taken.</param>
/// <param name="MaxDurationSeconds">Longest song that is taken.</param>
/// <param name="UsedDiskBytes">Disk that the data folder takes, reservations included.</param>
/// <param name="LocalPaths">Whether songs can be named by a path on the server.</param>
public sealed record ServerInfo(
    string Version, string Engine, string DefaultModel, IReadOnlyList<string> Encoders, long MaxUploadBytes,
    double MaxDurationSeconds, long UsedDiskBytes, bool LocalPaths)
{
    /// <summary>Disk that the data folder may take; null without a limit.</summary>
    public long? MaxDiskBytes { get; init; }

    /// <summary>Whether the caller may open the server to other devices of the network.</summary>
    public bool CanOpenLan { get; init; }
}

/// <summary>Tempo, bars and key of a song as they were estimated; what is too weak to be told is null.</summary>
public sealed record SongAnalysis
{
    /// <summary>Beats a minute, in the middle of the song's tempos; null where there is no regular beat, and with it all but the key.</summary>
    public double? Bpm { get; init; }

    /// <summary>The slowest tempo over some bars.</summary>
    public double? SlowestBpm { get; init; }

    /// <summary>The fastest tempo over some bars.</summary>
    public double? FastestBpm { get; init; }

    /// <summary>When the beats are, in seconds.</summary>
    public IReadOnlyList<double>? Beats { get; init; }

    /// <summary>3 or 4; null where bars are not clear.</summary>
    public int? BeatsPerBar { get; init; }

    /// <summary>Which beat is the first of a bar, 0 … <see cref="BeatsPerBar"/> − 1.</summary>
    public int? FirstBeat { get; init; }

    /// <summary>The key; null where it is not clear.</summary>
    public SongKey? Key { get; init; }
}

/// <summary>A key.</summary>
/// <param name="Tonic">Semitones above C, 0 … 11.</param>
/// <param name="Minor">Whether it is minor.</param>
public sealed record SongKey(int Tonic, bool Minor);

/// <summary>Exchanges the token, or from the network a pairing code, for a cookie.</summary>
public sealed record NewSession
{
    /// <summary>The server's token.</summary>
    public string? Token { get; init; }

    /// <summary>The code that the page on the server's machine shows.</summary>
    public string? Code { get; init; }

    /// <summary>What the device is called in the list of those that were let in.</summary>
    public string? Device { get; init; }
}

/// <summary>Opens the server to other devices of its network, or shuts it.</summary>
/// <param name="On">Whether it is to be open.</param>
public sealed record LanChange(bool On);

/// <summary>Whether and how other devices of the network reach the server.</summary>
/// <param name="On">Whether they do.</param>
/// <param name="Devices">Those that were let in, the newest first.</param>
public sealed record LanState(bool On, IReadOnlyList<Device> Devices)
{
    /// <summary>Where they find the page.</summary>
    public IReadOnlyList<string> Addresses { get; init; } = [];

    /// <summary>The code that lets in the next one, eight digits; null while the server is shut.</summary>
    public string? Code { get; init; }

    /// <summary>Until when the code is good.</summary>
    public DateTimeOffset? CodeEnds { get; init; }
}

/// <summary>A device that was let in.</summary>
/// <param name="Id">26 characters that cannot be guessed.</param>
/// <param name="Name">What it has called itself.</param>
/// <param name="Created">Since when.</param>
public sealed record Device(string Id, string Name, DateTimeOffset Created);

/// <summary>One event of the stream; exactly one of the parts is set, apart from the time.</summary>
/// <param name="At">Milliseconds since 1970, when the event happened.</param>
public sealed record ServerEvent(long At)
{
    /// <summary>Everything as it stands, sent first: the newest jobs.</summary>
    public IReadOnlyList<Job>? Jobs { get; init; }

    /// <summary>With <see cref="Jobs"/>, where there are older ones: what to pass as <c>before</c> to get them page by page.</summary>
    public string? Next { get; init; }

    /// <summary>A job that is new or has changed.</summary>
    public Job? Job { get; init; }

    /// <summary>The id of a job that is gone.</summary>
    public string? Removed { get; init; }

    /// <summary>A model that has changed.</summary>
    public ModelInfo? Model { get; init; }
}

/// <summary>An error, as RFC 9457 (problem+json) has it.</summary>
/// <param name="Type">A stable name of the kind of error, <c>urn:stemsharp:…</c>.</param>
/// <param name="Title">The kind in words.</param>
/// <param name="Status">The HTTP status.</param>
public sealed record Problem(string Type, string Title, int Status)
{
    /// <summary>What was found, what is valid, what to do.</summary>
    public string? Detail { get; init; }
}

/// <summary>JSON forms of the contract, made at compile time.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(Song))]
[JsonSerializable(typeof(IReadOnlyList<Song>))]
[JsonSerializable(typeof(SongNotes))]
[JsonSerializable(typeof(Upload))]
[JsonSerializable(typeof(NewUpload))]
[JsonSerializable(typeof(LocalSong))]
[JsonSerializable(typeof(NewJob))]
[JsonSerializable(typeof(Job))]
[JsonSerializable(typeof(JobPage))]
[JsonSerializable(typeof(JobMove))]
[JsonSerializable(typeof(IReadOnlyList<ModelInfo>))]
[JsonSerializable(typeof(ModelInfo))]
[JsonSerializable(typeof(ServerInfo))]
[JsonSerializable(typeof(ModelFiles))]
[JsonSerializable(typeof(SongAnalysis))]
[JsonSerializable(typeof(NewSession))]
[JsonSerializable(typeof(LanChange))]
[JsonSerializable(typeof(LanState))]
[JsonSerializable(typeof(ServerEvent))]
[JsonSerializable(typeof(NewFleetJobs))]
[JsonSerializable(typeof(SubmittedFleetJobs))]
[JsonSerializable(typeof(FleetJob))]
[JsonSerializable(typeof(FleetJobList))]
[JsonSerializable(typeof(IReadOnlyList<FleetWorker>))]
[JsonSerializable(typeof(Problem))]
internal sealed partial class ApiJson : JsonSerializerContext;
