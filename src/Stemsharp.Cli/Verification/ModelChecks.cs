using System.Globalization;
using Stemsharp.Checkpoints;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cpu;
using Stemsharp.Evaluation;
using Stemsharp.Model;
using Stemsharp.Separation;

namespace Stemsharp.Cli.Verification;

/// <summary>One thing that was checked.</summary>
/// <param name="Name">What.</param>
/// <param name="Passed">Whether it is as it should be.</param>
/// <param name="Detail">The finding.</param>
internal sealed record Check(string Name, bool Passed, string Detail);

/// <summary>Checks a model's files, and the engine on this machine: against stored results and against the interpreter.</summary>
internal static class ModelChecks
{
    // Float rounding leaves the engine some 115 to 125 dB from the exact result; a wrong kernel is far below.
    private const double RequiredDecibels = 100;

    // Eight frames of the spectrogram: enough for every operation, few enough for the slow interpreter.
    private const int ComparedSamples = 8192;

    /// <summary>Compares the checksums of a model's files: of a known one with its pins too, of others with those in their names.</summary>
    /// <param name="catalog">The known models.</param>
    /// <param name="model">The model's name, signature or path.</param>
    /// <param name="source">The model.</param>
    /// <param name="inCatalog">Whether it was looked up in the catalog.</param>
    internal static IEnumerable<Check> Files(ModelCatalog catalog, string model, ModelSource source, bool inCatalog)
    {
        if (inCatalog && catalog.List().Any(m => m.Name == model || m.Files.Any(f => FileNames.Parse(f.Name).Signature == model)))
        {
            return catalog.Verify(model).Select(v => new Check($"checksum of {v.File}", v.Problem is null, v.Problem ?? "as it should be"));
        }

        return from path in source.Members.Select(m => Path.GetFileName(m.Path)).OfType<string>()
               let checksum = FileNames.Parse(path).Checksum
               where checksum is not null
               // Opening the file has compared them.
               select new Check($"checksum of {path}", true, $"{checksum}, as its name says");
    }

    /// <summary>Runs a small network whose results by the original are stored in the command.</summary>
    internal static Check Golden(int threads, CancellationToken cancellationToken)
    {
        using Checkpoint vectors = Checkpoint.Open(Resources.Open(Resources.GoldenVectors), Resources.GoldenVectors);
        float[] mix = Read(vectors, "mix.5000", out int[] mixShape);
        float[] truth = Read(vectors, "stems.5000", out int[] shape);
        using Checkpoint checkpoint = Checkpoint.Open(Resources.Open(Resources.GoldenModel), Resources.GoldenModel);
        HTDemucsConfig config = HTDemucsConfigReader.Read(checkpoint);
        using SegmentRunner runner = Engine(checkpoint, config, config.SegmentSamples, threads);
        int samples = mixShape[1];
        for (int channel = 0; channel < mixShape[0]; channel++)
        {
            // The network runs at its training length; a shorter input is followed by silence.
            runner.Input(channel).Clear();
            mix.AsSpan(channel * samples, samples).CopyTo(runner.Input(channel));
        }

        runner.Run([.. Enumerable.Range(0, shape[0])], cancellationToken);
        float[] stems = new float[truth.Length];
        for (int stem = 0; stem < shape[0]; stem++)
        {
            for (int channel = 0; channel < shape[1]; channel++)
            {
                runner.Output(stem, channel)[..samples].CopyTo(stems.AsSpan((stem * shape[1] + channel) * samples));
            }
        }

        return Compare("engine against the original's stored result", truth, stems);
    }

    /// <summary>Runs a network's weights through the engine and through the interpreter in double precision.</summary>
    internal static Check Interpreter(ModelMember member, int threads, CancellationToken cancellationToken)
    {
        using Checkpoint checkpoint = member.Open();
        HTDemucsConfig config = member.Config;
        int[] stems = [.. Enumerable.Range(0, config.Sources.Length)];
        Graph.Graph graph = HTDemucs.Build(config, ComparedSamples);
        using SegmentRunner engine = Engine(checkpoint, config, ComparedSamples, threads);
        using SegmentRunner reference = new(
            new ReferenceEngine(graph, new CheckpointWeights(checkpoint, config, graph), engine.Shape), config.Nfft, new ParallelWorkers(threads));
        Random random = new(1);
        for (int channel = 0; channel < config.AudioChannels; channel++)
        {
            foreach (ref float sample in engine.Input(channel))
            {
                sample = random.NextSingle() - 0.5f;
            }

            engine.Input(channel).CopyTo(reference.Input(channel));
        }

        engine.Run(stems, cancellationToken);
        reference.Run(stems, cancellationToken);
        return Compare($"engine against interpreter, {member.Signature}", All(reference), All(engine));

        float[] All(SegmentRunner runner)
        {
            List<float> samples = [];
            foreach (int stem in stems)
            {
                for (int channel = 0; channel < config.AudioChannels; channel++)
                {
                    samples.AddRange(runner.Output(stem, channel));
                }
            }

            return [.. samples];
        }
    }

    private static SegmentRunner Engine(Checkpoint checkpoint, HTDemucsConfig config, int samples, int threads)
    {
        Graph.Graph graph = HTDemucs.Build(config, samples);
        CpuEngine engine = new(graph, new CheckpointWeights(checkpoint, config, graph), threads);
        return new SegmentRunner(engine, config.Nfft, engine.Workers);
    }

    private static float[] Read(Checkpoint checkpoint, string name, out int[] shape)
    {
        StoredTensor tensor = checkpoint.Tensors.First(t => t.Name == name);
        shape = [.. tensor.Shape];
        float[] values = new float[tensor.Count];
        tensor.CopyTo(values);
        return values;
    }

    private static Check Compare(string name, float[] truth, float[] found)
    {
        double decibels = SignalToNoise.Of(truth, found);
        bool passed = decibels >= RequiredDecibels;
        return new Check(name, passed, string.Create(
            CultureInfo.InvariantCulture, $"{decibels:0.0} dB, at least {RequiredDecibels:0} wanted"));
    }
}
