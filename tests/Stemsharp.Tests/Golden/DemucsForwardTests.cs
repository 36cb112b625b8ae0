using System.Globalization;
using Stemsharp.Cpu;
using Stemsharp.Graph.Interpretation;
using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.Tests.Signal;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Tests.Golden;

/// <summary>One forward pass of each golden HDemucs and Demucs against the original's, computed in double precision.</summary>
public class DemucsForwardTests(ITestOutputHelper output)
{
    public static TheoryData<string, int> Cases => GoldenDemucs.Cases;

    public static TheoryData<string, int> Interpreted => GoldenDemucs.Interpreted;

    [Theory]
    [MemberData(nameof(Interpreted))]
    public void The_interpreter_agrees_beyond_130_decibels(string model, int samples)
    {
        GoldenTensors golden = GoldenTensors.Open(GoldenDemucs.Folder, $"{model}.io.safetensors");
        CheckpointNetwork network = FamilyTable.All.Open(GoldenDemucs.File(model));
        double snr = GoldenDemucs.Snr(golden, samples, Interpret(network, GoldenDemucs.Mix(golden, samples)));
        output.WriteLine($"{snr:F2} dB");
        Assert.True(snr > 130, $"{snr:F2} dB");
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_engine_is_as_exact_as_the_original_in_single_precision(string model, int samples)
    {
        GoldenTensors golden = GoldenTensors.Open(GoldenDemucs.Folder, $"{model}.io.safetensors");
        CheckpointNetwork network = FamilyTable.All.Open(GoldenDemucs.File(model));
        double original = GoldenDemucs.Original(golden, $"{samples}");
        using IEngine engine = new CpuBackend().Open(network, new EngineSettings { Threads = 2 });
        float[] stems = PieceTrial.Run(engine, network.Definition, GoldenDemucs.Mix(golden, samples), default);
        double snr = GoldenDemucs.Snr(golden, samples, stems);
        output.WriteLine($"{snr:F2} dB, the original {original:F2} dB");
        Assert.True(snr > original - 3, $"{snr:F2} dB, the original {original:F2} dB");
        GoldenDemucs.CheckLoudness(golden, $"rms.{samples}", stems);
    }

    [Theory]
    [InlineData("hd4")]
    [InlineData("hd2")]
    [InlineData("hda")]
    [InlineData("hdm")]
    [InlineData("dm4")]
    [InlineData("dm2")]
    public void Every_layer_agrees_as_far_as_halves_tell(string model)
    {
        GoldenTensors golden = GoldenTensors.Open(GoldenDemucs.Folder, $"{model}.layers.safetensors"), io = GoldenTensors.Open(GoldenDemucs.Folder, $"{model}.io.safetensors");
        CheckpointNetwork network = FamilyTable.All.Open(GoldenDemucs.File(model));
        List<string> wrong = [];
        foreach (IGrouping<int, string> length in golden.Names.GroupBy(n => int.Parse(n.AsSpan(0, n.IndexOf('/', StringComparison.Ordinal)), CultureInfo.InvariantCulture)).Where(g => !GoldenDemucs.IsLong(model, g.Key)))
        {
            Dictionary<string, string> taps = length.ToDictionary(n => GoldenDemucs.NodeOf(network.Record(length.Key), n[(n.IndexOf('/', StringComparison.Ordinal) + 1)..]), StringComparer.Ordinal);
            Interpret(network, GoldenDemucs.Mix(io, length.Key), (node, values) =>
            {
                if (taps.Remove(node.Name, out string? name))
                {
                    float[] truth = GoldenDemucs.Arrange(golden[name], node.Output.Shape);
                    double snr = GoldenModel.Snr(truth, [values.Take(truth.Length).Select(v => (float)v).ToArray()]);
                    output.WriteLine($"{name} {snr:F1} dB");
                    if (snr < 60)
                    {
                        wrong.Add($"{name}: {snr:F1} dB");
                    }
                }
            });
            Assert.Empty(taps);
        }

        Assert.Empty(wrong);
    }

    [Theory]
    [InlineData("hd4")]
    [InlineData("hda")]
    [InlineData("dm4")]
    public void Silence_gives_finite_stems(string model)
    {
        CheckpointNetwork network = FamilyTable.All.Open(GoldenDemucs.File(model));
        using IEngine engine = new CpuBackend().Open(network, new EngineSettings { Threads = 2 });
        Assert.All(PieceTrial.Run(engine, network.Definition, new float[2 * 4778], default), value => Assert.True(float.IsFinite(value)));
    }

    private static float[] Interpret(CheckpointNetwork network, float[] mix, Action<Graph.Node, double[]>? observe = null)
    {
        NetworkDefinition definition = network.Definition;
        int samples = mix.Length / definition.Channels, rows = definition.Stems.Length * definition.Channels;
        Graph.Graph graph = network.Record(samples);
        using INetworkWeights weights = network.OpenWeights(graph);
        double[] waveform = Array.ConvertAll(mix, v => (double)v);
        double[][] results = definition.Transform is not { } transform
            ? new Interpreter(graph, weights).Run([waveform], observe)
            : new Interpreter(graph, weights).Run([[.. Enumerable.Range(0, definition.Channels).SelectMany(c => ReferenceTransform.Forward(transform, mix.AsSpan(c * samples, samples)))], waveform], observe);
        float[] stems = new float[rows * samples];
        for (int row = 0; row < rows; row++)
        {
            double[] own = results[^1][(row * samples)..((row + 1) * samples)];
            if (definition.Transform is { } inverse)
            {
                int plane = results[0].Length / rows;
                double[] more = ReferenceTransform.Inverse(inverse, [.. results[0].Skip(row * plane).Take(plane).Select(v => (float)v)], samples);
                own = [.. own.Zip(more, (a, b) => a + b)];
            }

            own.Select(v => (float)v).ToArray().CopyTo(stems, row * samples);
        }

        return stems;
    }
}
