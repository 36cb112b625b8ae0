using System.Diagnostics;
using Google.Protobuf;
using Stemsharp.Export.Onnx;
using Stemsharp.Model;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Export.Tests.Onnx;

/// <summary>A test that needs a Python with the onnx package: the one STEMSHARP_PYTHON names, or /usr/bin/python3.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class OnnxCheckerTheoryAttribute : TheoryAttribute
{
    public OnnxCheckerTheoryAttribute()
    {
        if (!ToolFactAttribute.RequireAll && !Available())
        {
            Skip = $"{Python} has no onnx package.";
        }
    }

    public static string Python => Environment.GetEnvironmentVariable("STEMSHARP_PYTHON") ?? "/usr/bin/python3";

    private static bool Available()
    {
        if (!File.Exists(Python))
        {
            return false;
        }

        using Process process = Process.Start(new ProcessStartInfo(Python, ["-c", "import onnx"]) { RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}

/// <summary>The official checker and its shape inference over exported files.</summary>
public class CheckerTests
{
    private const string Script = """
        import sys, onnx
        from onnx import shape_inference
        model = onnx.load(sys.argv[1])
        onnx.checker.check_model(model, full_check=True)
        def shapes(values):
            return {v.name: (v.type.tensor_type.elem_type, [d.dim_value for d in v.type.tensor_type.shape.dim]) for v in values}
        declared = shapes(list(model.graph.value_info) + list(model.graph.output))
        del model.graph.value_info[:]
        inferred = shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
        found = shapes(list(inferred.graph.value_info) + list(inferred.graph.output))
        # Where an axis is open (0) the inferred one may be anything, and behind a Compress no axes are inferred.
        def agree(a, b):
            return a == b or 0 in a[1] and (b is None or b[0] == a[0] and (b[1] == [] or len(a[1]) == len(b[1]) and all(x == y or 0 in (x, y) for x, y in zip(a[1], b[1]))))
        print([name for name in declared if not agree(declared[name], found.get(name))])
        """;

    [OnnxCheckerTheory]
    [InlineData(OnnxGraphKind.Waveform, OnnxPrecision.Fp32, 1, false)]
    [InlineData(OnnxGraphKind.Waveform, OnnxPrecision.Mixed, 1, false)]
    [InlineData(OnnxGraphKind.Waveform, OnnxPrecision.Fp16, 1, false)]
    [InlineData(OnnxGraphKind.Spectrogram, OnnxPrecision.Fp32, 1, false)]
    [InlineData(OnnxGraphKind.Spectrogram, OnnxPrecision.Mixed, 1, false)]
    [InlineData(OnnxGraphKind.Spectrogram, OnnxPrecision.Fp16, 1, false)]
    [InlineData(OnnxGraphKind.Waveform, OnnxPrecision.Fp16, 2, false)]
    [InlineData(OnnxGraphKind.Waveform, OnnxPrecision.Fp32, 2, true)]
    public void Files_pass_and_every_declared_shape_is_the_inferred_one(OnnxGraphKind kind, OnnxPrecision precision, int batch, bool int8) =>
        Check(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"), new OnnxGraphOptions { Kind = kind, Precision = precision, Batch = batch, Int8 = int8 });

    [OnnxCheckerTheory]
    [InlineData("tiny6", "tiny6-18285eff.th")]
    [InlineData("mixed-storage", "mixed-7b6ab67f.th")]
    public void So_do_other_models_other_lengths_some_stems_and_attention_in_blocks(string folder, string file) =>
        Check(RepositoryFiles.Golden(folder, file), new OnnxGraphOptions { Batch = 2, Samples = 50_000, Stems = ["bass", "vocals"], ScoreLimit = 1 << 20, HalfWeights = false });

    [OnnxCheckerTheory]
    [InlineData("synthetic:htdemucs", OnnxPrecision.Fp32)]
    [InlineData("synthetic:htdemucs_6s", OnnxPrecision.Mixed)]
    public void So_do_full_size_models(string model, OnnxPrecision precision) => Check(model, new OnnxGraphOptions { Precision = precision });

    [OnnxCheckerTheory]
    [InlineData("tiny4/tiny4-cf67fb40.th", OnnxPrecision.Fp32)]
    [InlineData("tiny4/tiny4-cf67fb40.th", OnnxPrecision.Mixed)]
    [InlineData("tiny4/tiny4-cf67fb40.th", OnnxPrecision.Fp16)]
    [InlineData("tiny6/tiny6-18285eff.th", OnnxPrecision.Mixed)]
    [InlineData("demucs3/hda-7a8b1543.th", OnnxPrecision.Mixed)]
    [InlineData("demucs3/dm4-20de21fd.th", OnnxPrecision.Fp32)]
    public void So_does_the_form_for_GPUs(string model, OnnxPrecision precision) =>
        Check(RepositoryFiles.Golden(model.Split('/')), new OnnxGraphOptions { Form = OnnxForm.Gpu, Precision = precision, Batch = 2 });

    [OnnxCheckerTheory]
    [InlineData("tiny4/tiny4-cf67fb40.th", OnnxGraphKind.Waveform)]
    [InlineData("tiny4/tiny4-cf67fb40.th", OnnxGraphKind.Spectrogram)]
    [InlineData("roformer/bs4.ckpt", OnnxGraphKind.Waveform)]
    [InlineData("demucs3/hd4-f3818771.th", OnnxGraphKind.Waveform)]
    [InlineData("demucs3/dm4-20de21fd.th", OnnxGraphKind.Waveform)]
    [InlineData("mdx23c-scnet/sc4.ckpt", OnnxGraphKind.Waveform)]
    public void So_does_the_form_for_wasm(string model, OnnxGraphKind kind) =>
        Check(RepositoryFiles.Golden(model.Split('/')), new OnnxGraphOptions { Form = OnnxForm.Wasm, Kind = kind, ScoreLimit = 1 << 20 });

    private static void Check(string model, OnnxGraphOptions options)
    {
        string path = Path.Combine(Path.GetTempPath(), $"stemsharp-test-{Guid.NewGuid():N}.onnx");
        try
        {
            File.WriteAllBytes(path, OnnxModelBuilder.Build(FamilyTable.All.Open(model), options).ToByteArray());
            using Process process = Process.Start(new ProcessStartInfo(OnnxCheckerTheoryAttribute.Python, ["-c", Script, path]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            string output = process.StandardOutput.ReadToEnd(), error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            Assert.True(process.ExitCode == 0, error);
            Assert.Equal("[]", output.Trim());
        }
        finally
        {
            File.Delete(path);
        }
    }
}
