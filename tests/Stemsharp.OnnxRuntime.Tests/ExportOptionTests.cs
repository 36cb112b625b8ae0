using Stemsharp.Export.Onnx;
using Stemsharp.Inference;
using Stemsharp.Model;
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
        using Exported whole = new(s_model, new OnnxGraphOptions());
        using Exported some = new(s_model, new OnnxGraphOptions { Stems = ["bass", "vocals"] });
        float[] all = Separated.By(whole.Path, mix), two = Separated.By(some.Path, mix);
        int stem = 2 * 85995;
        Assert.Equal(2 * stem, two.Length);
        Assert.True(Separated.Snr(all.AsSpan(stem, stem), two.AsSpan(0, stem)) > 110);
        Assert.True(Separated.Snr(all.AsSpan(3 * stem, stem), two.AsSpan(stem, stem)) > 110);
    }

    [OnnxRuntimeTheory]
    [InlineData("Waveform", "Fp16")]
    [InlineData("Spectrogram", "Fp32")]
    [InlineData("Spectrogram", "Mixed")]
    public void One_stem_alone_comes_from_every_kind_of_graph(string kind, string precision)
    {
        float[] mix = GoldenTensors.Open("tiny4", "tiny4.io.safetensors")["mix.85995"].Values;
        OnnxGraphOptions options = new() { Kind = Enum.Parse<OnnxGraphKind>(kind), Precision = Enum.Parse<OnnxPrecision>(precision) };
        using Exported whole = new(s_model, options);
        using Exported one = new(s_model, options with { Stems = ["other"] });
        float[] all = Separated.By(whole.Path, mix), other = Separated.By(one.Path, mix);
        int stem = 2 * 85995;
        Assert.Equal(stem, other.Length);
        Assert.True(Separated.Snr(all.AsSpan(2 * stem, stem), other) > 60);
    }

    [OnnxRuntimeTheory]
    [InlineData("Waveform", "Fp32", false, 110)]
    [InlineData("Spectrogram", "Fp32", false, 110)]
    [InlineData("Waveform", "Mixed", false, 60)]
    [InlineData("Waveform", "Fp16", false, 40)]
    [InlineData("Waveform", "Fp32", true, 25)]
    public void A_batch_gives_each_segment_what_it_gets_alone(string kind, string precision, bool int8, double least)
    {
        OnnxGraphOptions options = new() { Kind = Enum.Parse<OnnxGraphKind>(kind), Precision = Enum.Parse<OnnxPrecision>(precision), Int8 = int8 };
        using Exported single = new(s_model, options);
        using Exported batch = new(s_model, options with { Batch = 3 });
        OnnxRuntimeLibrary library = OnnxRuntimeLibrary.Load();
        using OnnxSession one = new(library, single.Path);
        using OnnxSession three = new(library, batch.Path);

        // Segments of very different levels: statistics of one must not reach another.
        float[][][] inputs = [.. Enumerable.Range(0, 3).Select(n => one.Inputs.Select(t => Array.ConvertAll(VectorRecipe.Values($"{t.Name}.{n}", t.Elements()), v => v * MathF.Pow(10, n - 1))).ToArray())];
        float[][] together = three.Run([.. one.Inputs.Select((_, i) => inputs.SelectMany(segment => segment[i]).ToArray())]);
        for (int n = 0; n < 3; n++)
        {
            float[][] alone = one.Run(inputs[n]);
            for (int o = 0; o < alone.Length; o++)
            {
                double snr = Separated.Snr(alone[o], together[o].AsSpan(n * alone[o].Length, alone[o].Length));
                Assert.True(snr > least, $"segment {n}, {one.Outputs[o].Name}: {snr:F1} dB");
            }
        }
    }

    [OnnxRuntimeFact]
    public void Both_kinds_of_graph_give_the_same_at_another_length()
    {
        const int Samples = 30_000;
        float[] golden = GoldenTensors.Open("tiny4", "tiny4.io.safetensors")["mix.85995"].Values;
        float[] mix = [.. golden.AsSpan(0, Samples), .. golden.AsSpan(golden.Length / 2, Samples)];
        using Exported waveform = new(s_model, new OnnxGraphOptions { Samples = Samples });
        using Exported spectrogram = new(s_model, new OnnxGraphOptions { Samples = Samples, Kind = OnnxGraphKind.Spectrogram });
        float[] stems = Separated.By(waveform.Path, mix);
        Assert.Equal(8 * Samples, stems.Length);
        Assert.True(Separated.Snr(Separated.By(spectrogram.Path, mix), stems) > 100);
    }

    [OnnxRuntimeTheory]
    [InlineData(18, true)]
    [InlineData(20, true)]
    [InlineData(17, false)]
    public void Operator_sets_and_stored_types_change_nothing(int opset, bool halves)
    {
        GoldenTensors golden = GoldenTensors.Open("tiny4", "tiny4.io.safetensors");
        using Exported exported = new(s_model, new OnnxGraphOptions { Opset = opset, HalfWeights = halves });
        Assert.True(Separated.Snr(golden["stems.85995"].Values, Separated.By(exported.Path, golden["mix.85995"].Values)) > 110);
    }

    [OnnxRuntimeTheory]
    [InlineData("Mixed", 60)]
    [InlineData("Fp16", 40)]
    public void Graphs_of_lower_precision_stay_close(string precision, double least)
    {
        GoldenTensors golden = GoldenTensors.Open("tiny4", "tiny4.io.safetensors");
        using Exported exported = new(s_model, new OnnxGraphOptions { Precision = Enum.Parse<OnnxPrecision>(precision) });
        Assert.True(Separated.Snr(golden["stems.85995"].Values, Separated.By(exported.Path, golden["mix.85995"].Values)) > least);
    }

    [OnnxRuntimeFact]
    public void Integers_in_linear_layers_cost_little()
    {
        GoldenTensors golden = GoldenTensors.Open("tiny4", "tiny4.io.safetensors");
        using Exported exported = new(s_model, new OnnxGraphOptions { Int8 = true });
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
            OnnxFile.Write(OnnxModelBuilder.Build(FamilyTable.All.Open(s_model), new OnnxGraphOptions()), path, externalWeights: true);
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
        using Exported exported = new(s_model, new OnnxGraphOptions { Kind = OnnxGraphKind.Spectrogram });
        OnnxNetworkSession network = new(OnnxRuntimeLibrary.Load(), exported.Path);
        using CancellationTokenSource stop = new();
        stop.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => network.Run(stop.Token));
        Assert.Equal(["drums", "bass", "other", "vocals"], network.Stems);
        network.Dispose();
        Assert.Throws<ObjectDisposedException>(() => network.Run(default));
    }

    [OnnxRuntimeFact]
    public void A_graph_of_either_kind_is_an_engine_and_one_of_a_specialist_leaves_the_other_stems_silent()
    {
        OnnxRuntimeLibrary library = OnnxRuntimeLibrary.Load();
        float[] mix = GoldenTensors.Open("tiny4", "tiny4.io.safetensors")["mix.85995"].Values;
        using Exported waveform = new(s_model, new OnnxGraphOptions());
        using Exported spectrogram = new(s_model, new OnnxGraphOptions { Kind = OnnxGraphKind.Spectrogram });
        using OnnxNetworkSession first = new(library, waveform.Path);
        using OnnxNetworkSession second = new(library, spectrogram.Path);
        Assert.Equal(Shape(second), Shape(first));
        Assert.Equal(second.SampleRate, first.SampleRate);
        Assert.True(HasSpectrograms(second) && !HasSpectrograms(first));
        float[] all = Separated.By(first, waveform.Path, mix);
        Assert.True(Separated.Snr(Separated.By(second, spectrogram.Path, mix), all) > 100);

        string[] stems = ["drums", "bass", "other", "vocals"];
        int stem = 2 * 85995;
        foreach (OnnxGraphKind kind in Enum.GetValues<OnnxGraphKind>())
        {
            using Exported specialist = new(s_model, new OnnxGraphOptions { Kind = kind, Stems = ["bass", "vocals"] });
            using OnnxNetworkSession network = new(library, specialist.Path, null, stems);
            Assert.Equal(Shape(first), Shape(network));
            float[] some = Separated.By(network, specialist.Path, mix);
            foreach (int s in (int[])[1, 3])
            {
                Assert.True(Separated.Snr(all.AsSpan(s * stem, stem), some.AsSpan(s * stem, stem)) > 100);
            }

            foreach (int s in (int[])[0, 2])
            {
                Assert.True(some.AsSpan(s * stem, stem).IndexOfAnyExcept(0) < 0);
            }

            Assert.Contains("vocals", Assert.Throws<ModelException>(() => new OnnxNetworkSession(library, specialist.Path, null, ["drums", "bass"])).Message, StringComparison.Ordinal);
        }
    }

    [OnnxRuntimeFact]
    public void The_CPU_runs_the_nodes_and_says_how_many()
    {
        using Exported exported = new(s_model, new OnnxGraphOptions { Kind = OnnxGraphKind.Spectrogram });
        using OnnxNetworkSession network = new(OnnxRuntimeLibrary.Load(), exported.Path, new OnnxSessionOptions { CountNodes = true });
        network.Run(default);
        KeyValuePair<string, int> count = Assert.Single(network.NodesByProvider!);
        Assert.Equal("CPUExecutionProvider", count.Key);
        Assert.InRange(count.Value, 200, 2000);
    }

    [OnnxRuntimeFact]
    public void A_provider_that_the_library_lacks_is_refused()
    {
        OnnxRuntimeLibrary library = OnnxRuntimeLibrary.Load();
        using Exported exported = new(s_model, new OnnxGraphOptions());
        if (library.Providers.Contains("DmlExecutionProvider"))
        {
            return;
        }

        OnnxSessionOptions options = new() { Provider = ExecutionProvider.DirectML };
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

    private static (int Stems, int Channels, int Samples) Shape(OnnxNetworkSession network) => (network.Stems.Count, network.Channels, network.Samples);

    private static unsafe bool HasSpectrograms(OnnxNetworkSession network) => network.Output(PortRole.Spectrogram) != null;
}
