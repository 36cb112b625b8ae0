using System.Globalization;
using Stemsharp.Export.CoreML.Palettization;
using Stemsharp.Inference;

namespace Stemsharp.Export.CoreML;

/// <summary>A package that was written.</summary>
/// <param name="Path">Its folder.</param>
/// <param name="Stems">The stems that it returns, in the order of its outputs.</param>
/// <param name="Notes">What the user should know: what palettes or another segment cost, a pattern that matched nothing.</param>
public sealed record CoreMLExport(string Path, IReadOnlyList<string> Stems, IReadOnlyList<string> Notes);

/// <summary>Writes models as CoreML packages, on any system.</summary>
public static class CoreMLExporter
{
    private const double LongestSegment = 60;

    /// <summary>
    /// Writes a model. A bag becomes one package per network, each with the stems that the network has a part
    /// in; their names are the given one with the stem's (or the network's signature) before the extension.
    /// </summary>
    /// <param name="model">A resolved model.</param>
    /// <param name="path">The package's folder, by custom with the extension .mlpackage.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="cancellationToken">Asked between packages, and while one with palettes or of another segment is tried out.</param>
    /// <exception cref="OptionException">An option does not fit the model or the other options.</exception>
    /// <exception cref="ModelException">The weights cannot be read or do not fit.</exception>
    /// <exception cref="IOException">The package is there already, or cannot be written.</exception>
    public static IReadOnlyList<CoreMLExport> Export(ModelSource model, string path, CoreMLExportOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new CoreMLExportOptions();
        Check(options);
        List<CoreMLExport> exports = [];
        bool bag = model.Members.Count > 1;
        foreach (ModelMember member in model.Members)
        {
            cancellationToken.ThrowIfCancellationRequested();
            IReadOnlyList<string> own = [.. member.Network.Definition.Stems.Where((_, i) => !bag || member.Weights[i] > 0)];
            IReadOnlyList<string> stems = [.. own.Where(s => options.Stems is null || options.Stems.Contains(s))];
            RequireKnown(options.Stems, member.Network.Definition);
            if (stems.Count == 0)
            {
                continue;
            }

            string target = bag ? Insert(path, stems.Count == 1 ? stems[0] : member.Signature) : path;
            exports.Add(Export(member, target, options with { Stems = stems }, bag, cancellationToken));
        }

        return exports;
    }

    private static CoreMLExport Export(ModelMember member, string path, CoreMLExportOptions options, bool bag, CancellationToken cancellationToken)
    {
        NetworkDefinition definition = member.Network.Definition;
        List<string> notes = [];
        int samples = definition.Cut.Samples;
        if (options.Segment is { } seconds)
        {
            samples = checked((int)Math.Floor(seconds * definition.SampleRate + 1e-6));
        }

        Graph.Graph graph = member.Network.Record(samples);
        using (INetworkWeights weights = member.Network.OpenWeights(graph))
        {
            IReadOnlyList<double>? blend = bag ? [.. options.Stems!.Select(s => member.Weights[definition.Stems.IndexOf(s)])] : null;
            PackageSource source = new(member.Network.Family, member.Signature, weights.Sha256, member.Licence, blend);
            notes.AddRange(PackageWriter.Write(path, definition, graph, samples, weights, source, options));
        }

        if (samples != definition.Cut.Samples || options.PaletteBits is not null)
        {
            PackageTrial trial = PackageTrial.Run(member.Network, path, options.Stems!, cancellationToken);
            notes.Add(samples == definition.Cut.Samples ? Palettized(path, options, trial) : Changed(definition, samples, trial));
        }

        return new CoreMLExport(path, options.Stems!, notes);
    }

    private static string Palettized(string path, CoreMLExportOptions options, PackageTrial trial) => string.Create(
        CultureInfo.InvariantCulture,
        $"With palettes of {options.PaletteBits} bits the package has {CoreMLReport.Read(path).TotalBytes / 1e6:F1} MB, and on made-up music its stems are at {trial.Parity:F1} dB of the network's. {string.Join(", ", options.PaletteKeep ?? PalettePolicy.KeptDefault)} keep their weights.");

    private static string Changed(NetworkDefinition definition, int samples, PackageTrial check) => string.Create(
        CultureInfo.InvariantCulture,
        $"The network was trained on segments of {definition.Cut.Samples} samples ({definition.PieceSeconds:0.###} s) and this package takes {samples} ({(double)samples / definition.SampleRate:0.###} s). On made-up music its stems are at {check.Change:F1} dB of those at the trained length, and often worse: compare before using it. Interpreted, the package is at {check.Parity:F1} dB of the network at its own length.");

    private static void Check(CoreMLExportOptions options)
    {
        if (options.PaletteBits is not (null or 8 or 6 or 4))
        {
            throw new OptionException($"Palettes of {options.PaletteBits} bits are not supported; 8, 6 and 4 are.");
        }

        if (options.PaletteGroup < 0)
        {
            throw new OptionException($"A palette for {options.PaletteGroup} channels makes no sense; 0 is one palette per tensor.");
        }

        if (options.PaletteGroup > 0 && options.PaletteBits is null)
        {
            throw new OptionException("A palette group was given without palettes; ask for palettes of 8, 6 or 4 bits.");
        }

        if (options.PaletteKeep is not null && options.PaletteBits is null)
        {
            throw new OptionException("A list of what keeps its weights was given without palettes; ask for palettes of 8, 6 or 4 bits.");
        }

        if (options.PaletteGroup > 0 && options.Target < CoreMLTarget.IOS18)
        {
            throw new OptionException("Palettes per channel group exist from iOS 18 on; choose that target, or one palette per tensor.");
        }

        if (options.SinglePrecision is not null && options.Precision != CoreMLPrecision.Mixed)
        {
            throw new OptionException("A list of what stays in single precision belongs to mixed precision.");
        }

        if (options.Segment is { } seconds && !(seconds is >= 0.5 and <= LongestSegment))
        {
            throw new OptionException(string.Create(CultureInfo.InvariantCulture, $"A segment of {seconds} s is not supported; 0.5 to {LongestSegment} s are."));
        }
    }

    private static void RequireKnown(IReadOnlyList<string>? stems, NetworkDefinition definition)
    {
        if (stems?.FirstOrDefault(s => !definition.Stems.Contains(s)) is { } unknown)
        {
            throw new OptionException($"The model has no stem \"{unknown}\"; its stems are {string.Join(", ", definition.Stems)}.");
        }
    }

    private static string Insert(string path, string part)
    {
        path = Path.TrimEndingDirectorySeparator(path);
        string extension = Path.GetExtension(path);
        return $"{path[..^extension.Length]}-{part}{extension}";
    }
}
