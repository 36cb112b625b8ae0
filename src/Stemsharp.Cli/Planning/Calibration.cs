using System.Diagnostics;
using Stemsharp.Audio;
using Stemsharp.Cli.Benchmarks;
using Stemsharp.Cli.Output;
using Stemsharp.Cli.Separating;

namespace Stemsharp.Cli.Planning;

/// <summary>
/// What separating costs on this machine, from separating a few segments of noise with the very settings of the request.
/// A track takes <see cref="TrackSeconds"/> and <see cref="PieceSeconds"/> for each piece.
/// </summary>
internal sealed record Calibration
{
    // Code is compiled better while it runs, buffers settle, FFmpeg's size differs from file to file.
    private const double MemoryReserve = 1.08;
    private const long DecoderBytes = 48_000_000;
    private const int MeasuredPieces = 3;

    /// <summary>Once in a run: starting the process, reading weights, warming up.</summary>
    internal required double StartSeconds { get; init; }

    /// <summary>Once a track.</summary>
    internal required double TrackSeconds { get; init; }

    /// <summary>For each piece of a track, all networks and shifts included.</summary>
    internal required double PieceSeconds { get; init; }

    /// <summary>The most memory that this process and the programs that it calls will use.</summary>
    internal required long MemoryBytes { get; init; }

    /// <summary>Samples from one piece to the next.</summary>
    internal required int Stride { get; init; }

    /// <summary>Seconds for a track of so many samples at the model's rate.</summary>
    internal double SecondsFor(long samples) => TrackSeconds + PieceSeconds * PiecesFor(samples);

    /// <summary>Pieces of a track.</summary>
    internal long PiecesFor(long samples) => (samples + Stride - 1) / Stride;

    /// <summary>Measures.</summary>
    /// <param name="request">The settings.</param>
    /// <param name="separator">The model.</param>
    /// <param name="decodes">Whether an input needs FFmpeg.</param>
    /// <param name="cancellationToken">Stops.</param>
    internal static async Task<Calibration> MeasureAsync(
        SeparateRequest request, Separator separator, bool decodes, CancellationToken cancellationToken)
    {
        int segment = (int)(separator.SampleRate * Math.Min(request.Separator.Segment ?? double.MaxValue, separator.Source.SegmentSeconds));
        int stride = (int)((1 - request.Separator.Overlap) * segment);
        string folder = Directory.CreateTempSubdirectory("stemsharp-plan-").FullName;
        using var process = Process.GetCurrentProcess();
        double starting = (DateTime.Now - process.StartTime).TotalSeconds;
        try
        {
            double first = await TimeAsync(1).ConfigureAwait(false);
            double one = await TimeAsync(1).ConfigureAwait(false);
            double several = await TimeAsync(1 + MeasuredPieces).ConfigureAwait(false);
            double piece = Math.Max(0, several - one) / MeasuredPieces;
            int encoders = request.Output.Format == AudioFormat.Wav
                ? 0
                : Math.Min(Math.Min(4, Environment.ProcessorCount), Lane.NamesFor(request.Output, separator.Stems).Count);
            return new Calibration
            {
                StartSeconds = starting + Math.Max(0, first - one),
                TrackSeconds = Math.Max(0, one - piece),
                PieceSeconds = piece,
                MemoryBytes = (long)(ProcessMemory.Peak() * MemoryReserve) + DecoderBytes * Math.Max(encoders, decodes ? 1 : 0),
                Stride = stride,
            };
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        async Task<double> TimeAsync(int pieces)
        {
            float[] noise = Noise(stride * pieces);
            string work = Directory.CreateDirectory(Path.Combine(folder, Guid.NewGuid().ToString("N"))).FullName;
            var info = new AudioInfo { Description = "noise", SampleRate = separator.SampleRate, Channels = 2 };
            long began = Stopwatch.GetTimestamp();
            using (var sink = new LaneFileSink(request.Output, work, info, AudioTags.Empty, cancellationToken))
            {
                await separator.SeparateAsync(
                    AudioInput.FromSamples(noise, separator.SampleRate, 2),
                    sink,
                    separator.Options with { TemporaryFolder = work },
                    cancellationToken: cancellationToken).ConfigureAwait(false);
                sink.Complete();
            }

            return Stopwatch.GetElapsedTime(began).TotalSeconds;
        }
    }

    private static float[] Noise(int frames)
    {
        var random = new Random(1);
        float[] noise = new float[2 * frames];
        foreach (ref float sample in noise.AsSpan())
            sample = random.NextSingle() * 0.5f - 0.25f;
        return noise;
    }
}
