using Stemsharp.Export.Onnx;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.OnnxRuntime.Tests;

/// <summary>Optimised graphs that are kept give the bits that the graph gives.</summary>
public sealed class OptimizedGraphTests : IDisposable
{
    private static readonly string[] s_stems = ["drums", "bass", "other", "vocals"];

    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [OnnxRuntimeTheory]
    [InlineData("Waveform")]
    [InlineData("Spectrogram")]
    public void A_kept_graph_gives_the_same_bits_and_a_damaged_one_is_made_again(string kind)
    {
        OnnxRuntimeLibrary library = OnnxRuntimeLibrary.Load();
        float[] mix = GoldenTensors.Open("tiny4", "tiny4.io.safetensors")["mix.85995"].Values;
        using Exported exported = new(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"), new OnnxGraphOptions { Kind = Enum.Parse<OnnxGraphKind>(kind) });
        float[] plain = Separated.By(exported.Path, mix, new OnnxSessionOptions { Threads = 1 });
        float[] first = Run(), second = Run();
        string kept = Assert.Single(Directory.GetFiles(_folder));
        Assert.Contains($"-{library.Version}-", Path.GetFileName(kept), StringComparison.Ordinal);
        Assert.Equal(plain, first);
        Assert.Equal(plain, second);

        File.WriteAllBytes(kept, File.ReadAllBytes(kept)[..1000]);
        Assert.Equal(plain, Run());
        Assert.True(new FileInfo(Assert.Single(Directory.GetFiles(_folder))).Length > 1000);

        float[] Run()
        {
            using OnnxNetworkSession session = OptimizedGraph.Load(library, exported.Path, new OnnxSessionOptions { Threads = 1, CacheFolder = _folder }, s_stems);
            return Separated.By(session, exported.Path, mix);
        }
    }

    /// <summary>A provider that compiles graphs keeps them itself; nothing is left of what failed.</summary>
    [Fact]
    public void Graphs_of_other_providers_and_of_loads_that_fail_are_not_kept()
    {
        FakeOnnxRuntime fake = new() { Providers = ["TensorrtExecutionProvider", "CUDAExecutionProvider"] };
        string graph = Path.Combine(_folder, "graph.onnx"), cache = Directory.CreateDirectory(Path.Combine(_folder, "cache")).FullName;
        File.WriteAllText(graph, "");
        string[] stems = ["drums", "bass", "rest"];
        OptimizedGraph.Load(fake.Library(), graph, new OnnxSessionOptions { Provider = ExecutionProvider.TensorRT, CacheFolder = cache }, stems).Dispose();
        Assert.Empty(Directory.GetFiles(cache));
        OptimizedGraph.Load(fake.Library(), graph, new OnnxSessionOptions { Provider = ExecutionProvider.Cuda, CacheFolder = cache }, stems).Dispose();
        Assert.Single(Directory.GetFiles(cache));
        OptimizedGraph.Load(fake.Library(), graph, new OnnxSessionOptions { Provider = ExecutionProvider.Cuda, CacheFolder = cache }, stems).Dispose();
        Assert.Equal(["load", "load, keeping it optimised", "load, optimised before"], fake.Calls.Where(c => c.StartsWith("load", StringComparison.Ordinal)));
        Array.ForEach(Directory.GetFiles(cache), File.Delete);
        fake.LoadFailure = "no";
        Assert.Throws<OnnxRuntimeException>(() => OptimizedGraph.Load(fake.Library(), graph, new OnnxSessionOptions { CacheFolder = cache }, stems));
        Assert.Empty(Directory.GetFiles(cache));
        Assert.Empty(fake.Live);
        Assert.Empty(fake.Errors);
    }
}
