using Stemsharp.Checkpoints;
using Stemsharp.Export.Onnx;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.OnnxRuntime.Tests;

/// <summary>Graphs of other forms give the stems that the plain one gives.</summary>
public class ExportOptionTests
{
    private static readonly string s_model = RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th");

    [OnnxRuntimeFact]
    public void A_graph_of_some_stems_gives_these_alone()
    {
        float[] mix = GoldenTensors.Open("tiny4", "tiny4.io.safetensors")["mix.85995"].Values;
        using var whole = new Exported(s_model, new OnnxGraphOptions());
        using var some = new Exported(s_model, new OnnxGraphOptions { Stems = ["bass", "vocals"] });
        float[] all = Separated.By(whole.Path, mix), two = Separated.By(some.Path, mix);
        int stem = 2 * 85995;
        Assert.Equal(2 * stem, two.Length);
        Assert.True(Separated.Snr(all.AsSpan(stem, stem), two.AsSpan(0, stem)) > 110);
        Assert.True(Separated.Snr(all.AsSpan(3 * stem, stem), two.AsSpan(stem, stem)) > 110);
    }

    [OnnxRuntimeTheory]
    [InlineData(18, true)]
    [InlineData(20, true)]
    [InlineData(17, false)]
    public void Operator_sets_and_stored_types_change_nothing(int opset, bool halves)
    {
        GoldenTensors golden = GoldenTensors.Open("tiny4", "tiny4.io.safetensors");
        using var exported = new Exported(s_model, new OnnxGraphOptions { Opset = opset, HalfWeights = halves });
        Assert.True(Separated.Snr(golden["stems.85995"].Values, Separated.By(exported.Path, golden["mix.85995"].Values)) > 110);
    }

    [OnnxRuntimeTheory]
    [InlineData("Mixed", 60)]
    [InlineData("Fp16", 40)]
    public void Graphs_of_lower_precision_stay_close(string precision, double least)
    {
        GoldenTensors golden = GoldenTensors.Open("tiny4", "tiny4.io.safetensors");
        using var exported = new Exported(s_model, new OnnxGraphOptions { Precision = Enum.Parse<OnnxPrecision>(precision) });
        Assert.True(Separated.Snr(golden["stems.85995"].Values, Separated.By(exported.Path, golden["mix.85995"].Values)) > least);
    }

    [OnnxRuntimeFact]
    public void Integers_in_linear_layers_cost_little()
    {
        GoldenTensors golden = GoldenTensors.Open("tiny4", "tiny4.io.safetensors");
        using var exported = new Exported(s_model, new OnnxGraphOptions { Int8 = true });
        Assert.InRange(Separated.Snr(golden["stems.85995"].Values, Separated.By(exported.Path, golden["mix.85995"].Values)), 25, 80);
    }

    [OnnxRuntimeFact]
    public void External_weights_are_found_beside_the_graph()
    {
        GoldenTensors golden = GoldenTensors.Open("tiny4", "tiny4.io.safetensors");
        string folder = Directory.CreateTempSubdirectory("stemsharp-test-").FullName;
        try
        {
            string path = Path.Combine(folder, "tiny4.onnx");
            using (Checkpoint checkpoint = Checkpoint.Open(s_model)) OnnxFile.Write(OnnxModelBuilder.Build(checkpoint, new OnnxGraphOptions()), path, externalWeights: true);
            Assert.Equal(["tiny4.onnx", "tiny4.onnx.data"], Directory.GetFiles(folder).Select(Path.GetFileName).Order());
            Assert.True(Separated.Snr(golden["stems.85995"].Values, Separated.By(path, golden["mix.85995"].Values)) > 110);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [OnnxRuntimeFact]
    public void Runs_stop_when_asked_and_a_closed_session_says_so()
    {
        using var exported = new Exported(s_model, new OnnxGraphOptions { Kind = OnnxGraphKind.Spectrogram });
        var engine = new OnnxRuntimeEngine(OnnxRuntimeLibrary.Load(), exported.Path);
        float[] x = new float[engine.Shape.SpectrogramLength], w = new float[engine.Shape.WaveformLength], xs = new float[engine.Shape.SpectrogramsLength], ws = new float[engine.Shape.WaveformsLength];
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => engine.Run(x, w, xs, ws, stop.Token));
        Assert.Equal(["drums", "bass", "other", "vocals"], engine.Stems);
        engine.Dispose();
        Assert.Throws<ObjectDisposedException>(() => engine.Run(x, w, xs, ws, default));
    }

    [OnnxRuntimeFact]
    public void The_CPU_runs_the_nodes_and_says_how_many()
    {
        using var exported = new Exported(s_model, new OnnxGraphOptions { Kind = OnnxGraphKind.Spectrogram });
        using var engine = new OnnxRuntimeEngine(OnnxRuntimeLibrary.Load(), exported.Path, new OnnxSessionOptions { CountNodes = true });
        engine.Run(new float[engine.Shape.SpectrogramLength], new float[engine.Shape.WaveformLength], new float[engine.Shape.SpectrogramsLength], new float[engine.Shape.WaveformsLength], default);
        KeyValuePair<string, int> count = Assert.Single(engine.NodesByProvider!);
        Assert.Equal("CPUExecutionProvider", count.Key);
        Assert.InRange(count.Value, 200, 2000);
    }

    [OnnxRuntimeFact]
    public void A_provider_that_the_library_lacks_and_a_waveform_graph_as_engine_are_refused()
    {
        OnnxRuntimeLibrary library = OnnxRuntimeLibrary.Load();
        using var exported = new Exported(s_model, new OnnxGraphOptions());
        Assert.Contains("spectrogram", Assert.Throws<ModelException>(() => new OnnxRuntimeEngine(library, exported.Path)).Message, StringComparison.Ordinal);
        if (library.Providers.Contains("DmlExecutionProvider")) return;
        var options = new OnnxSessionOptions { Provider = ExecutionProvider.DirectML };
        Assert.Contains("DmlExecutionProvider", Assert.Throws<ExternalToolException>(() => new OnnxSession(library, exported.Path, options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_onnxruntime_is_refused()
    {
        Assert.Throws<ExternalToolException>(() => OnnxRuntimeLibrary.Load(Path.Combine(Path.GetTempPath(), "no-such-library.so")));
        string file = Path.GetTempFileName();
        try
        {
            Assert.Contains("cannot be loaded", Assert.Throws<ExternalToolException>(() => OnnxRuntimeLibrary.Load(file)).Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
