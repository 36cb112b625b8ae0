using System.Globalization;
using Stemsharp.Graph.Interpretation;
using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.Signal;
using Stemsharp.Tests;
using Stemsharp.Tests.Signal;
using Stemsharp.Vulkan.Device;
using Stemsharp.Vulkan.Planning;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Vulkan.Tests;

/// <summary>The golden RoFormers on the GPU engine: forward passes, quiet inputs, layers, whole tracks.</summary>
public class RoFormerTests(ITestOutputHelper output)
{
    private const string Folder = "roformer";

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
            double snr = Snr(network, golden, parts[1], stems);
            string line = $"{item}: {snr:F2} dB, the original {original:F2} dB";
            output.WriteLine(line);

            // A sine leaves most bands with nothing but the transform's rounding, which the norms make as large as music.
            if (parts[1] == "tone" ? !double.IsFinite(snr) : !(snr > least(original)))
            {
                wrong.Add(line);
            }
        }

        Assert.Empty(wrong);
        Assert.All(PieceTrial.Run(engine, network.Definition, new float[network.Definition.Channels * 4410 / 441 * network.Definition.Transform!.Hop], default), value => Assert.Equal(0f, value));
    }

    // The truth holds as many samples as the original gives, of the stems that its file names.
    private static double Snr(CheckpointNetwork network, GoldenTensors golden, string name, float[] stems)
    {
        GoldenTensor truth = golden[$"stems.{name}"];
        int channels = network.Definition.Channels, samples = stems.Length / channels / network.Definition.Stems.Length, given = truth.Shape[^1];
        string[] stored = golden.Metadata.TryGetValue("stems", out string? names) ? names.Split(',') : [.. network.Definition.Stems];
        float[] found = [.. stored.SelectMany(stem => Enumerable.Range(0, channels).SelectMany(c =>
            stems.AsSpan((network.Definition.Stems.IndexOf(stem) * channels + c) * samples, given).ToArray()))];
        return GoldenModel.Snr(truth.Values, found);
    }
}
