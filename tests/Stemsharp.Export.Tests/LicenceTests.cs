using System.Text.Json;
using Stemsharp.Export.CoreML;
using Stemsharp.Export.Onnx;
using Stemsharp.Export.Onnx.Targets;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Export.Tests;

/// <summary>Exports carry the licence that the catalog has of each network, and claim none where it has none.</summary>
public sealed class LicenceTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-licence-").FullName;

    private static string Tiny => RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("htdemucs")]
    [InlineData("htdemucs_ft")]
    [InlineData("htdemucs_6s")]
    public async Task The_official_models_record_goes_into_every_export(string name)
    {
        ModelLicence official = new ModelCatalog().List().Single(m => m.Name == name).Licence!;
        Assert.Contains("not covered by MIT; scientific use", official.Text, StringComparison.Ordinal);
        // The official files are not here: a small network stands for theirs.
        ModelSource tiny = await new ModelCatalog().ResolveAsync(Tiny);
        ModelSource model = new(name, tiny.Stems, tiny.SampleRate, [new ModelMember(tiny.Members[0].Network, tiny.Members[0].Weights) { Licence = official }]);

        OnnxExportResult onnx = OnnxExporter.Export(model, _folder);
        IReadOnlyDictionary<string, string> metadata = OnnxReport.Read(onnx.Files[0].Path).Metadata;
        Assert.Equal(official, new ModelLicence(metadata["stemsharp.licence"], metadata["stemsharp.licence_stated_by"], new Uri(metadata["stemsharp.licence_link"])));
        JsonElement described = Network(onnx.Description).GetProperty("licence");
        Assert.Equal(
            official, new ModelLicence(described.GetProperty("text").GetString()!, described.GetProperty("stated_by").GetString()!, new Uri(described.GetProperty("link").GetString()!)));

        string package = Path.Combine(_folder, "x.mlpackage");
        CoreMLExporter.Export(model, package);
        metadata = CoreMLReport.Read(package).Metadata;
        Assert.Equal(
            official, new ModelLicence(metadata["com.stemsharp.license"], metadata["com.stemsharp.license_stated_by"], new Uri(metadata["com.stemsharp.license_link"])));
    }

    [Fact]
    public async Task A_signature_alone_tells_nothing()
    {
        string file = Path.Combine(_folder, "955717e8.th");
        File.Copy(Tiny, file);
        ModelSource model = await new ModelCatalog().ResolveAsync(file);
        OnnxExportResult onnx = OnnxExporter.Export(model, _folder);
        Assert.DoesNotContain(OnnxReport.Read(onnx.Files[0].Path).Metadata.Keys, key => key.Contains("licence", StringComparison.Ordinal));
        Assert.Equal(JsonValueKind.Null, Network(onnx.Description).GetProperty("licence").ValueKind);
        string package = Path.Combine(_folder, "x.mlpackage");
        CoreMLExporter.Export(model, package);
        IReadOnlyDictionary<string, string> metadata = CoreMLReport.Read(package).Metadata;
        Assert.Equal("See the model's source.", metadata["com.stemsharp.license"]);
        Assert.False(metadata.ContainsKey("com.stemsharp.license_stated_by"));
    }

    [Fact]
    public async Task Each_network_of_a_bag_carries_its_own()
    {
        File.Copy(Tiny, Path.Combine(_folder, "a1.th"));
        File.Copy(RepositoryFiles.Golden("mixed-storage", "mixed-7b6ab67f.th"), Path.Combine(_folder, "mixed-7b6ab67f.th"));
        File.WriteAllText(Path.Combine(_folder, "duo.yaml"), "models: ['a1', 'mixed']\nweights: [[1, 0, 0, 0], [0, 1, 1, 1]]\n");
        string catalog = Path.Combine(_folder, "catalog.json");
        File.WriteAllText(catalog, """{"models": {"known": {"files": ["https://models.test/mixed-7b6ab67f.th"], "licence": {"text": "CC0", "stated_by": "its trainer"} } } }""");
        ModelSource duo = await new ModelCatalog(new ModelCatalogOptions { CatalogFile = catalog }).ResolveAsync("duo", _folder);

        OnnxExportResult onnx = OnnxExporter.Export(duo, Path.Combine(_folder, "out"));
        Assert.Equal([null, "CC0"], onnx.Files.Select(f => OnnxReport.Read(f.Path).Metadata.GetValueOrDefault("stemsharp.licence")));
        IReadOnlyList<CoreMLExport> packages = CoreMLExporter.Export(duo, Path.Combine(_folder, "duo.mlpackage"));
        Assert.Equal(["See the model's source.", "CC0"], packages.Select(p => CoreMLReport.Read(p.Path).Metadata["com.stemsharp.license"]));
    }

    private static JsonElement Network(string description) => JsonDocument.Parse(File.ReadAllBytes(description)).RootElement.GetProperty("networks")[0];
}
