using System.Buffers.Binary;
using Stemsharp.Export.Onnx;
using Stemsharp.Export.Onnx.Interpretation;
using Stemsharp.Export.Tests.CoreML;
using Stemsharp.Model;
using Stemsharp.Tests;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Export.Tests.Onnx;

/// <summary>
/// Exported files, read back from disk and run node by node with the roundings that they declare, against the
/// original in double precision and the true stems of a song.
/// </summary>
public class OnnxInterpreterTests(ITestOutputHelper output)
{
    private static readonly string s_tiny = RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th");

    [Theory]
    [InlineData("Fp32", true, 110)]
    [InlineData("Fp32", false, 110)]
    [InlineData("Mixed", true, 60)]
    [InlineData("Fp16", true, 45)]
    public void Waveform_graphs_keep_their_precision(string precision, bool fused, double least)
    {
        GoldenTensors golden = GoldenTensors.Open("tiny4", "tiny4.io.safetensors");
        float[] stems = Run(s_tiny, new OnnxGraphOptions { Precision = Enum.Parse<OnnxPrecision>(precision), Fused = fused }, golden["mix.85995"].Values)[0];
        Check(precision, Snr.Of(golden["stems.85995"].Values, stems), least);
    }

    /// <summary>Every golden case, each kind of graph; half precision is to be known, not to be kept to a bar of its own.</summary>
    [Theory]
    [InlineData("tiny4/tiny4-cf67fb40.th", "tiny4/tiny4.io.safetensors", 85995)]
    [InlineData("tiny4/tiny4-cf67fb40.th", "tiny4/tiny4.io.safetensors", 5000)]
    [InlineData("tiny6/tiny6-18285eff.th", "tiny6/tiny6.io.safetensors", 85995)]
    [InlineData("mixed-storage/mixed-7b6ab67f.th", "mixed-storage/mixed.io.safetensors", 20000)]
    public void Every_golden_case_keeps_its_precision_in_both_kinds_of_graph(string checkpoint, string io, int samples)
    {
        string model = RepositoryFiles.Golden(checkpoint.Split('/'));
        GoldenTensors golden = GoldenTensors.Open(io.Split('/'));
        TestNetwork network = TestNetwork.Open(model);
        float[] mix = Padded(golden[$"mix.{samples}"].Values, network.Samples), truth = golden[$"stems.{samples}"].Values;
        float[] spectrogram = ReferenceStft.Forward(mix, network.Samples, network.Nfft);
        int stems = network.Definition.Stems.Length;
        foreach ((OnnxPrecision precision, double least) in new[] { (OnnxPrecision.Fp32, 100), (OnnxPrecision.Mixed, 60), (OnnxPrecision.Fp16, 40.0) })
        {
            float[] inside = Run(model, new OnnxGraphOptions { Precision = precision }, mix)[0];
            float[] outside = network.Stems(Run(model, new OnnxGraphOptions { Kind = OnnxGraphKind.Spectrogram, Precision = precision }, spectrogram, mix), stems);
            Check($"{precision}, waveform", Snr.Of(truth, Cut(inside, network.Samples, samples)), least);
            Check($"{precision}, spectrogram", Snr.Of(truth, Cut(outside, network.Samples, samples)), least);
        }
    }

    [Fact]
    public void The_full_size_model_keeps_its_precision_in_a_mixed_graph()
    {
        GoldenTensors golden = GoldenTensors.Open("htdemucs.synthetic.safetensors");
        float[] mix = golden["mix"].Values, window = golden["window"].Values;
        float[] stems = Run("synthetic:htdemucs", new OnnxGraphOptions { Precision = OnnxPrecision.Mixed }, mix)[0];
        int samples = mix.Length / 2, width = window.Length / 8;
        Check("mixed", Snr.Of(window, [.. Enumerable.Range(0, 8).SelectMany(row => stems.AsSpan(row * samples + 100_000, width).ToArray())]), 60);
    }

    [Fact]
    public void Half_precision_costs_a_song_nothing_and_integers_little()
    {
        const int Samples = 4 * 44100;
        string[] names = [.. FamilyTable.All.Open(RepositoryFiles.DemoModel).Definition.Stems];
        float[] mix = Wave("mix", Samples);
        float[][] truth = [.. names.Select(n => Wave(n, Samples))];
        float[] single = Run(RepositoryFiles.DemoModel, new OnnxGraphOptions { Samples = Samples }, mix)[0];
        float[] mixed = Run(RepositoryFiles.DemoModel, new OnnxGraphOptions { Samples = Samples, Precision = OnnxPrecision.Mixed }, mix)[0];
        float[] half = Run(RepositoryFiles.DemoModel, new OnnxGraphOptions { Samples = Samples, Precision = OnnxPrecision.Fp16 }, mix)[0];
        float[] integers = Run(RepositoryFiles.DemoModel, new OnnxGraphOptions { Samples = Samples, Int8 = true }, mix)[0];
        for (int i = 0; i < names.Length; i++)
        {
            double Quality(float[] stems) => Snr.ScaleInvariant(truth[i], stems.AsSpan(2 * i * Samples, 2 * Samples));
            output.WriteLine($"{names[i]}: SI-SDR {Quality(single):F3} dB in single precision, mixed {Quality(mixed) - Quality(single):+0.0000;-0.0000}, fp16 {Quality(half) - Quality(single):+0.0000;-0.0000}, int8 {Quality(integers) - Quality(single):+0.0000;-0.0000}");
            Assert.InRange(Quality(mixed) - Quality(single), -0.1, 0.1);
            Assert.InRange(Quality(integers) - Quality(single), -0.5, 0.5);
        }

        Check("mixed", Snr.Of(single, mixed), 60);
        Check("int8", Snr.Of(single, integers), 25);
    }

    [Fact]
    public void Another_length_gives_what_the_network_gives_at_that_length()
    {
        const int Samples = 30_000;
        TestNetwork network = TestNetwork.Open(s_tiny, Samples);
        float[] golden = GoldenTensors.Open("tiny4", "tiny4.io.safetensors")["mix.85995"].Values;
        float[] mix = [.. golden.AsSpan(0, Samples), .. golden.AsSpan(golden.Length / 2, Samples)];
        float[][] truth = [.. network.Truth(mix).Select(v => Array.ConvertAll(v, x => (float)x))];
        float[] stems = Run(s_tiny, new OnnxGraphOptions { Samples = Samples }, mix)[0];
        Check("stems", Snr.Of(network.Stems(truth, 4), stems), 100);
    }

    [Fact]
    public async Task Exports_say_what_integers_and_another_length_cost()
    {
        string folder = Directory.CreateTempSubdirectory("stemsharp-test-").FullName;
        try
        {
            ModelSource model = await new ModelCatalog().ResolveAsync(s_tiny);
            OnnxExportResult result = OnnxExporter.Export(model, folder, new OnnxExportOptions { Segment = 1, Int8 = true });
            Assert.Contains(result.Warnings, w => w.Contains("int8", StringComparison.Ordinal) && w.Contains("dB", StringComparison.Ordinal));
            Assert.Contains(result.Warnings, w => w.Contains("1.95 s", StringComparison.Ordinal) && w.Contains("1.00 s", StringComparison.Ordinal));
            foreach (string warning in result.Warnings)
            {
                output.WriteLine(warning);
            }

            Assert.Equal(2, Directory.GetFiles(folder).Length);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Damaged_files_are_refused_by_name()
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, [0x3A, 0x7F, 0x01]);
            Assert.Contains(path, Assert.Throws<ModelException>(() => OnnxGraphFile.Open(path)).Message, StringComparison.Ordinal);
            Assert.Throws<OptionException>(() => Run(s_tiny, new OnnxGraphOptions { Int8 = true, Precision = OnnxPrecision.Mixed }));
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static float[][] Run(string model, OnnxGraphOptions options, params float[][] inputs)
    {
        string path = Path.Combine(Path.GetTempPath(), $"stemsharp-test-{Guid.NewGuid():N}.onnx");
        try
        {
            OnnxFile.Write(OnnxModelBuilder.Build(FamilyTable.All.Open(model), options), path, externalWeights: true);
            return new OnnxInterpreter(OnnxGraphFile.Open(path)).Run(inputs);
        }
        finally
        {
            File.Delete(path);
            File.Delete($"{path}.data");
        }
    }

    // [C, L] → [C, samples], with zeros on the right, as the network does.
    private static float[] Padded(float[] mix, int samples)
    {
        int length = mix.Length / 2;
        float[] padded = new float[2 * samples];
        for (int c = 0; c < 2; c++)
        {
            mix.AsSpan(c * length, length).CopyTo(padded.AsSpan(c * samples));
        }

        return padded;
    }

    // [S·C, L] → [S·C, samples]
    private static float[] Cut(float[] stems, int length, int samples) =>
        [.. Enumerable.Range(0, stems.Length / length).SelectMany(row => stems.AsSpan(row * length, samples).ToArray())];

    // The start of a 16-bit stereo file with a plain header, [2, samples], scaled to about unit deviation.
    private static float[] Wave(string name, int samples)
    {
        byte[] file = File.ReadAllBytes(RepositoryFiles.Sample("song", $"{name}.wav"));
        int data = file.AsSpan().IndexOf("data"u8) + 8;
        float[] wave = new float[2 * samples];
        for (int i = 0; i < 2 * samples; i++)
        {
            wave[i % 2 * samples + i / 2] = BinaryPrimitives.ReadInt16LittleEndian(file.AsSpan(data + 2 * i)) / 4096f;
        }

        return wave;
    }

    private void Check(string what, double snr, double least)
    {
        output.WriteLine($"{what}: {snr:F1} dB");
        Assert.True(snr >= least, $"{what}: {snr:F1} dB, at least {least} expected");
    }
}
