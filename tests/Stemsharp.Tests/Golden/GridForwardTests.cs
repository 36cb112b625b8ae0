using System.Globalization;
using System.Text.RegularExpressions;
using Stemsharp.Cpu;
using Stemsharp.Graph;
using Stemsharp.Inference;
using Stemsharp.Model;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Tests.Golden;

/// <summary>
/// MDX23C and SCNet, networks over grids of time and frequency: one forward pass of each golden checkpoint against the original's,
/// computed in double precision.
/// </summary>
public partial class GridForwardTests(ITestOutputHelper output)
{
    private const string Folder = "mdx23c-scnet";

    /// <summary>Checkpoint, samples.</summary>
    public static TheoryData<string, int> Cases => new()
    {
        { "mdxc1.ckpt", 16128 },
        { "mdxc1.ckpt", 8059 },
        { "mdxc4.ckpt", 9024 },
        { "mdxc4.ckpt", 4501 },
        { "mdxcb.ckpt", 4480 },
        { "mdxcb.ckpt", 3371 },
        { "sc4.ckpt", 22050 },
        { "sc4.ckpt", 7001 },
        { "sc1.safetensors", 13230 },
        { "sc1.safetensors", 5003 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_interpreter_agrees_beyond_130_decibels(string model, int samples)
    {
        (CheckpointNetwork network, GoldenTensors golden) = Open(model);
        double snr = Snr(network, golden, samples, GoldenForward.Interpret(network, golden[$"mix.{samples}"]));
        output.WriteLine($"{snr:F2} dB");
        Assert.True(snr > 130, $"{snr:F2} dB");
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_engine_is_as_exact_as_the_original_in_single_precision(string model, int samples)
    {
        (CheckpointNetwork network, GoldenTensors golden) = Open(model);
        double original = double.Parse(golden.Metadata[$"pytorch_fp32_snr_db.{samples}"], CultureInfo.InvariantCulture);
        using IEngine engine = new CpuBackend().Open(network, new EngineSettings { Threads = 2 });
        double snr = Snr(network, golden, samples, PieceTrial.Run(engine, network.Definition, golden[$"mix.{samples}"].Values, default));
        output.WriteLine($"{snr:F2} dB, the original {original:F2} dB");
        Assert.True(snr > original - 3, $"{snr:F2} dB, the original {original:F2} dB");
    }

    [Fact]
    public void Silence_gives_silence_where_no_bias_speaks()
    {
        (CheckpointNetwork network, _) = Open("mdxc1.ckpt");
        using IEngine engine = new CpuBackend().Open(network, new EngineSettings { Threads = 2 });
        Assert.All(PieceTrial.Run(engine, network.Definition, new float[2 * 16128], default), value => Assert.Equal(0f, value));
    }

    [Theory]
    [InlineData("mdxc1.ckpt")]
    [InlineData("sc4.ckpt")]
    public void Every_layer_agrees_as_far_as_halves_tell(string model)
    {
        CheckpointNetwork network = FamilyTable.All.Open(RepositoryFiles.Golden(Folder, model));
        GoldenTensors golden = GoldenTensors.Open(Folder, $"{model.Split('.')[0]}.layers.safetensors");
        Dictionary<string, string> taps = golden.Names.Where(n => n is not ("mix" or "stems" or "stft")).ToDictionary(NodeOf, StringComparer.Ordinal);
        List<string> wrong = [];
        GoldenForward.Interpret(network, golden["mix"], (node, values) =>
        {
            if (taps.Remove(node.Name, out string? name))
            {
                double snr = GoldenModel.Snr(Arrange(golden[name], node.Output.Shape, name), [Array.ConvertAll(values, v => (float)v)]);
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

    private static (CheckpointNetwork Network, GoldenTensors Golden) Open(string model) =>
        (FamilyTable.All.Open(RepositoryFiles.Golden(Folder, model)), GoldenTensors.Open(Folder, $"{model.Split('.')[0]}.io.safetensors"));

    private static double Snr(CheckpointNetwork network, GoldenTensors golden, int samples, float[] stems) =>
        GoldenModel.Snr(golden[$"stems.{samples}"].Values, GoldenRoFormers.Parts(network, golden, $"{samples}", stems));

    // The node whose output a tap is; that of a whole scale is its last block's.
    private static string NodeOf(string tap) => tap switch
    {
        "final_conv" => "by_bin",
        _ when tap.EndsWith("scale", StringComparison.Ordinal) => $"{tap}.conv.2",
        _ when tap.EndsWith("tfc_tdf", StringComparison.Ordinal) || tap == "bottleneck_block" => $"{tap}.blocks.1.sum",
        _ when tap.EndsWith(".tdf", StringComparison.Ordinal) => $"{tap}.5",
        _ when tap.EndsWith(".tfc1", StringComparison.Ordinal) || tap.EndsWith(".tfc2", StringComparison.Ordinal) => $"{tap}.2",
        _ when tap.Contains("conv_modules", StringComparison.Ordinal) => $"{tap}.layers.{2 - (tap[^1] - '0')}.sum",
        _ when Level().IsMatch(tap) => $"{tap}.globalconv",
        _ when Layer().IsMatch(tap) => $"{tap}.sum.1",
        _ when Decoder().Match(tap) is { Success: true } match => $"{match.Groups[1].Value}.{(match.Groups[2].Value == "0" ? "glu" : "bands")}",
        _ => tap,
    };

    // A tap as the graph's value lies, [C, F, T].
    private static float[] Arrange(GoldenTensor tap, Shape shape, string name)
    {
        int[] order = name switch
        {
            "first_conv" => [0, 2, 1],
            _ when name.Contains("conv_modules", StringComparison.Ordinal) => [1, 0, 2],
            _ when name.Contains("linear_layers.0", StringComparison.Ordinal) => [2, 1, 0],
            _ when name.Contains("linear_layers.1", StringComparison.Ordinal) => [2, 0, 1],
            _ => [0, 1, 2],
        };
        float[] result = new float[shape.Elements];
        int[] at = new int[3];
        for (int i = 0; i < result.Length; i++)
        {
            int[] own = [i / shape.Positions, i / shape.Last % shape.Rows, i % shape.Last];
            for (int a = 0; a < 3; a++)
            {
                at[order[a]] = own[a];
            }

            result[i] = tap.Values[(at[0] * tap.Shape[1] + at[1]) * tap.Shape[2] + at[2]];
        }

        return result;
    }

    [GeneratedRegex(@"^encoder\.\d+$")]
    private static partial Regex Level();

    [GeneratedRegex(@"^separation_net\.dp_modules\.\d+$")]
    private static partial Regex Layer();

    [GeneratedRegex(@"^(decoder\.\d+)\.(\d)$")]
    private static partial Regex Decoder();
}
