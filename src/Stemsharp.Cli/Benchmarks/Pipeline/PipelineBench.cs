using System.Diagnostics;
using Stemsharp.Audio;
using Stemsharp.Inference;
using Stemsharp.Separation;

namespace Stemsharp.Cli.Benchmarks.Pipeline;

/// <summary>What does everything around a network take? A song through an engine that only copies, from a file to files.</summary>
internal sealed record PipelineBench
{
    private const int Rate = 44_100;

    /// <summary>Length of the song.</summary>
    internal double Seconds { get; init; } = 180;

    /// <summary>Threads to work with.</summary>
    internal int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>A recording instead of a made-up one; null for none.</summary>
    internal string? Input { get; init; }

    /// <summary>The stems' format.</summary>
    internal AudioFormat Format { get; init; } = AudioFormat.Wav;

    /// <summary>The recording's loudest sample; above 0.99 files are written again with a gain.</summary>
    internal float Peak { get; init; } = 0.9f;

    /// <summary>Runs twice; the second run counts.</summary>
    internal async Task<PipelineResult> RunAsync(CancellationToken cancellationToken)
    {
        string folder = Directory.CreateTempSubdirectory("stemsharp-bench-").FullName;
        try
        {
            string input = Input ?? Path.Combine(folder, "song.wav");
            if (Input is null)
            {
                Write(input);
            }

            EncodingOptions encoding = new() { Format = Format, Dither = true };
            SeparatorOptions options = new() { Model = "synthetic:htdemucs", Preload = false, Backends = [new CopyBackend()], Engine = CopyBackend.BackendName, Threads = Threads };
            await using Separator separator = await Separator.OpenAsync(options, cancellationToken: cancellationToken).ConfigureAwait(false);
            PipelineResult result = null!;
            int stems = 0;
            for (int run = 0; run < 2; run++)
            {
                Timeline timeline = new();
                long began = Stopwatch.GetTimestamp();
                SeparatedFiles files = await separator.SeparateToFilesAsync(
                    input, Path.Combine(folder, $"{run}"), new StemFileOptions { Encoding = encoding },
                    new SeparationOptions { Timeline = timeline }, cancellationToken: cancellationToken).ConfigureAwait(false);
                result = new PipelineResult(Stopwatch.GetElapsedTime(began).TotalSeconds, files.Summary.Info.Duration.TotalSeconds, Threads, began, timeline);
                stems = files.Files.Count;
            }

            return result with { Alone = FFmpegAlone.Measure(input, stems, encoding, folder) };
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // Chords with a beat: nothing is silent, nothing repeats.
    private void Write(string path)
    {
        using IAudioWriter writer = AudioFiles.Create(path, Rate, 2, new EncodingOptions { SampleFormat = SampleFormat.Int16 });
        Random random = new(1);
        float[] block = new float[1 << 16];
        long frames = (long)(Seconds * Rate);
        for (long start = 0; start < frames; start += block.Length / 2)
        {
            int count = (int)Math.Min(block.Length / 2, frames - start);
            for (int i = 0; i < count; i++)
            {
                double t = (double)(start + i) / Rate, beat = Math.Exp(-20 * (t % 0.5));
                double tones = 0.4 * Math.Sin(2 * Math.PI * 220.5 * t) + 0.2 * Math.Sin(2 * Math.PI * 331.1 * t);
                block[2 * i] = (float)(Peak * Math.Clamp(tones + 0.4 * beat * (2 * random.NextDouble() - 1), -1, 1));
                block[2 * i + 1] = (float)(Peak * (start + i == frames / 2 ? 1 : Math.Clamp(0.7 * tones + 0.4 * beat * (2 * random.NextDouble() - 1), -1, 1)));
            }

            writer.Write(block.AsSpan(0, 2 * count));
        }

        writer.Complete();
    }
}
