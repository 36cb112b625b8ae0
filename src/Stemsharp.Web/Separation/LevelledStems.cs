using Stemsharp.Audio;
using Stemsharp.Client;
using Stemsharp.Separation;
using Stemsharp.Separation.Files;

namespace Stemsharp.Web.Separation;

/// <summary>
/// Turns stems that waited as floats into their final files, by the same rules as the library and the command line, so that
/// all of them write the same bytes.
/// </summary>
internal static class LevelledStems
{
    private const int BlockFrames = 1 << 14;

    /// <summary>Every stem for itself.</summary>
    public static void Write(
        IReadOnlyList<WaitingStem> stems, IReadOnlyList<string> targets, JobSettings settings, CancellationToken cancellationToken)
    {
        ClipMode mode = settings.ClipMode switch
        {
            "clamp" => ClipMode.Clamp,
            "tanh" => ClipMode.Tanh,
            "none" => ClipMode.None,
            _ => ClipMode.Rescale,
        };
        float loudest = stems.Max(stem => stem.Peak);
        for (int i = 0; i < stems.Count; i++)
        {
            float gain = Clipping.RescaleGain(settings.ClipMode == "rescale-all" ? loudest : stems[i].Peak);
            Copy(stems[i].Floats, targets[i], Encoding(stems[i], settings), samples => Clipping.Apply(samples, mode, gain), cancellationToken);
        }
    }

    /// <summary>Stems that add up to the mix.</summary>
    public static void WriteSum(
        IReadOnlyList<WaitingStem> stems, WaitingStem mix, IReadOnlyList<string> targets, JobSettings settings, CancellationToken cancellationToken)
    {
        List<Waiting> open = [];
        List<IAudioWriter> writers = [];
        try
        {
            foreach (WaitingStem waiting in stems.Append(mix))
            {
                open.Add(new Waiting(waiting));
            }

            WavReader first = open[0].File;
            FilePlan plan = new()
            {
                SampleRate = first.SampleRate,
                Channels = first.Channels,
                Length = first.Header.Frames,
                Files = [.. stems.Select((stem, i) => new PlannedFile(
                    Mixdown.Single(stem.Name, [.. stems.Select(other => other.Name)]), targets[i], Encoding(stem, settings)))],
                Residual = stems.ToList().FindIndex(stem => stem.Name == settings.Residual),
            };
            new ExactSumFinish(plan).Write([.. open[..^1]], open[^1], Open, cancellationToken);
            foreach (IAudioWriter writer in writers)
            {
                writer.Complete();
            }

            IAudioWriter Open(int stem)
            {
                writers.Add(AudioFiles.Create(targets[stem], plan.SampleRate, plan.Channels, plan.Files[stem].Encoding, cancellationToken));
                return writers[^1];
            }
        }
        finally
        {
            foreach (Waiting waiting in open)
            {
                waiting.File.Dispose();
            }

            foreach (IAudioWriter writer in writers)
            {
                writer.Dispose();
            }
        }
    }

    /// <summary>Copies one file to another one, changed on the way.</summary>
    public static void Copy(
        string source, string target, EncodingOptions encoding, SpanAction? change, CancellationToken cancellationToken)
    {
        using WavReader reader = WavReader.Open(source);
        using IAudioWriter writer = AudioFiles.Create(target, reader.SampleRate, reader.Channels, encoding, cancellationToken);
        float[] block = new float[BlockFrames * reader.Channels];
        for (int read; (read = reader.Read(block)) > 0;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Span<float> samples = block.AsSpan(0, read * reader.Channels);
            change?.Invoke(samples);
            writer.Write(samples);
        }
        writer.Complete();
    }

    internal delegate void SpanAction(Span<float> samples);

    private static EncodingOptions Encoding(WaitingStem stem, JobSettings settings) => new()
    {
        DitherSeed = DitherSeed.For(stem.Name),
        SampleFormat = settings.SampleFormat switch
        {
            "float32" => SampleFormat.Float32,
            "pcm24" => SampleFormat.Int24,
            _ => SampleFormat.Int16,
        },
    };

    /// <summary>A waiting file, read from front to back.</summary>
    private sealed class Waiting(WaitingStem stem) : IWaitingSamples
    {
        public WavReader File { get; } = WavReader.Open(stem.Floats);

        public float Peak => stem.Peak;

        public int Read(Span<float> samples) => FullRead.Frames(File, samples) * File.Channels;
    }
}
