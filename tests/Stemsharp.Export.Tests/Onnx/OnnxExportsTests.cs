using System.Text.Json.Nodes;
using Stemsharp.Export.Onnx;
using Stemsharp.Export.Onnx.Schema;
using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Export.Tests.Onnx;

/// <summary>What was exported is a model again: it says by itself how it is to be run.</summary>
public sealed class OnnxExportsTests : IDisposable
{
    private static readonly string s_tiny = RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th");

    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Description => Path.Combine(_folder, "tiny4.json");

    private string Graph => Path.Combine(_folder, "tiny4.onnx");

    [Theory]
    [InlineData(OnnxGraphKind.Waveform)]
    [InlineData(OnnxGraphKind.Spectrogram)]
    public async Task An_export_says_what_the_network_says_for_its_one_length(OnnxGraphKind kind)
    {
        NetworkDefinition network = FamilyTable.All.Open(s_tiny).Definition;
        await ExportAsync(new OnnxExportOptions { Graph = kind });
        foreach (string path in (string[])[Description, Graph])
        {
            Assert.True(OnnxExports.IsOne(path));
            ModelSource source = OnnxExports.Open(path);
            ModelMember member = Assert.Single(source.Members);
            NetworkDefinition exported = member.Network.Definition;
            Assert.Equal("tiny4", source.Name);
            Assert.Equal(network.Stems.AsEnumerable(), source.Stems);
            Assert.Equal(network.Stems.AsEnumerable(), exported.Stems.AsEnumerable());
            Assert.Equal([1, 1, 1, 1], member.Weights);
            Assert.Equal((44_100, Graph, false), (source.SampleRate, member.Path, member.Network.HasGraph));
            Assert.Equal(network.At(network.Cut.Samples).Cut, exported.Cut);
            Assert.Equal(NetworkLengths.Only(85_995), exported.Cut.Lengths);
            if (kind == OnnxGraphKind.Spectrogram)
            {
                Assert.Equal(network.Transform, exported.Transform);
                Assert.Equal(network.Inputs.AsEnumerable(), exported.Inputs.AsEnumerable());
                Assert.Equal(network.Outputs.AsEnumerable(), exported.Outputs.AsEnumerable());
            }
            else
            {
                Assert.Null(exported.Transform);
                Assert.Equal(new NetworkPort("mix", PortRole.Waveform), Assert.Single(exported.Inputs));
                Assert.Equal(new NetworkPort("stems", PortRole.Waveform), Assert.Single(exported.Outputs));
            }

            // The own engine knows networks, not files of other runtimes.
            Assert.Equal(EngineFailure.Refused, Assert.Throws<EngineException>(() => Separator.Open(source)).Failure);
        }

        Assert.Equal(OnnxExports.Open(Description).ComputeFingerprint(), OnnxExports.Open(Graph).ComputeFingerprint());
    }

    [Fact]
    public async Task A_complement_is_offered_and_no_stem_of_the_graph()
    {
        ModelSource model = await new ModelCatalog().ResolveAsync(RepositoryFiles.Golden("mdx23c-scnet", "sc1.safetensors"));
        foreach (string[]? asked in (string[]?[])[null, ["other"], ["vocals", "other"]])
        {
            OnnxExportResult result = OnnxExporter.Export(model, _folder, new OnnxExportOptions { Stems = asked });
            Assert.Equal(["vocals"], Assert.Single(result.Files).Stems);
            JsonNode description = JsonNode.Parse(await File.ReadAllTextAsync(result.Description))!;
            Assert.Equal(["vocals"], description["networks"]![0]!["stems"]!.AsArray().Select(s => (string?)s));
            Assert.Equal("other", (string?)description["complement"]);
            foreach (string path in (string[])[result.Description, result.Files[0].Path])
            {
                ModelSource source = OnnxExports.Open(path);
                Assert.Equal(["vocals", "other"], source.Stems);
                Assert.Equal([1, 1], source.Members[0].Weights);
            }
        }
    }

    /// <summary>A network that takes no piece of its own length: pieces stay what they are, the graph is shown more.</summary>
    [Fact]
    public void Pieces_are_as_long_as_the_checkpoints()
    {
        NetworkDefinition network = FamilyTable.All.Open(RepositoryFiles.Golden("demucs3", "dm2-4eeda24c.th")).Definition;
        PieceCut cut = OnnxExports.DefinitionOf(network, new OnnxGraphOptions()).Cut;
        Assert.Equal((network.Cut.Samples, network.Cut.Step, NetworkLengths.Only(3540)), (cut.Samples, cut.Step, cut.Lengths));
        Assert.Equal((3540, 3540), (cut.WindowOf(cut.Samples, cut.Samples, false), cut.WindowOf(1000, cut.Samples, false)));
    }

    [Fact]
    public async Task Another_length_and_some_stems_are_part_of_it()
    {
        await ExportAsync(new OnnxExportOptions { Segment = 1, Stems = ["vocals", "bass"] });
        foreach (string path in (string[])[Description, Graph])
        {
            NetworkDefinition exported = OnnxExports.Open(path).Members[0].Network.Definition;
            Assert.Equal(["bass", "vocals"], exported.Stems.AsEnumerable());
            Assert.Equal((44_100, NetworkLengths.Only(44_100)), (exported.Cut.Samples, exported.Cut.Lengths));
        }
    }

    [Fact]
    public async Task A_bag_of_specialists_is_described_as_one_model()
    {
        string models = Directory.CreateDirectory(Path.Combine(_folder, "models")).FullName;
        File.Copy(s_tiny, Path.Combine(models, "a1.th"));
        File.Copy(RepositoryFiles.Golden("mixed-storage", "mixed-7b6ab67f.th"), Path.Combine(models, "b2.th"));
        File.WriteAllText(Path.Combine(models, "duo.yaml"), "models: ['a1', 'b2']\nweights: [[1, 0, 0, 1], [0, 1, 2, 3]]\n");
        ModelSource duo = await new ModelCatalog().ResolveAsync("duo", models);
        OnnxExporter.Export(duo, _folder, new OnnxExportOptions());
        ModelSource described = OnnxExports.Open(Path.Combine(_folder, "duo.json"));
        Assert.Equal(duo.Stems, described.Stems);
        Assert.Equal(duo.Members.Select(m => string.Join(',', m.Weights)), described.Members.Select(m => string.Join(',', m.Weights)));
        Assert.Equal(["duo-a1.onnx", "duo-b2.onnx"], described.Members.Select(m => Path.GetFileName(m.Path)));
        Assert.Equal(["drums", "vocals"], OnnxExports.Open(Path.Combine(_folder, "duo-a1.onnx")).Stems);
    }

    [Fact]
    public async Task A_bag_that_mixes_classes_tells_each_networks_definition()
    {
        string models = Directory.CreateDirectory(Path.Combine(_folder, "models")).FullName;
        foreach (string file in (string[])["hd4-f3818771.th", "dm4-20de21fd.th", "hd4dm4.yaml"])
        {
            File.Copy(RepositoryFiles.Golden("demucs3", file), Path.Combine(models, file));
        }

        ModelSource bag = await new ModelCatalog().ResolveAsync("hd4dm4", models);
        OnnxExporter.Export(bag, _folder, new OnnxExportOptions { Graph = OnnxGraphKind.Spectrogram });
        NetworkDefinition[] described = [.. OnnxExports.Open(Path.Combine(_folder, "hd4dm4.json")).Members.Select(m => m.Network.Definition)];
        Assert.Equal([true, false], described.Select(d => d.Transform is not null));
        Assert.Equal([11_025, 11_025], described.Select(d => d.Cut.Samples));
        Assert.Equal([2, 1], described.Select(d => d.Outputs.Length));
    }

    [Fact]
    public async Task Other_versions_and_what_does_not_describe_itself_are_refused()
    {
        await ExportAsync(new OnnxExportOptions());
        string whole = File.ReadAllText(Description);
        Refused("version", 1, "is a description of version 1; this program reads version 2. Export the model again.");
        Refused("definition", 7, "has version 7; this program reads version 1.");
        Refused("cut", null, "was not written by stemsharp export onnx, or it is damaged", "The definition of the network is damaged");
        File.WriteAllText(Description, whole);
        OnnxExports.Open(Description);

        // A graph by somebody else.
        ModelProto model = OnnxModelBuilder.Build(FamilyTable.All.Open(s_tiny), new OnnxGraphOptions());
        model.MetadataProps.Clear();
        OnnxFile.Write(model, Graph, externalWeights: false);
        Assert.Contains("was not written by stemsharp export onnx", Assert.Throws<ModelException>(() => OnnxExports.Open(Graph)).Message, StringComparison.Ordinal);
        Assert.Contains("is not the graph that", Assert.Throws<ModelException>(() => OnnxExports.Open(Description)).Message, StringComparison.Ordinal);

        void Refused(string field, int? value, params string[] messages)
        {
            JsonNode changed = JsonNode.Parse(whole)!;
            if (value is { } number)
            {
                changed[field] = number;
            }
            else
            {
                changed.AsObject().Remove(field);
            }

            File.WriteAllText(Description, changed.ToJsonString());
            string message = Assert.Throws<ModelException>(() => OnnxExports.Open(Description)).Message;
            Assert.Contains(messages, m => message.Contains(m, StringComparison.Ordinal));
        }
    }

    private async Task ExportAsync(OnnxExportOptions options) => OnnxExporter.Export(await new ModelCatalog().ResolveAsync(s_tiny), _folder, options);
}
