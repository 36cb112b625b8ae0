using System.Buffers.Binary;
using Stemsharp.Export.CoreML;
using Stemsharp.Export.CoreML.Interpretation;
using Stemsharp.Export.CoreML.Reading;
using Stemsharp.Tests;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Export.Tests.CoreML;

/// <summary>What palettes cost on a song, in SDR against the true stems; chunks and overlap as docs/coreml.md tells hosts.</summary>
public class DemoSongTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Six_bits_cost_at_most_a_third_of_a_decibel_and_half_precision_nothing()
    {
        TestNetwork network = TestNetwork.Open(RepositoryFiles.DemoModel);
        string[] stems = [.. network.Definition.Stems];
        (float[] mix, int length) = Wave("mix");
        float[][] truth = [.. stems.Select(s => Wave(s).Samples)];
        float[] mixed = Separate(network, new CoreMLExportOptions(), mix, length), six = Separate(network, new CoreMLExportOptions { PaletteBits = 6 }, mix, length);
        await using Separator separator = await Separator.OpenAsync(new SeparatorOptions { Model = RepositoryFiles.DemoModel });
        SeparationResult exact = await separator.SeparateAsync(RepositoryFiles.Sample("song", "mix.wav"));
        double near = Snr.Of([.. stems.SelectMany(s => exact[s].SelectMany(c => c))], mixed);
        output.WriteLine($"all stems with halves: {near:F1} dB of those in single precision");
        Assert.True(near >= 70, $"all stems with halves: {near:F1} dB, at least 70 expected");
        for (int i = 0; i < stems.Length; i++)
        {
            float[] Stem(float[] all) => all[(i * 2 * length)..((i + 1) * 2 * length)];
            double halves = Snr.Of(truth[i], Stem(mixed)), palettes = Snr.Of(truth[i], Stem(six));
            double loss = Snr.ScaleInvariant(truth[i], [.. exact[stems[i]].SelectMany(c => c)]) - Snr.ScaleInvariant(truth[i], Stem(mixed));
            output.WriteLine($"{stems[i]}: {halves:F2} dB with halves, {palettes:F2} dB with 6 bits; half precision costs {loss:F4} dB of SI-SDR");
            Assert.True(halves - palettes <= 0.3, $"{stems[i]}: {halves:F2} dB with halves, {palettes:F2} dB with 6 bits");
            Assert.InRange(loss, -0.1, 0.1);
        }
    }

    private static float[] Separate(TestNetwork network, CoreMLExportOptions options, float[] mix, int length)
    {
        using TemporaryPackage temporary = network.Export(options);
        using Package package = Package.Open(temporary.Path);
        ProgramInterpreter interpreter = new(package);
        int stems = network.Definition.Stems.Length, segment = network.Samples, stride = (int)(0.75 * segment);
        double mean = Enumerable.Range(0, length).Average(i => (mix[i] + mix[length + i]) / 2.0);
        double std = Math.Sqrt(Enumerable.Range(0, length).Sum(i => Math.Pow((mix[i] + mix[length + i]) / 2.0 - mean, 2)) / (length - 1));
        double[] sum = new double[stems * 2 * length];
        double[] weight = new double[length];
        for (int start = 0; start < length; start += stride)
        {
            int count = Math.Min(segment, length - start), lead = (segment - count) / 2;
            float[] chunk = new float[2 * segment];
            for (int c = 0; c < 2; c++)
            {
                for (int i = 0; i < segment; i++)
                {
                    int source = start - lead + i;
                    if ((uint)source < (uint)length)
                    {
                        chunk[c * segment + i] = (float)((mix[c * length + source] - mean) / (std + 1e-8));
                    }
                }
            }

            float[] result = network.Stems(interpreter.Run([ReferenceStft.Forward(chunk, segment, network.Nfft), chunk]), stems);
            for (int i = 0; i < count; i++)
            {
                double w = Math.Min(i + 1, segment - i) / (segment / 2.0);
                weight[start + i] += w;
                for (int s = 0; s < 2 * stems; s++)
                {
                    sum[s * length + start + i] += w * result[s * segment + lead + i];
                }
            }
        }

        return [.. sum.Select((v, i) => (float)(v / weight[i % length] * (std + 1e-8) + mean))];
    }

    // 16-bit stereo with a plain header, [2, length].
    private static (float[] Samples, int Length) Wave(string name)
    {
        byte[] file = File.ReadAllBytes(RepositoryFiles.Sample("song", $"{name}.wav"));
        int data = file.AsSpan().IndexOf("data"u8) + 8, length = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(data - 4)) / 4;
        float[] samples = new float[2 * length];
        for (int i = 0; i < 2 * length; i++)
        {
            samples[i % 2 * length + i / 2] = BinaryPrimitives.ReadInt16LittleEndian(file.AsSpan(data + 2 * i)) / 32768f;
        }

        return (samples, length);
    }
}
