using System.Globalization;
using Stemsharp.Cpu;
using Stemsharp.Inference;
using Stemsharp.Model;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Tests.Golden;

/// <summary>One forward pass of each golden RoFormer against the original's, computed in double precision.</summary>
public class RoFormerForwardTests(ITestOutputHelper output)
{
    private const string Folder = GoldenRoFormers.Folder;

    /// <summary>Checkpoint, golden file, case.</summary>
    public static TheoryData<string, string, string> Cases => new()
    {
        { "bs4.ckpt", "bs4.io.safetensors", "8820" },
        { "bs4.ckpt", "bs4.io.safetensors", "5003" },
        { "bs1.ckpt", "bs1.io.safetensors", "22528" },
        { "bs1.ckpt", "bs1.io.safetensors", "5003" },
        { "mel1.safetensors", "mel1.io.safetensors", "22050" },
        { "mel1.safetensors", "mel1.io.safetensors", "8820" },
        { "mel1.safetensors", "mel1.io.safetensors", "5003" },
        { "mel4.ckpt", "mel4.io.safetensors", "8192" },
        { "mel4.ckpt", "mel4.io.safetensors", "5003" },
        { "bs4.ckpt", "bs4.quiet.safetensors", "zeros" },
        { "bs4.ckpt", "bs4.quiet.safetensors", "lsb16" },
        { "bs4.ckpt", "bs4.quiet.safetensors", "faint" },
        { "bs4.ckpt", "bs4.quiet.safetensors", "tone" },
        { "mel1.safetensors", "mel1.quiet.safetensors", "zeros" },
        { "mel1.safetensors", "mel1.quiet.safetensors", "lsb16" },
        { "mel1.safetensors", "mel1.quiet.safetensors", "faint" },
        { "mel1.safetensors", "mel1.quiet.safetensors", "tone" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_interpreter_agrees_beyond_130_decibels(string model, string file, string name)
    {
        CheckpointNetwork network = FamilyTable.All.Open(RepositoryFiles.Golden(Folder, model));
        GoldenTensors golden = GoldenTensors.Open(Folder, file);
        double snr = Snr(network, golden, name, GoldenForward.Interpret(network, golden[$"mix.{name}"]));
        output.WriteLine($"{snr:F2} dB");
        Assert.True(snr > 130, $"{snr:F2} dB");
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_engine_is_as_exact_as_the_original_in_single_precision(string model, string file, string name)
    {
        CheckpointNetwork network = FamilyTable.All.Open(RepositoryFiles.Golden(Folder, model));
        GoldenTensors golden = GoldenTensors.Open(Folder, file);
        double original = double.Parse(golden.Metadata[$"pytorch_fp32_snr_db.{name}"], CultureInfo.InvariantCulture);
        using IEngine engine = new CpuBackend().Open(network, new EngineSettings { Threads = 2 });
        float[] stems = PieceTrial.Run(engine, network.Definition, golden[$"mix.{name}"].Values, default);
        double snr = Snr(network, golden, name, stems);
        output.WriteLine($"{snr:F2} dB, the original {original:F2} dB");

        // A sine leaves most bands with nothing but the transform's rounding, which the norms make as large as music.
        bool isJudged = name != "tone";
        Assert.True(isJudged ? snr > Math.Max(original - 3, 100) : double.IsFinite(snr), $"{snr:F2} dB, the original {original:F2} dB");
    }

    [Theory]
    [InlineData("bs4.ckpt")]
    [InlineData("mel1.safetensors")]
    public void Silence_gives_silence(string model)
    {
        CheckpointNetwork network = FamilyTable.All.Open(RepositoryFiles.Golden(Folder, model));
        using IEngine engine = new CpuBackend().Open(network, new EngineSettings { Threads = 2 });
        Assert.All(PieceTrial.Run(engine, network.Definition, new float[2 * 4410], default), value => Assert.Equal(0f, value));
    }

    [Theory]
    [InlineData("bs4.ckpt", "bs4.layers.safetensors")]
    [InlineData("mel1.safetensors", "mel1.layers.safetensors")]
    public void Every_layer_agrees_as_far_as_halves_tell(string model, string file)
    {
        CheckpointNetwork network = FamilyTable.All.Open(RepositoryFiles.Golden(Folder, model));
        GoldenTensors golden = GoldenTensors.Open(Folder, file);
        Dictionary<string, string> taps = GoldenRoFormers.Taps(golden).ToDictionary(n => GoldenRoFormers.NodeOf(network, n), StringComparer.Ordinal);
        List<string> wrong = [];
        GoldenForward.Interpret(network, golden["mix"], (node, values) =>
        {
            if (taps.Remove(node.Name, out string? name))
            {
                double snr = GoldenModel.Snr(GoldenRoFormers.Arrange(golden[name], node.Output.Shape, name), [values.Take(name == "mask.0" ? 4 * node.Output.Shape.Positions : values.Length).Select(v => (float)v).ToArray()]);
                output.WriteLine($"{name} {snr:F1} dB");
                if (snr < 60)
                {
                    wrong.Add($"{name}: {snr:F1} dB");
                }
            }
        });
        Assert.Empty(taps);
        Assert.Empty(wrong);
    }

    private static double Snr(CheckpointNetwork network, GoldenTensors golden, string name, float[] stems) =>
        GoldenModel.Snr(golden[$"stems.{name}"].Values, GoldenRoFormers.Parts(network, golden, name, stems));
}
