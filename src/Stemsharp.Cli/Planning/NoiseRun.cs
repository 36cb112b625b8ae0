using System.Diagnostics;
using Stemsharp.Audio;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Separating;
using Stemsharp.Files;

namespace Stemsharp.Cli.Planning;

/// <summary>A separation of noise with a request's own settings, into files of its format that are thrown away.</summary>
/// <param name="Pieces">Pieces of the noise.</param>
/// <param name="Seconds">All of it, reading and writing included.</param>
/// <param name="Segments">Runs of the network: pieces × networks × shifts.</param>
/// <param name="SegmentSeconds">Those runs one by one, where nothing was loaded in between.</param>
/// <param name="RestSeconds">What was spent before and after the network.</param>
/// <param name="Plan">The files.</param>
internal sealed record NoiseRun(
    int Pieces, double Seconds, long Segments, IReadOnlyList<double> SegmentSeconds, double RestSeconds, FilePlan Plan)
{
    private const int BlockFrames = 1 << 14;

    /// <summary>Runs.</summary>
    /// <param name="request">The settings.</param>
    /// <param name="separator">The model.</param>
    /// <param name="stride">Samples from one piece to the next.</param>
    /// <param name="pieces">How many.</param>
    /// <param name="cancellationToken">Stops.</param>
    internal static async Task<NoiseRun> OfAsync(
        SeparateRequest request, StemSeparator separator, int stride, int pieces, CancellationToken cancellationToken)
    {
        // The run before has left what one run alone would not have.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        string folder = Directory.CreateTempSubdirectory("stemsharp-plan-").FullName;
        try
        {
            string noise = Path.Combine(folder, "noise.wav");
            Write(noise, separator.SampleRate, (long)stride * pieces);
            long began = Stopwatch.GetTimestamp();
            using OpenedInput source = OpenedInput.Open(noise, folder, cancellationToken);
            FilePlan? plan = null;
            StemFilePlanner files = new(request.Files with { FileNamePattern = FileNamePattern.Stems }, folder, source) { TemporaryFolder = folder, CancellationToken = cancellationToken };
            double reported = 0, network = 0;
            List<double> segments = [];
            SeparationProgress last = default;
            DirectProgress<SeparationProgress> progress = new(p =>
            {
                double now = Stopwatch.GetElapsedTime(began).TotalSeconds;
                if (p.State == SeparationState.Separating)
                {
                    network += now - reported;
                    if (last.State == SeparationState.Separating && p.SegmentIndex > last.SegmentIndex)
                    {
                        segments.Add(now - reported);
                    }
                }

                reported = now;
                last = p;
            });
            using (FileSink sink = new(song => plan = files.Plan(song), cancellationToken))
            {
                // Several pieces are several segments, also where the songs themselves are short enough for --no-split.
                SeparationOptions options = separator.Effective(null) with { TemporaryFolder = folder, Split = true };
                await separator.SeparateAsync(source, sink, options, progress, cancellationToken).ConfigureAwait(false);
            }

            double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
            return new NoiseRun(pieces, seconds, last.SegmentCount, segments, seconds - network, plan!);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Write(string path, int sampleRate, long frames)
    {
        Random random = new(1);
        float[] block = new float[2 * BlockFrames];
        using IAudioWriter writer = AudioFiles.Create(path, sampleRate, 2);
        for (long left = frames; left > 0; left -= BlockFrames)
        {
            foreach (ref float sample in block.AsSpan())
            {
                sample = random.NextSingle() * 0.5f - 0.25f;
            }

            writer.Write(block.AsSpan(0, 2 * (int)Math.Min(BlockFrames, left)));
        }

        writer.Complete();
    }
}
