using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.Tests;
using Stemsharp.Tests.Golden;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Vulkan.Tests;

/// <summary>HDemucs and Demucs on the GPU engine: whole networks of every form, long sequences in frames among them.</summary>
public class DemucsTests(ITestOutputHelper output)
{
    [VulkanTheory]
    [InlineData("hd4", new[] { 8268, 2003, 700 })]
    [InlineData("hd2", new[] { 6615, 1235, 60_001 })]
    [InlineData("hda", new[] { 3528, 1001, 20_001 })]
    [InlineData("hdm", new[] { 3528, 1001 })]
    [InlineData("dm4", new[] { 4778, 3001 })]
    [InlineData("dm2", new[] { 3528, 1001 })]
    public void Single_precision_is_as_exact_as_the_original_in_it(string model, int[] lengths) => Check(model, lengths, GoldenModel.Options, original => original - 3);

    [VulkanTheory]
    [InlineData("hd4", new[] { 8268 })]
    [InlineData("hd2", new[] { 6615 })]
    [InlineData("dm4", new[] { 4778 })]
    public void Mixed_precision_reaches_45_decibels(string model, int[] lengths) =>
        Check(model, lengths, GoldenModel.Options with { Precision = EnginePrecision.Mixed }, _ => 45);

    private void Check(string model, int[] lengths, VulkanOptions options, Func<double, double> least)
    {
        CheckpointNetwork network = FamilyTable.All.Open(GoldenDemucs.File(model));
        using VulkanEngine engine = GoldenModel.Open(network, options);
        GoldenTensors golden = GoldenTensors.Open(GoldenDemucs.Folder, $"{model}.io.safetensors");
        List<string> wrong = [];
        foreach (int samples in lengths)
        {
            double original = GoldenDemucs.Original(golden, $"{samples}");
            double snr = GoldenDemucs.Snr(golden, samples, PieceTrial.Run(engine, network.Definition, GoldenDemucs.Mix(golden, samples), default));
            string line = $"{samples}: {snr:F2} dB, the original {original:F2} dB";
            output.WriteLine(line);
            if (!(snr > least(original)))
            {
                wrong.Add(line);
            }
        }

        Assert.Empty(wrong);
    }
}
