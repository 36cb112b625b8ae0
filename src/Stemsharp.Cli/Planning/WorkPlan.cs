using System.Globalization;
using System.Text;
using Stemsharp.Audio;
using Stemsharp.Chains;
using Stemsharp.Cli.Batches;
using Stemsharp.Cli.Separating;
using Stemsharp.Cli.Text;
using Stemsharp.Files;

namespace Stemsharp.Cli.Planning;

/// <summary>What one track will take.</summary>
/// <param name="Track">The input.</param>
/// <param name="AudioSeconds">Its length.</param>
/// <param name="Pieces">Pieces that it is cut into.</param>
/// <param name="Seconds">Time.</param>
/// <param name="OutputBytes">Its files.</param>
/// <param name="TemporaryBytes">Disk besides, while it is worked on.</param>
internal sealed record PlannedTrack(
    Track Track, double AudioSeconds, long Pieces, double Seconds, long OutputBytes, long TemporaryBytes);

/// <summary>What a batch will take.</summary>
internal sealed record WorkPlan
{
    internal required string Model { get; init; }

    /// <summary>The chain of models; null for one model.</summary>
    internal SeparationChain? Chain { get; init; }

    /// <summary>The models among them that are not here, and were measured with made-up weights.</summary>
    internal IReadOnlyList<string> MadeUp { get; init; } = [];

    internal required IReadOnlyList<PlannedTrack> Tracks { get; init; }

    internal required IReadOnlyList<RejectedInput> Rejected { get; init; }

    internal required Calibration Calibration { get; init; }

    internal required long? AvailableBytes { get; init; }

    internal double Seconds => Calibration.StartFor(Tracks.Sum(t => t.Pieces)) + Tracks.Sum(t => t.Seconds);

    internal long DiskBytes => Tracks.Sum(t => t.OutputBytes) + (Tracks.Count > 0 ? Tracks.Max(t => t.TemporaryBytes) : 0);

    /// <summary>Plans a batch after a calibration.</summary>
    internal static WorkPlan Make(
        SeparateRequest request, StemSeparator separator, InputExpansion inputs, Calibration calibration, CancellationToken cancellationToken)
    {
        List<PlannedTrack> tracks = [];
        List<RejectedInput> rejected = [.. inputs.Rejected];
        foreach (Track track in inputs.Tracks)
        {
            try
            {
                using TrackSource source = TrackSource.Open(track, request with { Files = request.Files with { CopyTags = false } }, cancellationToken);
                tracks.Add(Plan(request, separator, calibration, track, source.Audio, cancellationToken));
            }
            catch (StemsharpException exception)
            {
                rejected.Add(new RejectedInput(track.Shown, exception.Message));
            }
        }

        string root = Folders.NearestExisting(request.ToStandardOutput ? Path.GetTempPath() : request.OutputFolder);
        return new WorkPlan
        {
            Model = separator.Model,
            Chain = request.Chain,
            Tracks = tracks,
            Rejected = rejected,
            Calibration = calibration,
            AvailableBytes = DiskSpace.Available(root),
        };
    }

    private static PlannedTrack Plan(
        SeparateRequest request, StemSeparator separator, Calibration calibration, Track track, OpenedInput source, CancellationToken cancellationToken)
    {
        // What a compressed file's header says may be a guess, or a lie.
        long frames = source.CountFrames(cancellationToken) ?? source.EstimatedLength ?? throw new AudioException($"'{track.Shown}' does not tell its length; it can't be planned.");
        double seconds = (double)frames / source.SampleRate;
        long samples = (long)(seconds * separator.SampleRate);
        SeparationInfo separation = new(separator.Model, separator.AskedStems, separator.SampleRate, 2, samples, source.SampleRate, source.Channels);
        FilePlan files = new StemFilePlanner(request.Files with { FileNamePattern = FileNamePattern.Stems }, Path.GetTempPath(), source) { Shown = request.OutputFolder }.Plan(separation);
        double decoding = Calibration.NeedsDecoder(track) ? calibration.DecodingFor(seconds) : 0;
        return new PlannedTrack(track, seconds, calibration.PiecesFor(samples), calibration.SecondsFor(samples) + decoding, files.FileBytes, files.SpoolBytes + separator.WaitingBytes(separator.Effective(null), samples));
    }

    internal string ToText()
    {
        StringBuilder text = new();
        int width = Tracks.Count > 0 ? Math.Min(60, Tracks.Max(t => t.Track.Shown.Length)) : 0;
        foreach (PlannedTrack track in Tracks)
        {
            text.AppendLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{track.Track.Shown.PadRight(width)}  {Words.Duration(TimeSpan.FromSeconds(track.AudioSeconds)),9}  {track.Pieces,5} segments  " +
                $"{Words.Duration(TimeSpan.FromSeconds(track.Seconds)),9}  {Words.Bytes(track.OutputBytes),9}"));
        }

        foreach (RejectedInput rejected in Rejected)
        {
            text.AppendLine($"{rejected.Shown}: {rejected.Message}");
        }

        string audio = Words.Duration(TimeSpan.FromSeconds(Tracks.Sum(t => t.AudioSeconds)));
        text.AppendLine($"time    {Words.Duration(TimeSpan.FromSeconds(Seconds))} for {audio} of audio with {Model}");
        if (Calibration.Overlap is { } overlap)
        {
            text.AppendLine(OverlapText(overlap));
        }

        string atOnce = Calibration.SegmentsAtOnce == 1
            ? ""
            : $" with {Calibration.SegmentsAtOnce} segments at once, {Words.Bytes(Calibration.BytesPerSegmentAtOnce)} for each beyond the first";
        text.AppendLine($"memory  {Words.Bytes(Calibration.MemoryBytes)}{atOnce}");
        if (Calibration.DeviceBytes > 0)
        {
            text.AppendLine($"device  {Words.Bytes(Calibration.DeviceBytes)}");
        }

        text.Append($"disk    {Words.Bytes(DiskBytes)}{(AvailableBytes is { } free ? $" of {Words.Bytes(free)} free" : "")}");
        return text.ToString();
    }

    private static readonly double[] s_overlaps = [0.25, 0.5, 0.75, 0.875];

    /// <summary>What more overlap would cost: the network works on what is new of each segment.</summary>
    private static string OverlapText(double overlap)
    {
        string[] more =
        [
            .. s_overlaps.Where(share => share > overlap + 0.01)
                .Select(share => string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.#} % {(1 - overlap) / (1 - share):0.##}")),
        ];
        return string.Create(CultureInfo.InvariantCulture, $"overlap {100 * overlap:0.#} %{(more.Length > 0 ? $"; times as long: {string.Join(", ", more)}" : "")}");
    }

    internal string ToJson() => JsonText.Object(
        json =>
        {
            json.WriteNumber("version", 1);
            json.WriteString("model", Model);
            json.WriteModels(Chain);
            if (MadeUp.Count > 0)
            {
                json.WriteStartArray("made_up_weights");
                foreach (string model in MadeUp)
                {
                    json.WriteStringValue(model);
                }

                json.WriteEndArray();
            }

            json.WriteNumber("seconds", Math.Round(Seconds, 2));
            if (Calibration.Overlap is { } overlap)
            {
                json.WriteNumber("overlap", Math.Round(overlap, 4));
            }

            json.WriteNumber("memory_bytes", Calibration.MemoryBytes);
            json.WriteNumber("segments_at_once", Calibration.SegmentsAtOnce);
            json.WriteNumber("memory_bytes_per_segment_at_once", Calibration.BytesPerSegmentAtOnce);
            if (Calibration.DeviceBytes > 0)
            {
                json.WriteNumber("device_memory_bytes", Calibration.DeviceBytes);
            }

            json.WriteNumber("disk_bytes", DiskBytes);
            if (AvailableBytes is { } free)
            {
                json.WriteNumber("disk_free_bytes", free);
            }

            json.WriteStartArray("tracks");
            foreach (PlannedTrack track in Tracks)
            {
                json.WriteStartObject();
                json.WritePath("input", track.Track.Path);
                json.WriteNumber("audio_seconds", Math.Round(track.AudioSeconds, 3));
                json.WriteNumber("segments", track.Pieces);
                json.WriteNumber("seconds", Math.Round(track.Seconds, 2));
                json.WriteNumber("output_bytes", track.OutputBytes);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartArray("rejected");
            foreach (RejectedInput rejected in Rejected)
            {
                json.WriteStartObject();
                json.WritePath("input", rejected.Shown);
                json.WriteString("message", rejected.Message);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        },
        indented: true);
}
