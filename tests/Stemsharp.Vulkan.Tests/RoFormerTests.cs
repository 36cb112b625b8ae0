using System.Globalization;
using Stemsharp.Graph;
using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.Tests;
using Stemsharp.Tests.Golden;
using Stemsharp.Tests.Signal;
using Stemsharp.Vulkan.Device;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Vulkan.Tests;

/// <summary>The golden RoFormers on the GPU engine: forward passes, quiet inputs, layers, whole tracks.</summary>
public class RoFormerTests(ITestOutputHelper output)
{
    private const string Folder = GoldenRoFormers.Folder;

    public static TheoryData<string, string[]> Models => new()
    {
        { "bs4.ckpt", ["io.8820", "io.5003", "quiet.zeros", "quiet.lsb16", "quiet.faint", "quiet.tone"] },
        { "bs1.ckpt", ["io.22528", "io.5003"] },
        { "mel1.safetensors", ["io.22050", "io.8820", "io.5003", "quiet.zeros", "quiet.lsb16", "quiet.faint", "quiet.tone"] },
        { "mel4.ckpt", ["io.8192", "io.5003"] },
    };

    [VulkanTheory]
    [MemberData(nameof(Models))]
    public void Single_precision_is_as_exact_as_the_original_in_it(string model, string[] cases) =>
        Check(model, cases, GoldenModel.Options, original => original - 3);

    [VulkanTheory]
    [MemberData(nameof(Models))]
    public void Mixed_precision_reaches_50_decibels(string model, string[] cases) =>
        Check(model, cases, GoldenModel.Options with { Precision = EnginePrecision.Mixed }, _ => 50);

    [VulkanTheory]
    [InlineData("bs4.ckpt", new[] { "io.5003" })]
    [InlineData("mel1.safetensors", new[] { "io.5003" })]
    public void So_does_mixed_precision_on_matrices_that_arithmetic_plays(string model, string[] cases)
    {
        if (TestDevice.Device.Info.SubgroupSize != 8)
        {
            output.WriteLine("the emulation knows subgroups of eight only");
            return;
        }

        Check(model, cases, GoldenModel.Options with
        {
            Precision = EnginePrecision.Mixed,
            Traits = traits => traits with { Matrix = new CooperativeShape(16, 16, 16), IsEmulated = true },
        }, _ => 50);
    }

    // Layers become outputs, so that what follows them is computed apart from them.
    [VulkanTheory]
    [InlineData("bs4.ckpt")]
    [InlineData("mel1.safetensors")]
    public void Every_layer_agrees_as_far_as_halves_tell(string model)
    {
        CheckpointNetwork network = FamilyTable.All.Open(RepositoryFiles.Golden(Folder, model));
        GoldenTensors golden = GoldenTensors.Open(Folder, $"{model.Split('.')[0]}.layers.safetensors");
        GoldenTensor mix = golden["mix"];
        int samples = mix.Shape[1];
        Graph.Graph recorded = network.Record(samples);
        using INetworkWeights weights = network.OpenWeights(recorded);

        // All but the mask, which leaves its step as a spectrogram.
        string[] taps = [.. GoldenRoFormers.Taps(golden).Where(tap => tap != "mask.0")];
        Value[] values = [.. taps.Select(tap => recorded.Nodes.First(n => n.Name == GoldenRoFormers.NodeOf(network, tap)).Output)];
        Graph.Graph graph = new([.. recorded.Nodes], [.. recorded.Inputs], [.. taps.Zip(values)], [.. recorded.Parameters]);
        float[] spectrogram = [.. Enumerable.Range(0, mix.Shape[0]).SelectMany(c => ReferenceTransform.Forward(network.Definition.Transform!, mix.Values.AsSpan(c * samples, samples))).Select(v => (float)v)];
        float[] found = new GraphRun(TestDevice.Device, TestDevice.Pipelines).Run(graph, [spectrogram], EnginePrecision.Fp32, weights: weights)[0];
        int at = 0;
        foreach ((string tap, Value value) in taps.Zip(values))
        {
            int length = (int)value.Shape.Elements;
            double snr = GoldenModel.Snr(GoldenRoFormers.Arrange(golden[tap], value.Shape, tap), found.AsSpan(at, length));
            output.WriteLine($"{tap} {snr:F1} dB");
            Assert.True(snr > 60, $"{tap} {snr:F1} dB");
            at += length;
        }
    }

    private void Check(string model, string[] cases, VulkanOptions options, Func<double, double> least)
    {
        CheckpointNetwork network = FamilyTable.All.Open(RepositoryFiles.Golden(Folder, model));
        using VulkanEngine engine = GoldenModel.Open(network, options);
        List<string> wrong = [];
        foreach (string item in cases)
        {
            string[] parts = item.Split('.');
            GoldenTensors golden = GoldenTensors.Open(Folder, $"{model.Split('.')[0]}.{parts[0]}.safetensors");
            double original = double.Parse(golden.Metadata[$"pytorch_fp32_snr_db.{parts[1]}"], CultureInfo.InvariantCulture);
            float[] stems = PieceTrial.Run(engine, network.Definition, golden[$"mix.{parts[1]}"].Values, default);
            double snr = GoldenModel.Snr(golden[$"stems.{parts[1]}"].Values, [.. GoldenRoFormers.Parts(network, golden, parts[1], stems).SelectMany(p => p.ToArray())]);
            string line = $"{item}: {snr:F2} dB, the original {original:F2} dB";
            output.WriteLine(line);

            // A sine leaves most bands with nothing but the transform's rounding, which the norms make as large as music.
            if (parts[1] == "tone" ? !double.IsFinite(snr) : !(snr > least(original)))
            {
                wrong.Add(line);
            }
        }

        Assert.Empty(wrong);

        // Silence gives silence.
        float[] silence = new float[network.Definition.Channels * 12 * network.Definition.Transform!.Hop];
        Assert.All(PieceTrial.Run(engine, network.Definition, silence, default), value => Assert.Equal(0f, value));
    }
}
