using Stemsharp.Export.CoreML;
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

    [Fact]
    public async Task A_changed_length_is_reported()
    {
        CoreMLExport export = Assert.Single(CoreMLExporter.Export(await Tiny(), Package, new CoreMLExportOptions { Segment = 1.5 }));
        string note = Assert.Single(export.Notes);
        Assert.Contains("85995 samples", note, StringComparison.Ordinal);
        Assert.Contains("66150", note, StringComparison.Ordinal);
        CoreMLReport report = CoreMLReport.Read(Package);
        Assert.Equal("66150", report.Metadata["com.stemsharp.segment_samples"]);
        Assert.Equal("waveform: Float32 [1, 2, 66150]", report.Inputs[1]);
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
            new() { Segment = 0.1 }, new() { Precision = CoreMLPrecision.Float16, SinglePrecision = ["LayerNorm"] },
        ])
        {
            Assert.Throws<OptionException>(() => CoreMLExporter.Export(model, Package, wrong with { Overwrite = true }));
        }

        string other = Directory.CreateDirectory(Path.Combine(_folder, "notes")).FullName;
        Assert.Throws<IOException>(() => CoreMLExporter.Export(model, other, new CoreMLExportOptions { Overwrite = true }));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Package => Path.Combine(_folder, "tiny4.mlpackage");

    private static ModelCatalog Catalog() => new(new ModelCatalogOptions { Offline = true });

    private static Task<ModelSource> Tiny() => Catalog().ResolveAsync(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"));
}
