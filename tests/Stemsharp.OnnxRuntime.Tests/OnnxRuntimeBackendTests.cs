using Stemsharp.Export.Onnx;
using Stemsharp.Export.Onnx.Schema;
using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.OnnxRuntime.Tests;

/// <summary>What the backend takes, and graphs that are opened without a model.</summary>
public sealed class OnnxRuntimeBackendTests
{
    private static readonly string s_model = RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th");

    [Theory]
    [InlineData(ExecutionProvider.Cpu, null, null)]
    [InlineData(ExecutionProvider.Cpu, "0", "provider cpu has no devices to choose from; leave --device 0 out")]
    [InlineData(ExecutionProvider.DirectML, "3", null)]
    [InlineData(ExecutionProvider.DirectML, "radeon", "provider directml knows no device 'radeon'; give a device's number")]
    [InlineData(ExecutionProvider.Cuda, "0", null)]
    [InlineData(ExecutionProvider.Cuda, "-1", "provider cuda knows no device '-1'")]
    [InlineData(ExecutionProvider.TensorRT, "no such card", "provider tensorrt knows no device 'no such card'")]
    public void Devices_are_numbers_or_names_of_those_that_are_there(ExecutionProvider provider, string? device, string? refusal)
    {
        OnnxRuntimeBackend backend = new(options: new OnnxSessionOptions { Provider = provider }) { GraphFor = (_, _) => throw new InvalidOperationException() };
        Assert.False(backend.IsAutomatic);
        string? reason = backend.WhyRefused(FamilyTable.All.Open(s_model), new EngineSettings { Threads = 1, Device = device });
        Assert.Equal(refusal is null, reason is null);
        Assert.Contains(refusal ?? "", reason ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void Models_need_an_exporter_and_exports_have_the_precision_that_they_have()
    {
        CheckpointNetwork network = FamilyTable.All.Open(s_model);
        EngineSettings settings = new() { Threads = 1 };
        OnnxRuntimeBackend plain = new(), exporting = new() { GraphFor = (_, _) => "" };
        Assert.Contains("is no exported graph", plain.WhyRefused(network, settings), StringComparison.Ordinal);
        Assert.Null(exporting.WhyRefused(network, settings));
        Assert.Null(exporting.WhyRefused(network, settings with { Precision = EnginePrecision.Mixed }));

        ExportedNetwork graph = new(network.Definition, "model.onnx", "00"), package = new(network.Definition, "model.mlpackage", "00");
        Assert.Null(plain.WhyRefused(graph, settings));
        Assert.Contains("leave --precision out", plain.WhyRefused(graph, settings with { Precision = EnginePrecision.Mixed }), StringComparison.Ordinal);
        Assert.Contains("is no .onnx file", plain.WhyRefused(package, settings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_library_that_is_not_there_is_told_before_anything_is_opened()
    {
        string path = Path.Combine(Path.GetTempPath(), "no-such-library.so");
        OnnxRuntimeBackend backend = new(path) { GraphFor = (_, _) => throw new InvalidOperationException() };
        Assert.Contains(path, backend.WhyAbsent, StringComparison.Ordinal);
        EngineException e = Assert.Throws<EngineException>(() => backend.Open(FamilyTable.All.Open(s_model), new EngineSettings { Threads = 1 }));
        Assert.Equal((EngineFailure.Refused, backend.WhyAbsent), (e.Failure, e.Message));
    }

    /// <summary>Shapes say what a waveform graph takes and gives; how spectrograms are made they do not.</summary>
    [OnnxRuntimeFact]
    public void Graphs_that_say_nothing_of_themselves_run_where_their_shapes_say_enough()
    {
        GoldenTensors golden = GoldenTensors.Open("tiny4", "tiny4.io.safetensors");
        using Exported waveform = new(s_model, new OnnxGraphOptions()), spectrogram = new(s_model, new OnnxGraphOptions { Kind = OnnxGraphKind.Spectrogram });
        Strip(waveform.Path);
        Strip(spectrogram.Path);
        (IEngine engine, NetworkDefinition definition) = OnnxRuntimeBackend.OpenFile(waveform.Path, null, new OnnxSessionOptions());
        using (engine)
        {
            Assert.Equal(["stem 1", "stem 2", "stem 3", "stem 4"], definition.Stems.AsEnumerable());
            Assert.Equal((2, 85_995, 44_100), (definition.Channels, definition.Cut.Samples, definition.SampleRate));
            Assert.True(Separated.Snr(golden["stems.85995"].Values, Separated.By(engine, definition, golden["mix.85995"].Values)) > 100);
        }

        Assert.Contains("does not say how they are made", Assert.Throws<ModelException>(() => OnnxRuntimeBackend.OpenFile(spectrogram.Path, null, new OnnxSessionOptions())).Message, StringComparison.Ordinal);

        static void Strip(string path)
        {
            ModelProto model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(path));
            model.MetadataProps.Clear();
            OnnxFile.Write(model, path, externalWeights: false);
        }
    }
}
