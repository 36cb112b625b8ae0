using Stemsharp.Export.CoreML;
using Stemsharp.Export.CoreML.Interpretation;
using Stemsharp.Export.CoreML.Reading;
using Stemsharp.Export.Interpretation;
using Stemsharp.Export.Onnx;
using Stemsharp.Export.Onnx.Interpretation;
using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.Tests.Extending.Toy;
using Xunit;

namespace Stemsharp.Export.Tests.Extending;

/// <summary>
/// The family of docs/extending.md, and one of spectrograms alone, through the exporters, which know nothing of them but their
/// definitions and graphs.
/// </summary>
public sealed class ToyExportTests : IDisposable
{
    private static readonly FamilyTable s_families = new([.. FamilyTable.All.Families, new ToyFamily(), new SpectralToyFamily()]);

    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-toy").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("synthetic:toy", OnnxGraphKind.Waveform)]
    [InlineData("synthetic:toy", OnnxGraphKind.Spectrogram)]
    [InlineData("synthetic:spectral-toy", OnnxGraphKind.Waveform)]
    [InlineData("synthetic:spectral-toy", OnnxGraphKind.Spectrogram)]
    public async Task As_ONNX_graphs(string model, OnnxGraphKind kind)
    {
        Network network = s_families.Open(model);
        OnnxExporter.Export(await ModelAsync(model), _folder, new OnnxExportOptions { Graph = kind });

        // And back, without a checkpoint.
        ModelSource export = OnnxExports.Open(Assert.Single(Directory.EnumerateFiles(_folder, "*.json")));
        NetworkDefinition definition = Assert.Single(export.Members).Network.Definition;
        Assert.Equal(network.Definition.Stems.AsEnumerable(), definition.Stems.AsEnumerable());
        Assert.Equal(network.Definition.SampleRate, definition.SampleRate);
        Assert.Equal(kind == OnnxGraphKind.Spectrogram ? network.Definition.Transform : null, definition.Transform);

        OnnxInterpreter graph = new(OnnxGraphFile.Open(Assert.Single(Directory.EnumerateFiles(_folder, "*.onnx"))));
        using SpectralEngine engine = new ExportRuntime(definition, "onnx", definition.Cut.Samples, graph.Run).Engine();
        float[] mix = StemTrial.Music(1, definition.Cut.Samples);
        Assert.True(StemTrial.Snr(Truth(network, mix), definition.Cut.Samples, PieceTrial.Run(engine, definition, mix, default), definition.Cut.Samples) > 110);
    }

    [Fact]
    public async Task Some_of_the_stems()
    {
        string[] stems = ["low", "noise"];
        OnnxExporter.Export(await ModelAsync("synthetic:spectral-toy"), _folder, new OnnxExportOptions { Stems = stems });
        CoreMLExporter.Export(await ModelAsync("synthetic:spectral-toy"), Path.Combine(_folder, "toy.mlpackage"), new CoreMLExportOptions { Stems = stems, Precision = CoreMLPrecision.Float32 });
        Network network = s_families.Open("synthetic:spectral-toy");
        int samples = network.Definition.Cut.Samples, size = 2 * samples;
        float[] mix = StemTrial.Music(1, samples), all = Truth(network, mix), truth = [.. all[..size], .. all[(2 * size)..]];
        OnnxInterpreter graph = new(OnnxGraphFile.Open(Assert.Single(Directory.EnumerateFiles(_folder, "*.onnx"))));
        Assert.True(StemTrial.Snr(truth, samples, graph.Run([mix])[0], samples) > 110);
        NetworkDefinition some = network.Definition with { Stems = [.. stems] };
        using SpectralEngine package = PackageRuntime.Open(Path.Combine(_folder, "toy.mlpackage"), network.Definition, stems).Engine();
        Assert.True(StemTrial.Snr(truth, samples, PieceTrial.Run(package, some, mix, default), samples) > 100);
    }

    [Theory]
    [InlineData("synthetic:toy")]
    [InlineData("synthetic:spectral-toy")]
    public async Task As_CoreML_packages(string model)
    {
        string path = Path.Combine(_folder, "toy.mlpackage");
        Network network = s_families.Open(model);
        CoreMLExporter.Export(await ModelAsync(model), path);
        float[] mix = StemTrial.Music(1, network.Definition.Cut.Samples);
        using SpectralEngine package = PackageRuntime.Open(path, network.Definition, network.Definition.Stems).Engine();
        Assert.True(StemTrial.Snr(Truth(network, mix), mix.Length / 2, PieceTrial.Run(package, network.Definition, mix, default), mix.Length / 2) > 40);
        using Package read = Package.Open(path);
        Assert.Equal(network.Definition.Transform is null, !read.Model.Metadata.ContainsKey("com.stemsharp.n_fft"));
        Assert.Equal(network.Definition.Stems.AsEnumerable(), DefinitionJson.FromText(read.Model.Metadata["com.stemsharp.definition"]).Stems);
    }

    [Fact]
    public async Task A_package_of_another_network_is_refused()
    {
        string path = Path.Combine(_folder, "toy.mlpackage");
        CoreMLExporter.Export(await ModelAsync("synthetic:toy"), path);
        NetworkDefinition other = s_families.Open("synthetic:spectral-toy").Definition;
        Assert.Contains("it takes mix and gives stems", Assert.Throws<ModelException>(() => PackageRuntime.Open(path, other, other.Stems)).Message, StringComparison.Ordinal);
    }

    private static float[] Truth(Network network, float[] mix)
    {
        using SpectralEngine engine = InterpretedRuntime.Engine(network);
        return PieceTrial.Run(engine, network.Definition, mix, default);
    }

    private Task<ModelSource> ModelAsync(string model) =>
        new ModelCatalog(new ModelCatalogOptions { Families = s_families, CacheFolder = _folder, Offline = true }).ResolveAsync(model);
}
