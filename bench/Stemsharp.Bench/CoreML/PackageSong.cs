using Stemsharp.Evaluation;
using Stemsharp.Export.CoreML;

namespace Stemsharp.Bench.CoreML;

/// <summary>
/// What do half precision and palettes cost on a song, against its true stems? Stemsharp separates it with the
/// interpreted packages as its engines.
/// <c>coreml song [MODEL] [--song FOLDER] [--target T] [--palette-group N]</c>
/// </summary>
internal static class PackageSong
{
    private static readonly (string Name, CoreMLPrecision Precision, int? Bits)[] s_packages =
    [
        ("fp32", CoreMLPrecision.Float32, null), ("mixed", CoreMLPrecision.Mixed, null), ("fp16", CoreMLPrecision.Float16, null),
        ("mixed, 8 bits", CoreMLPrecision.Mixed, 8), ("mixed, 6 bits", CoreMLPrecision.Mixed, 6), ("mixed, 4 bits", CoreMLPrecision.Mixed, 4),
    ];

    public static async Task RunAsync(string[] args)
    {
        PackageArguments arguments = new(args);
        string song = arguments.Value("--song", Path.Combine("samples", "song"));
        string model = args.Length > 0 && !args[0].StartsWith('-') ? args[0] : Path.Combine("samples", "demo-26c5300c.th");
        ModelSource source = await new ModelCatalog(new ModelCatalogOptions { Offline = true }).ResolveAsync(model);
        string folder = Directory.CreateTempSubdirectory("stemsharp-bench-").FullName;
        try
        {
            foreach ((string name, CoreMLPrecision precision, int? bits) in s_packages)
            {
                string path = Path.Combine(folder, $"{name}.mlpackage");
                CoreMLExporter.Export(source, path, arguments.Options with { Precision = precision, PaletteBits = bits });
                await using Separator separator = Separator.Open(source, new SeparatorOptions { Backends = [new PackageBackend(path)], Engine = PackageBackend.BackendName });
                SeparationResult result = await separator.SeparateAsync(Path.Combine(song, "mix.wav"));
                TrackScores scores = TrackEvaluator.Evaluate(name, [.. result.StemNames.Select(stem => new StemPair(
                    stem, EvaluationSignal.FromFile(Path.Combine(song, $"{stem}.wav")), EvaluationSignal.FromSamples(result[stem], result.SampleRate)))], options: new EvaluationOptions { Decompose = false });
                Console.WriteLine($"{name}: {string.Join(", ", scores.Stems.Select(s => $"{s.Stem} {s.GlobalSdr:F3} (SI-SDR {s.SiSdr:F3})"))}");
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
