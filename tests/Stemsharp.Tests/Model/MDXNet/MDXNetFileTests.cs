using Stemsharp.Inference;
using Stemsharp.Model;
using Xunit;

namespace Stemsharp.Tests.Model.MDXNet;

/// <summary>Which ONNX files are models, where their parameters come from, and what is said of the others.</summary>
public sealed class MDXNetFileTests : IDisposable
{
    private const string EndHash = "ac11cb1b21e05fbd0256964537701629";
    private const string Known = """{ "compensate": 1.021, "mdx_dim_f_set": 1536, "mdx_dim_t_set": 5, "mdx_n_fft_scale_set": 4096, "primary_stem": "Vocals" }""";
    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-mdxnet-").FullName;

    private string Model => Path.Combine(_folder, "mine.onnx");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("mine.json", Known)]
    [InlineData("mine.yaml", "n_fft: 4096\nprimary_stem: Vocals\n")]
    [InlineData("model_data/model_data.json", $$"""{ "{{EndHash}}": {{Known}} }""")]
    [InlineData($"model_data/{EndHash}.json", Known)]
    [InlineData("mdx_model_data.json", $$"""{ "{{EndHash}}": {{Known}} }""")]
    public async Task Parameters_are_found_where_other_programs_keep_them(string file, string text)
    {
        Put(file, text);
        NetworkDefinition definition = await Definition(Model);
        Assert.Equal(("vocals", "instrumental", 4096), (definition.Stems.Single(), definition.Complement, definition.Transform!.Nfft));
        Assert.Equal((31_744, 27_648, 2048), (definition.Cut.Samples, definition.Cut.Step, definition.Cut.BorderSamples));
    }

    [Fact]
    public async Task What_stands_behind_the_name_goes_over_a_file()
    {
        Put("mine.json", Known);
        NetworkDefinition definition = await Definition(Model + "#primary_stem=No Crowd,n_fft=6144");
        Assert.Equal(("no_crowd", "crowd", 6144), (definition.Stems.Single(), definition.Complement, definition.Transform!.Nfft));
    }

    [Theory]
    [InlineData("Instrumental", "instrumental", "vocals")]
    [InlineData("Bass", "bass", "no_bass")]
    [InlineData("Reverb", "reverb", "no_reverb")]
    [InlineData("Other", "other", "no_other")]
    public async Task Stems_come_in_pairs(string primary, string stem, string complement)
    {
        File.Copy(RepositoryFiles.Golden("mdxnet", "mdxnet.onnx"), Model);
        NetworkDefinition definition = await Definition($"{Model}#n_fft=4096,stem={primary}");
        Assert.Equal((stem, complement), (definition.Stems.Single(), definition.Complement));
    }

    [Fact]
    public async Task An_unknown_file_says_which_parameters_are_needed_and_how_they_are_given()
    {
        File.Copy(RepositoryFiles.Golden("mdxnet", "mdxnet.onnx"), Model);
        string message = await Refusal(Model);
        Assert.All((string[])[EndHash, "n_fft", "primary_stem", "compensate", "mine.onnx#", "mine.json"], part => Assert.Contains(part, message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("n_fft=4096,primary_stem=Vocals,compensate=0", "compensate")]
    [InlineData("n_fft=14,primary_stem=Vocals", "n_fft = 14")]
    [InlineData("n_fft=14336,primary_stem=Vocals", "14336")]
    [InlineData("n_fft=2048,primary_stem=Vocals", "1536 bins")]
    [InlineData("n_fft=32768,primary_stem=Vocals", "31744 samples")]
    [InlineData("n_fft=4096,primary_stem=a/b", "primary_stem")]
    [InlineData("n_fft=4096,primary_stem=Vocals,dim_f=2048", "dim_f")]
    [InlineData("n_fft=4096,primary_stem=Vocals,hop_length=512", "hop_length")]
    [InlineData("n_fft=4096,primary_stem=Vocals,colour=red", "'colour'")]
    [InlineData("vocals", "NAME=VALUE")]
    [InlineData("n_fft=4096,n_fft=4096", "NAME=VALUE")]
    public async Task A_parameter_that_is_not_possible_is_named(string parameters, string part)
    {
        File.Copy(RepositoryFiles.Golden("mdxnet", "mdxnet.onnx"), Model);
        Assert.Contains(part, await Refusal($"{Model}#{parameters}"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("conv", null)]
    [InlineData("groups", "Conv")]
    [InlineData("padded", "Conv")]
    [InlineData("channels", "4 channels")]
    [InlineData("lstm", "the operator LSTM")]
    [InlineData("elsewhere", "another file")]
    [InlineData("missing", "'nowhere' is read before it is made")]
    [InlineData("constant", "constant 'w'")]
    [InlineData("shape", "MDX-Net")]
    [InlineData("waveform", "takes mix [?, 2, 44100]")]
    [InlineData("empty", "no graph in it")]
    public async Task What_is_no_such_graph_is_refused_by_name(string kind, string? part)
    {
        await File.WriteAllBytesAsync(Model, Make(kind));
        string path = Model + "#n_fft=2048,primary_stem=Vocals";
        if (part is null)
        {
            await Definition(path);
            return;
        }

        string message = await Refusal(path);
        Assert.Contains(kind == "channels" ? "shapes" : part, message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_file_is_refused_or_read()
    {
        byte[] good = File.ReadAllBytes(RepositoryFiles.Golden("mdxnet", "mdxnet.onnx"));
        Random random = new(20_261_130);
        int refused = 0;
        for (int round = 0; round < 300; round++)
        {
            byte[] bad = [.. good];
            int span = round % 3 == 1 ? bad.Length : 6000;
            for (int n = random.Next(1, 6); n > 0; n--)
            {
                bad[random.Next(span)] = (byte)random.Next(256);
            }

            File.WriteAllBytes(Model, round % 10 == 9 ? bad[..random.Next(bad.Length)] : bad);
            try
            {
                CheckpointNetwork network = FamilyTable.All.Read(Model, () => Stemsharp.Checkpoints.Checkpoint.Open(Model, "n_fft=4096,primary_stem=Vocals"));
                Stemsharp.Graph.Graph graph = network.Record(network.Definition.Cut.Samples);
                using INetworkWeights weights = network.OpenWeights(graph);
                foreach (Stemsharp.Graph.Parameter parameter in graph.Parameters)
                {
                    weights.Read(parameter, new float[parameter.Shape.Elements]);
                }
            }
            catch (ModelException)
            {
                refused++;
            }
        }

        Assert.True(refused > 75, $"{refused} of 300 were refused.");
    }

    [Fact]
    public async Task A_graph_cannot_be_saved_as_a_checkpoint()
    {
        Put("mine.json", Known);
        ModelSource source = await new ModelCatalog().ResolveAsync(Model);
        using Stemsharp.Checkpoints.Checkpoint checkpoint = ((CheckpointNetwork)source.Members[0].Network).OpenCheckpoint();
        string path = Path.Combine(_folder, "saved.safetensors");
        ModelException e = Assert.Throws<ModelException>(() => CheckpointConversion.Save(checkpoint, path));
        Assert.Contains(".onnx file", e.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(path));
    }

    [Fact]
    public async Task A_graph_beside_a_checkpoint_of_its_name_is_passed_over()
    {
        File.Copy(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"), Path.Combine(_folder, "tiny4-cf67fb40.th"), overwrite: true);
        await File.WriteAllBytesAsync(Path.Combine(_folder, "tiny4.onnx"), Make("conv"));
        ModelSource source = await new ModelCatalog().ResolveAsync("tiny4", _folder);
        Assert.EndsWith(".th", source.Members[0].Network.Path, StringComparison.Ordinal);
    }

    private static byte[] Make(string kind)
    {
        float[] weights = new float[16];
        OnnxBuilder file = new();
        if (kind == "waveform")
        {
            return file.Port(true, "mix", null, 2, 44_100).Port(false, "stems", null, 4, 44_100).Node("Identity", ["mix"], "stems").Build();
        }

        file.Port(true, "input", null, 4, 64, 8).Port(false, "output", null, kind == "shape" ? 8 : 4, 64, 8).Tensor("w", [4, 4, 1, 1], weights, kind == "elsewhere");
        return kind switch
        {
            "groups" => file.Node("Conv", ["input", "w"], "output", ("group", [4])).Build(),
            "padded" => file.Node("Conv", ["input", "w"], "output", ("pads", [1, 0, 0, 0])).Build(),
            "channels" => file.Node("Conv", ["input", "w"], "x").Node("Transpose", ["x"], "y", ("perm", [0, 1, 3, 2])).Node("Add", ["x", "y"], "output").Build(),
            "lstm" => file.Node("LSTM", ["input", "w"], "output").Build(),
            "missing" => file.Node("Add", ["input", "nowhere"], "output").Build(),
            "constant" => file.Node("Add", ["input", "w"], "output").Build(),
            "empty" => [8, 7],
            _ => file.Node("Conv", ["input", "w"], "output").Build(),
        };
    }

    private void Put(string file, string text)
    {
        string path = Path.Combine(_folder, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        File.Copy(RepositoryFiles.Golden("mdxnet", "mdxnet.onnx"), Model, overwrite: true);
    }

    private static async Task<NetworkDefinition> Definition(string model) => (await new ModelCatalog().ResolveAsync(model)).Members[0].Definition;

    private static async Task<string> Refusal(string model) => (await Assert.ThrowsAsync<ModelException>(() => Definition(model))).Message;
}
