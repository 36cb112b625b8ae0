using System.Globalization;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Stemsharp.Export.CoreML;
using Stemsharp.Graph;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Export.Tests.CoreML;

/// <summary>From a resolved model to its packages: bags, lengths, refusals.</summary>
public sealed class ExporterTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-coreml-").FullName;

    [Fact]
    public async Task A_bag_becomes_one_package_per_network_with_the_stems_it_has_a_part_in()
    {
        File.Copy(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"), Path.Combine(_folder, "a1.th"));
        File.Copy(RepositoryFiles.Golden("mixed-storage", "mixed-7b6ab67f.th"), Path.Combine(_folder, "b2.th"));
        File.WriteAllText(Path.Combine(_folder, "duo.yaml"), "models: ['a1', 'b2']\nweights: [\n  [1., 0., 0., 0.],\n  [0., 1., 3., 1.]]\n");
        ModelSource duo = await Catalog().ResolveAsync("duo", _folder);

        IReadOnlyList<CoreMLExport> exports = CoreMLExporter.Export(duo, Path.Combine(_folder, "duo.mlpackage"));
        Assert.Equal(["duo-drums.mlpackage", "duo-b2.mlpackage"], exports.Select(e => Path.GetFileName(e.Path)));
        Assert.Equal(["drums"], exports[0].Stems);
        Assert.Equal(["bass", "other", "vocals"], exports[1].Stems);
        CoreMLReport first = CoreMLReport.Read(exports[0].Path), second = CoreMLReport.Read(exports[1].Path);
        Assert.Equal("drums", first.Metadata["com.stemsharp.stems"]);
        Assert.Equal("waveforms: Float32 [1, 1, 2, 85995]", first.Outputs[1]);
        Assert.Equal("bass,other,vocals", second.Metadata["com.stemsharp.stems"]);
        Assert.Equal("1,3,1", second.Metadata["com.stemsharp.blend_weights"]);

        CoreMLExport vocals = Assert.Single(CoreMLExporter.Export(duo, Path.Combine(_folder, "one.mlpackage"), new CoreMLExportOptions { Stems = ["vocals"] }));
        Assert.Equal("one-vocals.mlpackage", Path.GetFileName(vocals.Path));
    }

    [Theory]
    [InlineData(1.5, 66150)]
    [InlineData(3, 132300)]
    public async Task A_changed_length_is_tried_out_and_reported(double seconds, int samples)
    {
        CoreMLExport export = Assert.Single(CoreMLExporter.Export(await Tiny(), Package, new CoreMLExportOptions { Segment = seconds, Stems = ["bass", "vocals"] }));
        string note = Assert.Single(export.Notes);
        Assert.Contains("85995 samples", note, StringComparison.Ordinal);
        Assert.Contains($"{samples}", note, StringComparison.Ordinal);
        double[] decibels = [.. Regex.Matches(note, @"(-?[\d.]+) dB").Select(m => double.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture))];
        // Another length is another network; its package is as good as a mixed package of any length.
        Assert.InRange(decibels[0], -5, 40);
        Assert.InRange(decibels[1], 55, 100);
        CoreMLReport report = CoreMLReport.Read(Package);
        Assert.Equal($"{samples}", report.Metadata["com.stemsharp.segment_samples"]);
        Assert.Equal($"waveform: Float32 [1, 2, {samples}]", report.Inputs[1]);
    }

    [Fact]
    public async Task The_trained_length_given_in_seconds_is_no_change() =>
        Assert.Empty(Assert.Single(CoreMLExporter.Export(await Tiny(), Package, new CoreMLExportOptions { Segment = 1.95 })).Notes);

    [Theory]
    [InlineData(8, 53)]
    [InlineData(6, 39)]
    public async Task Palettes_are_tried_out_and_what_they_cost_is_said(int bits, double least)
    {
        ModelSource demo = await Catalog().ResolveAsync(RepositoryFiles.DemoModel);
        CoreMLExport export = Assert.Single(CoreMLExporter.Export(demo, Package, new CoreMLExportOptions { PaletteBits = bits }));
        string note = Assert.Single(export.Notes);
        Assert.Contains($"{CoreMLReport.Read(Package).TotalBytes / 1e6:F1} MB", note, StringComparison.Ordinal);
        Assert.Contains("decoder.3.*, tdecoder.2.*, tdecoder.3.* keep their weights", note, StringComparison.Ordinal);
        Assert.InRange(double.Parse(Regex.Match(note, @"(-?[\d.]+) dB").Groups[1].Value, CultureInfo.InvariantCulture), least, 80);
    }

    [Fact]
    public async Task A_host_finds_what_it_needs_in_the_metadata()
    {
        CoreMLExporter.Export(await Tiny(), Package, new CoreMLExportOptions { PaletteBits = 6 });
        IReadOnlyDictionary<string, string> metadata = CoreMLReport.Read(Package).Metadata;
        foreach ((string key, string value) in (ReadOnlySpan<(string, string)>)
        [
            ("contract", "1"), ("stems", "drums,bass,other,vocals"), ("sample_rate", "44100"), ("channels", "2"), ("segment_samples", "85995"),
            ("frames", "84"), ("bins", "2048"), ("n_fft", "4096"), ("hop", "1024"), ("window", "hann, periodic"),
            ("spectrogram_channels", "left.re,left.im,right.re,right.im"), ("overlap", "0.25"), ("precision", "mixed"), ("palette_bits", "6"), ("palette_group", "0"), ("palette_kept", "decoder.3.*,tdecoder.2.*,tdecoder.3.*"),
            ("license", "See the model's source."),
        ])
        {
            Assert.Equal(value, metadata[$"com.stemsharp.{key}"]);
        }

        Assert.StartsWith("reflect 1536 left and", metadata["com.stemsharp.framing"], StringComparison.Ordinal);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th")))), metadata["com.stemsharp.source_sha256"]);
    }

    [Fact]
    public async Task A_failed_export_leaves_the_package_that_was_there()
    {
        CoreMLExporter.Export(await Tiny(), Package);
        byte[] before = File.ReadAllBytes(Path.Combine(Package, "Manifest.json"));
        TestNetwork network = TestNetwork.Open(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"));
        Assert.Throws<ModelException>(() => PackageWriter.Write(
            Package, network.Definition, network.Graph, network.Samples, new Broken(network.Weights), new PackageSource(network.Network.Family, "broken"), new CoreMLExportOptions { Overwrite = true }));
        Assert.Equal(before, File.ReadAllBytes(Path.Combine(Package, "Manifest.json")));
        Assert.Equal([Package], Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public async Task What_does_not_fit_is_refused()
    {
        ModelSource model = await Tiny();
        CoreMLExporter.Export(model, Package);
        Assert.Throws<IOException>(() => CoreMLExporter.Export(model, Package));
        foreach (CoreMLExportOptions wrong in (CoreMLExportOptions[])
        [
            new() { Stems = ["violin"] }, new() { PaletteBits = 5 }, new() { PaletteGroup = 8 }, new() { PaletteBits = 6, PaletteGroup = 8 },
            new() { PaletteKeep = ["decoder.3.*"] }, new() { Segment = 0.1 }, new() { Precision = CoreMLPrecision.Float16, SinglePrecision = ["LayerNorm"] },
        ])
        {
            Assert.Throws<OptionException>(() => CoreMLExporter.Export(model, Package, wrong with { Overwrite = true }));
        }

        string other = Directory.CreateDirectory(Path.Combine(_folder, "notes")).FullName;
        Assert.Throws<IOException>(() => CoreMLExporter.Export(model, other, new CoreMLExportOptions { Overwrite = true }));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    // The last layers are not numbers.
    private sealed class Broken(IWeightSource sound) : IWeightSource
    {
        public void Read(Parameter parameter, Span<float> destination)
        {
            sound.Read(parameter, destination);
            if (parameter.Name.StartsWith("decoder.3", StringComparison.Ordinal))
            {
                destination[0] = float.NaN;
            }
        }

        public bool TryReadHalf(Parameter parameter, Span<Half> destination) => false;
    }

    private string Package => Path.Combine(_folder, "tiny4.mlpackage");

    private static ModelCatalog Catalog() => new(new ModelCatalogOptions { Offline = true });

    private static Task<ModelSource> Tiny() => Catalog().ResolveAsync(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"));
}
