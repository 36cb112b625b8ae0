using Stemsharp.Export.Onnx;
using Stemsharp.Export.Onnx.Targets;
using Stemsharp.Model;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Export.Tests.Onnx;

/// <summary>What an export leaves in its folder, and what is said of its graphs.</summary>
public sealed class OnnxExporterTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-onnx-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task An_earlier_export_is_replaced_as_a_set()
    {
        File.Copy(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"), Path.Combine(_folder, "a1.th"));
        File.Copy(RepositoryFiles.Golden("mixed-storage", "mixed-7b6ab67f.th"), Path.Combine(_folder, "b2.th"));
        File.WriteAllText(Path.Combine(_folder, "duo.yaml"), "models: ['a1', 'b2']\nweights: [\n  [1., 0., 0., 0.],\n  [0., 1., 3., 1.]]\n");
        ModelSource duo = await new ModelCatalog(new ModelCatalogOptions { Offline = true }).ResolveAsync("duo", _folder);
        string target = Path.Combine(_folder, "out");

        OnnxExporter.Export(duo, target, new OnnxExportOptions { ExternalWeights = true });
        File.WriteAllText(Path.Combine(target, "mine.onnx.data"), "not of the export");
        string[] all = Names(target);
        Assert.Equal(["duo-a1.onnx", "duo-a1.onnx.data", "duo-b2.onnx", "duo-b2.onnx.data", "duo.json", "mine.onnx.data"], all);

        OnnxExporter.Export(duo, target, new OnnxExportOptions { ExternalWeights = true });
        Assert.Equal(all, Names(target));
        OnnxExporter.Export(duo, target, new OnnxExportOptions { Stems = ["drums"] });
        Assert.Equal(["duo-a1.onnx", "duo.json", "mine.onnx.data"], Names(target));

        // A file of that name which is no description names nothing.
        File.WriteAllText(Path.Combine(target, "duo.json"), "[]");
        OnnxExporter.Export(duo, target, new OnnxExportOptions { Stems = ["drums"] });
        Assert.Equal(["duo-a1.onnx", "duo.json", "mine.onnx.data"], Names(target));
    }

    [Fact]
    public void What_to_know_before_running_a_graph_is_said()
    {
        string[] Of(OnnxGraphOptions options) =>
            [.. GraphAdvice.Of(OnnxModelBuilder.Build(FamilyTable.All.Open("synthetic:htdemucs_6s"), options)).Select(a => $"{a.Runtime}: {a.Text}")];

        Assert.Contains(Of(new OnnxGraphOptions { Precision = OnnxPrecision.Fp16 }), a => a.StartsWith("web-wasm and CPUs: halves", StringComparison.Ordinal));
        string[] single = Of(new OnnxGraphOptions { HalfWeights = false });
        Assert.DoesNotContain(single, a => a.Contains("halves", StringComparison.Ordinal));
        Assert.Contains(single, a => a.Contains("INFERENCE_PRECISION_HINT=f32", StringComparison.Ordinal));
        Assert.Contains(single, a => a.Contains("--noTF32", StringComparison.Ordinal));
        Assert.Contains(Of(new OnnxGraphOptions()), a => a.Contains("--weights fp32", StringComparison.Ordinal));
        Assert.Contains(Of(new OnnxGraphOptions { Int8 = true }), a => a.Contains("without --quantize", StringComparison.Ordinal));
    }

    private static string[] Names(string folder) => [.. Directory.GetFiles(folder).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];
}
