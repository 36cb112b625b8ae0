using System.Diagnostics;
using Stemsharp.Audio;
using Stemsharp.Cli.Batches;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Separating;
using Stemsharp.Evaluation;

namespace Stemsharp.Cli.Planning;

/// <summary>
/// What separating costs on this machine, from separating a few segments of noise with the very settings of the request.
/// A track takes <see cref="TrackSeconds"/> and <see cref="PieceSeconds"/> for each piece.
/// </summary>
internal sealed record Calibration
{
    // A segment of a full-size model takes about a second, and its code is compiled as well as it will be after the first.
    // A small model's is still being compiled for the first seconds: its segments become faster until they are steady.
    private const double SlowSegment = 0.3;
    private const double Steady = 0.9;
    private const int MostRuns = 6;
    private const double MeasuredSeconds = 1.5;
    private const int FewestPieces = 4;
    private const int MostPieces = 80;

    // Code is compiled better while it runs, and the heap settles: a long song takes a little more than a short one.
    private const double MemoryReserve = 1.03;
    private const long MemorySlack = 10_000_000;

    // FFmpeg's size differs a little from file to file.
    private const double ProgramReserve = 1.1;

    // Where the system does not tell how large another process is.
    private const long AssumedProgramBytes = 80_000_000;

    private static readonly HashSet<string> s_plain = new(StringComparer.OrdinalIgnoreCase) { ".wav", ".wave", ".rf64", ".bwf", ".w64", ".aif", ".aiff", ".aifc", ".caf" };

    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(10);

    /// <summary>Once in a run: starting the process, reading weights.</summary>
    internal required double StartSeconds { get; init; }

    /// <summary>What the first pieces take longer than later ones, while code is still being compiled.</summary>
    internal required IReadOnlyList<(int Pieces, double Seconds)> WarmUp { get; init; }

    /// <summary>Once a track.</summary>
    internal required double TrackSeconds { get; init; }

    /// <summary>For each piece of a track, all networks and shifts included.</summary>
    internal required double PieceSeconds { get; init; }

    /// <summary>Once a track that goes through FFmpeg: starting it.</summary>
    internal double DecoderSeconds { get; init; }

    /// <summary>For each second of such a track.</summary>
    internal double DecodingSeconds { get; init; }

    /// <summary>The most memory that this process will use.</summary>
    internal required long OwnBytes { get; init; }

    /// <summary>The most memory that one FFmpeg will use.</summary>
    internal required long ProgramBytes { get; init; }

    /// <summary>Samples from one piece to the next.</summary>
    internal required int Stride { get; init; }

    /// <summary>Samples that are mirrored before a track that is longer than two of them; 0 for a network without.</summary>
    internal int Border { get; init; }

    /// <summary>The share of a segment that overlaps the next one; null of several models, which have each their own.</summary>
    internal double? Overlap { get; init; }

    /// <summary>Bytes of a song's files for each second of it.</summary>
    internal required double FileBytesPerSecond { get; init; }

    /// <summary>Segments that run at once.</summary>
    internal int SegmentsAtOnce { get; init; } = 1;

    /// <summary>Memory that each segment at once beyond the first takes.</summary>
    internal long BytesPerSegmentAtOnce { get; init; }

    /// <summary>Memory of a device that the segments at once take; 0 where the engine has none.</summary>
    internal long DeviceBytes { get; init; }

    /// <summary>Whether an input needs FFmpeg.</summary>
    internal required bool Decodes { get; init; }

    /// <summary>How many encoders run at once, and whether they run beside the decoder.</summary>
    internal required (int AtOnce, bool WhileReading) Encoders { get; init; }

    /// <summary>The most memory that this process and the programs that it calls will use.</summary>
    internal long MemoryBytes => OwnBytes
        + ProgramBytes * (Encoders.WhileReading ? Encoders.AtOnce + Decoders : Math.Max(Encoders.AtOnce, Decoders));

    /// <summary>The same with never more than one program at a time.</summary>
    internal long MemoryOneByOne => OwnBytes + ProgramBytes * Math.Max(Math.Min(Encoders.AtOnce, 1), Decoders);

    private int Decoders => Decodes ? 1 : 0;

    /// <summary>Once in a run of so many pieces.</summary>
    internal double StartFor(long pieces)
    {
        double seconds = StartSeconds;
        foreach ((int part, double extra) in WarmUp)
        {
            seconds += extra * Math.Min(part, pieces) / part;
            pieces -= Math.Min(part, pieces);
        }

        return seconds;
    }

    /// <summary>Seconds for a track of so many samples at the model's rate.</summary>
    internal double SecondsFor(long samples) => TrackSeconds + PieceSeconds * PiecesFor(samples);

    /// <summary>Seconds for reading a track through FFmpeg: twice, for its level and for its samples.</summary>
    internal double DecodingFor(double seconds) => 2 * (DecoderSeconds + DecodingSeconds * seconds);

    /// <summary>Pieces of a track.</summary>
    internal long PiecesFor(long samples) => (samples + (samples > 2L * Border ? Border : 0) + Stride - 1) / Stride;

    /// <summary>Whether an input has to be decoded.</summary>
    internal static bool NeedsDecoder(Track track) => !s_plain.Contains(Path.GetExtension(track.Path));

    /// <summary>Measures.</summary>
    /// <param name="request">The settings.</param>
    /// <param name="separator">The model.</param>
    /// <param name="tracks">What will be separated.</param>
    /// <param name="cancellationToken">Stops.</param>
    internal static async Task<Calibration> MeasureAsync(
        SeparateRequest request, StemSeparator separator, IReadOnlyList<Track> tracks, CancellationToken cancellationToken)
    {
        (int stride, int border, int segment) = separator.StepFor(separator.Effective(null));
        using Process process = Process.GetCurrentProcess();
        double starting = (DateTime.Now - process.StartTime).TotalSeconds;
        long program = 0;
        using MemoryWatch watch = new(s_interval, () => program = Math.Max(program, ProcessTree.LargestChildBytes()));
        Task<NoiseRun> RunAsync(int pieces) => NoiseRun.OfAsync(request, separator, stride, pieces, cancellationToken);
        // With several segments at once, a full round of them is the unit.
        int round = separator.AtOnce.Segments;
        List<NoiseRun> runs = [await RunAsync(round).ConfigureAwait(false)];
        int pieces = Math.Max(FewestPieces, 2 * round);
        double before = double.PositiveInfinity, now;
        while (true)
        {
            runs.Add(await RunAsync(pieces).ConfigureAwait(false));
            now = round == 1 ? Statistics.Median(runs[^1].SegmentSeconds) : runs[^1].Seconds / pieces;
            if (now > SlowSegment || now > Steady * before || runs.Count > MostRuns)
            {
                break;
            }

            before = now;
            pieces = Math.Max(2 * round, Math.Clamp((int)(MeasuredSeconds / now), FewestPieces, MostPieces));
        }

        NoiseRun one = await RunAsync(round).ConfigureAwait(false), several = runs[^1];
        double rest = Math.Max(0, several.RestSeconds - one.RestSeconds) / (several.Pieces - round);
        // The median of single segments is steadier than a difference of whole runs; segments at once have no time of their own, and those
        // of different models nothing in common.
        double piece = round == 1 && separator.Models.Count == 1
            ? Statistics.Median(several.SegmentSeconds) * several.Segments / several.Pieces + rest
            : Math.Max(0, several.Seconds - one.Seconds) / (several.Pieces - round);
        double track = Math.Max(0, one.Seconds - round * piece);
        double Extra(NoiseRun run) => Math.Max(0, run.Seconds - track - piece * run.Pieces);
        (double start, double perSecond) = TimeDecoding(request, tracks, cancellationToken);
        return new Calibration
        {
            StartSeconds = starting + Extra(runs[0]),
            // What warming up cost here it costs there too.
            WarmUp = [.. runs.Skip(1).SkipLast(1).Select(r => (r.Pieces, Extra(r)))],
            TrackSeconds = track,
            PieceSeconds = piece,
            DecoderSeconds = start,
            DecodingSeconds = perSecond,
            OwnBytes = (long)(ProcessMemory.Peak() * MemoryReserve) + MemorySlack,
            ProgramBytes = program == 0 ? AssumedProgramBytes : (long)(program * ProgramReserve),
            Stride = stride,
            Border = border,
            Overlap = separator.Models.Count == 1 ? 1 - (double)stride / segment : null,
            Decodes = tracks.Any(NeedsDecoder),
            SegmentsAtOnce = round,
            BytesPerSegmentAtOnce = separator.AtOnce.BytesEach,
            DeviceBytes = separator.AtOnce.DeviceBytes,
            FileBytesPerSecond = several.Plan.FileBytes * (double)separator.SampleRate / ((long)several.Pieces * stride),
            Encoders = (several.Plan.EncodersAtOnce, several.Plan.Streams),
        };
    }

    /// <summary>FFmpeg's start, and its time for a second of audio, from the first track that it can read.</summary>
    private static (double Start, double PerSecond) TimeDecoding(
        SeparateRequest request, IReadOnlyList<Track> tracks, CancellationToken cancellationToken)
    {
        const int sampleSeconds = 60;
        foreach (Track track in tracks.Where(t => NeedsDecoder(t) && !t.IsReadOnce))
        {
            try
            {
                using AudioSource source = AudioSource.Open(track.Path, request.Input, cancellationToken);
                long began = Stopwatch.GetTimestamp();
                using IAudioReader reader = source.OpenReader(cancellationToken);
                float[] block = new float[1 << 16];
                long first = reader.Read(block);
                double start = Stopwatch.GetElapsedTime(began).TotalSeconds;
                long frames = 0;
                for (int read; frames < (long)sampleSeconds * reader.SampleRate && (read = reader.Read(block)) > 0;)
                {
                    frames += read;
                }

                double rest = Stopwatch.GetElapsedTime(began).TotalSeconds - start;
                return (start, frames == 0 ? 0 : rest * reader.SampleRate / frames);
            }
            catch (StemsharpException)
            {
                // A broken track is named when the plan comes to it.
            }
        }

        return (0, 0);
    }
}
