using System.Globalization;
using Stemsharp.Checkpoints;
using Stemsharp.Cli.Hosting;
using Stemsharp.Evaluation;
using Stemsharp.Inference;
using Stemsharp.Model;

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

    // The same with 16-bit operands.
    private const double RequiredMixedDecibels = 50;

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
    internal static Check Golden(Backend backend, EngineSettings settings, CancellationToken cancellationToken)
    {
        using Checkpoint vectors = Checkpoint.Open(Resources.Open(Resources.GoldenVectors), Resources.GoldenVectors);
        float[] mix = Read(vectors, "mix.5000", out int[] mixShape);
        float[] truth = Read(vectors, "stems.5000", out int[] shape);
        Network network = FamilyTable.All.Read(null, () => Checkpoint.Open(Resources.Open(Resources.GoldenModel), Resources.GoldenModel));
        using IEngine engine = backend.Open(network, settings);

        // The network runs at its training length; a shorter input is followed by silence.
        int samples = mixShape[1], whole = network.Definition.Cut.NetworkSamples(samples);
        float[] padded = new float[mixShape[0] * whole];
        for (int channel = 0; channel < mixShape[0]; channel++)
        {
            mix.AsSpan(channel * samples, samples).CopyTo(padded.AsSpan(channel * whole));
        }

        float[] given = PieceTrial.Run(engine, network.Definition, padded, cancellationToken);
        float[] stems = new float[truth.Length];
        for (int row = 0; row < shape[0] * shape[1]; row++)
        {
            given.AsSpan(row * whole, samples).CopyTo(stems.AsSpan(row * samples));
        }

        return Compare("engine against the original's stored result", settings, truth, stems);
    }

    /// <summary>Runs a network's weights through the engine and through the interpreter in double precision.</summary>
    internal static Check Interpreter(Network network, Backend backend, EngineSettings settings, CancellationToken cancellationToken)
    {
        // A network that takes some lengths only is shown the shortest of them that is long enough; one that was trained on one can be
        // computed for any.
        NetworkLengths lengths = network.Definition.Cut.Lengths;
        int samples = lengths.IsOne && !network.IsOfOneLength ? ComparedSamples : lengths.AtLeast(ComparedSamples) ?? lengths.Most;
        float[] mix = new float[network.Definition.Channels * samples];
        Random random = new(1);
        foreach (ref float sample in mix.AsSpan())
        {
            sample = random.NextSingle() - 0.5f;
        }

        using IEngine engine = backend.Open(network, settings), reference = InterpretedRuntime.Engine(network);
        float[] found = PieceTrial.Run(engine, network.Definition, mix, cancellationToken);
        float[] truth = PieceTrial.Run(reference, network.Definition, mix, cancellationToken);
        return Compare($"engine against interpreter, {network.Signature}", settings, truth, found);
    }

    private static float[] Read(Checkpoint checkpoint, string name, out int[] shape)
    {
        StoredTensor tensor = checkpoint.Tensors.First(t => t.Name == name);
        shape = [.. tensor.Shape];
        float[] values = new float[tensor.Count];
        tensor.CopyTo(values);
        return values;
    }

    private static Check Compare(string name, EngineSettings settings, float[] truth, float[] found)
    {
        double decibels = SignalToNoise.Of(truth, found);
        double required = settings.Precision == EnginePrecision.Mixed ? RequiredMixedDecibels : RequiredDecibels;
        bool passed = decibels >= required;
        return new Check(name, passed, string.Create(
            CultureInfo.InvariantCulture, $"{decibels:0.0} dB, at least {required:0} wanted"));
    }
}
