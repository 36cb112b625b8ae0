using System.Globalization;
using Stemsharp.Cpu;
using Stemsharp.Graph.Interpretation;
using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.Signal;
using Stemsharp.Tests.Signal;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Tests.Golden;

/// <summary>One forward pass of each golden RoFormer against the original's, computed in double precision.</summary>
public class RoFormerForwardTests(ITestOutputHelper output)
{
    private const string Folder = "roformer";

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
        double snr = Snr(network, golden, name, Interpret(network, golden[$"mix.{name}"]));
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
        Dictionary<string, string> taps = golden.Names.Where(n => n is not ("mix" or "stems" or "stft") && !n.StartsWith("mask_estimators", StringComparison.Ordinal)).ToDictionary(n => NodeOf(network, n), StringComparer.Ordinal);
        List<string> wrong = [];
        Interpret(network, golden["mix"], (node, values) =>
        {
            if (taps.Remove(node.Name, out string? name))
            {
                double snr = GoldenModel.Snr(Arrange(golden[name], node.Output.Shape, name), [values.Take(name == "mask.0" ? 4 * node.Output.Shape.Positions : values.Length).Select(v => (float)v).ToArray()]);
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

    // The node whose output a tap is.
    private static string NodeOf(CheckpointNetwork network, string tap)
    {
        string[] parts = tap.Split('.');
        return tap switch
        {
            "mask.0" => "mask",
            "band_split" => "band_split.bands",
            "final_norm" => tap,
            _ when parts.Length == 6 => tap + (parts[5] == "0" ? ".to_out.0" : ".net.4"),
            _ => network.Family.StartsWith("Mel", StringComparison.Ordinal) ? $"{tap}.norm" : $"{tap}.layers.0.residual2",
        };
    }

    // A tap as the graph's value lies: [D, K, T] or [2·S, F, T], of the first stem.
    private static float[] Arrange(GoldenTensor tap, Graph.Shape shape, string name)
    {
        int channels = shape.Channels, rows = shape.Rows, frames = shape.Last;
        bool isMask = name == "mask.0", alongTime = name.StartsWith("layers.", StringComparison.Ordinal) && name.Split('.')[2] == "0";
        float[] result = new float[shape.Elements];
        for (int c = 0; c < channels; c++)
        {
            for (int r = 0; r < rows; r++)
            {
                for (int t = 0; t < frames; t++)
                {
                    // Stems beyond the first are not stored: they repeat it and are not compared.
                    int source = isMask ? ((r * 2 + c % 4 / 2) * frames + t) * 2 + c % 2
                        : alongTime ? (r * frames + t) * channels + c
                        : (t * rows + r) * channels + c;
                    result[(c * rows + r) * frames + t] = tap.Values[source];
                }
            }
        }

        return isMask ? result[..(4 * rows * frames)] : result;
    }

    private static float[] Interpret(CheckpointNetwork network, GoldenTensor mix, Action<Graph.Node, double[]>? observe = null)
    {
        TransformDefinition transform = network.Definition.Transform!;
        int samples = mix.Shape[1], given = transform.OutputSamples(samples);
        Graph.Graph graph = network.Record(samples);
        using INetworkWeights weights = network.OpenWeights(graph);
        double[] spectrogram = [.. Enumerable.Range(0, mix.Shape[0]).SelectMany(c => ReferenceTransform.Forward(transform, mix.Values.AsSpan(c * samples, samples)))];
        double[] masked = new Interpreter(graph, weights).Run([spectrogram], observe)[0];
        int rows = network.Definition.Stems.Length * network.Definition.Channels, plane = masked.Length / rows;
        float[] stems = new float[rows * samples];
        for (int row = 0; row < rows; row++)
        {
            float[] own = [.. masked.Skip(row * plane).Take(plane).Select(v => (float)v)];
            ReferenceTransform.Inverse(transform, own, samples).Take(given).Select(v => (float)v).ToArray().CopyTo(stems, row * samples);
        }

        return stems;
    }

    // The truth holds as many samples as the original gives, of the stems that its file names.
    private static double Snr(CheckpointNetwork network, GoldenTensors golden, string name, float[] stems)
    {
        GoldenTensor truth = golden[$"stems.{name}"];
        int channels = network.Definition.Channels, samples = stems.Length / channels / network.Definition.Stems.Length, given = truth.Shape[^1];
        string[] stored = golden.Metadata.TryGetValue("stems", out string? names) ? names.Split(',') : [.. network.Definition.Stems];
        return GoldenModel.Snr(truth.Values, stored.SelectMany(stem => Enumerable.Range(0, channels).Select(c =>
            (ReadOnlyMemory<float>)stems.AsMemory((network.Definition.Stems.IndexOf(stem) * channels + c) * samples, given))));
    }
}
