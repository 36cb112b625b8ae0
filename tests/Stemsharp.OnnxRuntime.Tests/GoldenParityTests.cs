using System.Globalization;
using Stemsharp.Export.Onnx;
using Stemsharp.Tests;
using Stemsharp.Tests.Golden;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.OnnxRuntime.Tests;

/// <summary>Exported graphs in onnxruntime against the original's outputs.</summary>
public class GoldenParityTests(ITestOutputHelper output)
{
    public static TheoryData<string, string, int, string> Cases => new()
    {
        { "tiny4/tiny4-cf67fb40.th", "tiny4/tiny4.io.safetensors", 85995, "spectrogram" },
        { "tiny4/tiny4-cf67fb40.th", "tiny4/tiny4.io.safetensors", 85995, "waveform" },
        { "tiny4/tiny4-cf67fb40.th", "tiny4/tiny4.io.safetensors", 5000, "spectrogram" },
        { "tiny4/tiny4-cf67fb40.th", "tiny4/tiny4.io.safetensors", 5000, "waveform" },
        { "tiny6/tiny6-18285eff.th", "tiny6/tiny6.io.safetensors", 85995, "spectrogram" },
        { "tiny6/tiny6-18285eff.th", "tiny6/tiny6.io.safetensors", 85995, "waveform" },
        { "mixed-storage/mixed-7b6ab67f.th", "mixed-storage/mixed.io.safetensors", 20000, "spectrogram" },
        { "mixed-storage/mixed-7b6ab67f.th", "mixed-storage/mixed.io.safetensors", 20000, "waveform" },
    };

    [OnnxRuntimeTheory]
    [MemberData(nameof(Cases))]
    public void Graphs_are_as_accurate_as_the_original_in_single_precision(string model, string io, int samples, string kind)
    {
        GoldenTensors golden = GoldenTensors.Open(io.Split('/'));
        using Exported exported = new(RepositoryFiles.Golden(model.Split('/')), new OnnxGraphOptions { Kind = Enum.Parse<OnnxGraphKind>(kind, ignoreCase: true) });
        double snr = Separated.Snr(golden[$"stems.{samples}"].Values, Cut(Separated.By(exported.Path, golden[$"mix.{samples}"].Values), samples));
        double original = double.Parse(golden.Metadata[$"pytorch_fp32_snr_db.{samples}"], CultureInfo.InvariantCulture);
        Assert.True(snr >= (kind == "waveform" ? 100 : original - 6), $"{snr:F2} dB; the original is at {original:F2} dB");
    }

    /// <summary>Both kinds of RoFormers in both kinds of graph, with tensors cut into blocks and whole.</summary>
    [OnnxRuntimeTheory]
    [InlineData("bs4.ckpt", 8820, "spectrogram", 128)]
    [InlineData("bs4.ckpt", 8820, "waveform", 128)]
    [InlineData("bs4.ckpt", 8820, "waveform", 1)]
    [InlineData("bs1.ckpt", 22528, "spectrogram", 128)]
    [InlineData("bs1.ckpt", 22528, "waveform", 1)]
    [InlineData("mel1.safetensors", 8820, "spectrogram", 128)]
    [InlineData("mel1.safetensors", 8820, "waveform", 1)]
    [InlineData("mel4.ckpt", 8192, "spectrogram", 128)]
    [InlineData("mel4.ckpt", 8192, "waveform", 128)]
    public void RoFormers_are_as_accurate_as_the_original_in_single_precision(string model, int samples, string kind, int megabytes)
    {
        GoldenTensors golden = GoldenTensors.Open("roformer", $"{Path.GetFileNameWithoutExtension(model)}.io.safetensors");
        using Exported exported = new(
            RepositoryFiles.Golden("roformer", model), new OnnxGraphOptions { Kind = Enum.Parse<OnnxGraphKind>(kind, ignoreCase: true), ScoreLimit = megabytes << 20 });
        double snr = Separated.Snr(golden[$"stems.{samples}"].Values, Separated.By(exported.Path, golden[$"mix.{samples}"].Values));
        double original = double.Parse(golden.Metadata[$"pytorch_fp32_snr_db.{samples}"], CultureInfo.InvariantCulture);
        output.WriteLine($"{snr:F2} dB; the original is at {original:F2} dB");
        Assert.True(snr >= original - 6, $"{snr:F2} dB; the original is at {original:F2} dB");
    }

    /// <summary>
    /// HDemucs in both kinds of graph and Demucs in the one that it has; in the long ones recurrent layers run in frames and scores of
    /// attention are taken in blocks.
    /// </summary>
    [OnnxRuntimeTheory]
    [InlineData("hd4", 8268, "spectrogram")]
    [InlineData("hd4", 8268, "waveform")]
    [InlineData("hd4", 430_099, "spectrogram")]
    [InlineData("hd2", 6615, "spectrogram")]
    [InlineData("hd2", 60_001, "waveform")]
    [InlineData("hda", 3528, "spectrogram")]
    [InlineData("hda", 20_001, "waveform")]
    [InlineData("hdm", 3528, "spectrogram")]
    [InlineData("hdm", 3528, "waveform")]
    [InlineData("dm4", 4778, "waveform")]
    public void Networks_before_the_transformer_are_as_accurate_as_the_original_in_single_precision(string model, int samples, string kind)
    {
        GoldenTensors golden = GoldenTensors.Open(GoldenDemucs.Folder, $"{model}.io.safetensors");
        using Exported exported = new(
            GoldenDemucs.File(model), new OnnxGraphOptions { Kind = Enum.Parse<OnnxGraphKind>(kind, ignoreCase: true), Samples = samples, ScoreLimit = 1 << 20 });
        float[] stems = Separated.By(exported.Path, GoldenDemucs.Mix(golden, samples));
        double snr = GoldenDemucs.Snr(golden, samples, stems), original = GoldenDemucs.Original(golden, $"{samples}");
        output.WriteLine($"{snr:F2} dB; the original is at {original:F2} dB");
        Assert.True(snr >= original - 6, $"{snr:F2} dB; the original is at {original:F2} dB");
    }

    [OnnxRuntimeTheory]
    [InlineData("mdxc1.ckpt", 16128, "spectrogram")]
    [InlineData("mdxc1.ckpt", 16128, "waveform")]
    [InlineData("mdxc4.ckpt", 9024, "spectrogram")]
    [InlineData("mdxc4.ckpt", 9024, "waveform")]
    [InlineData("mdxcb.ckpt", 4480, "spectrogram")]
    [InlineData("mdxcb.ckpt", 4480, "waveform")]
    [InlineData("sc4.ckpt", 22050, "spectrogram")]
    [InlineData("sc4.ckpt", 22050, "waveform")]
    [InlineData("sc1.safetensors", 13230, "spectrogram")]
    [InlineData("sc1.safetensors", 13230, "waveform")]
    public void Networks_over_grids_are_as_accurate_as_the_original_in_single_precision(string model, int samples, string kind)
    {
        GoldenTensors golden = GoldenTensors.Open("mdx23c-scnet", $"{Path.GetFileNameWithoutExtension(model)}.io.safetensors");
        using Exported exported = new(RepositoryFiles.Golden("mdx23c-scnet", model), new OnnxGraphOptions { Kind = Enum.Parse<OnnxGraphKind>(kind, ignoreCase: true) });
        double snr = Separated.Snr(golden[$"stems.{samples}"].Values, Separated.By(exported.Path, golden[$"mix.{samples}"].Values));
        double original = double.Parse(golden.Metadata[$"pytorch_fp32_snr_db.{samples}"], CultureInfo.InvariantCulture);
        output.WriteLine($"{snr:F2} dB; the original is at {original:F2} dB");
        Assert.True(snr >= original - 6, $"{snr:F2} dB; the original is at {original:F2} dB");
    }

    /// <summary>What halves and integers cost: decibels that each kind of graph keeps at least.</summary>
    [OnnxRuntimeTheory]
    [InlineData("mdxc1.ckpt", 16128, "Mixed", false, 62)]
    [InlineData("mdxc1.ckpt", 16128, "Fp16", false, 57)]
    [InlineData("mdxc4.ckpt", 9024, "Mixed", false, 80)]
    [InlineData("mdxc4.ckpt", 9024, "Fp16", false, 60)]
    [InlineData("sc4.ckpt", 22050, "Mixed", false, 68)]
    [InlineData("sc4.ckpt", 22050, "Fp16", false, 54)]
    [InlineData("sc4.ckpt", 22050, "Fp32", true, 45)]
    [InlineData("sc1.safetensors", 13230, "Mixed", false, 68)]
    [InlineData("sc1.safetensors", 13230, "Fp16", false, 60)]
    [InlineData("sc1.safetensors", 13230, "Fp32", true, 45)]
    public void Networks_over_grids_keep_what_halves_and_integers_can(string model, int samples, string precision, bool int8, double least)
    {
        GoldenTensors golden = GoldenTensors.Open("mdx23c-scnet", $"{Path.GetFileNameWithoutExtension(model)}.io.safetensors");
        using Exported exported = new(RepositoryFiles.Golden("mdx23c-scnet", model), new OnnxGraphOptions { Precision = Enum.Parse<OnnxPrecision>(precision), Int8 = int8 });
        double snr = Separated.Snr(golden[$"stems.{samples}"].Values, Separated.By(exported.Path, golden[$"mix.{samples}"].Values));
        output.WriteLine($"{snr:F2} dB");
        Assert.True(snr >= least, $"{snr:F2} dB");
    }

    [OnnxRuntimeTheory]
    [InlineData("spectrogram")]
    [InlineData("waveform")]
    public void Full_size_graphs_are_as_accurate_as_the_original_in_single_precision(string kind)
    {
        GoldenTensors golden = GoldenTensors.Open("htdemucs.synthetic.safetensors");
        using Exported exported = new("synthetic:htdemucs", new OnnxGraphOptions { Kind = Enum.Parse<OnnxGraphKind>(kind, ignoreCase: true) });
        float[] stems = Separated.By(exported.Path, golden["mix"].Values, new OnnxSessionOptions { Arena = false });
        int samples = stems.Length / 8;
        float[] window = new float[8 * 22050];
        for (int c = 0; c < 8; c++)
        {
            stems.AsSpan(c * samples + 100000, 22050).CopyTo(window.AsSpan(c * 22050));
        }

        double original = double.Parse(golden.Metadata["pytorch_fp32_window_snr_db"], CultureInfo.InvariantCulture);
        for (int stem = 0; stem < 4; stem++)
        {
            double snr = Separated.Snr(golden["window"].Values.AsSpan(stem * 44100, 44100), window.AsSpan(stem * 44100, 44100));
            output.WriteLine($"{kind}, stem {stem}: {snr:F1} dB");
            Assert.True(snr >= 110, $"stem {stem}: {snr:F2} dB; the original is at {original:F2} dB");
        }
    }

    [OnnxRuntimeTheory]
    [InlineData("tiny4/tiny4-cf67fb40.th", "tiny4/tiny4.io.safetensors", 85995, "Fp32")]
    [InlineData("tiny4/tiny4-cf67fb40.th", "tiny4/tiny4.io.safetensors", 85995, "Mixed")]
    [InlineData("mdx23c-scnet/mdxc1.ckpt", "mdx23c-scnet/mdxc1.io.safetensors", 16128, "Fp32")]
    [InlineData("mdx23c-scnet/sc4.ckpt", "mdx23c-scnet/sc4.io.safetensors", 22050, "Fp32")]
    public void A_segment_in_a_batch_is_as_good_as_one_alone(string file, string io, int samples, string precision)
    {
        GoldenTensors golden = GoldenTensors.Open(io.Split('/'));
        float[] mix = golden[$"mix.{samples}"].Values, truth = golden[$"stems.{samples}"].Values;
        OnnxGraphOptions options = new() { Precision = Enum.Parse<OnnxPrecision>(precision) };
        string model = RepositoryFiles.Golden(file.Split('/'));
        using Exported alone = new(model, options), batch = new(model, options with { Batch = 4 });
        double single = Separated.Snr(truth, Separated.By(alone.Path, mix));

        // The others in the batch are louder, so that what leaked from them would be heard.
        using OnnxSession session = new(OnnxRuntimeLibrary.Load(), batch.Path);
        float[] stems = session.Run([.. Enumerable.Range(0, 4).SelectMany(n => mix.Select(m => m * (n == 2 ? 1 : 3 + n)))])[0];
        double among = Separated.Snr(truth, stems.AsSpan(2 * truth.Length, truth.Length));
        output.WriteLine($"{single:F1} dB alone, {among:F1} dB in a batch");
        Assert.InRange(among, single - 1, 200);
    }

    /// <summary>The original's whole way with a song: the separator with an exported graph as its engine.</summary>
    [OnnxRuntimeTheory]
    [InlineData("spectrogram")]
    [InlineData("waveform")]
    public async Task Songs_are_separated_as_by_the_original(string kind)
    {
        GoldenTensors golden = GoldenTensors.Open("tiny4", "tiny4.apply.safetensors");
        string model = RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th");
        using Exported exported = new(model, new OnnxGraphOptions { Kind = Enum.Parse<OnnxGraphKind>(kind, ignoreCase: true) });
        GoldenTensor mix = golden["mix"];
        int length = mix.Shape[1];
        await using Separator separator = await Separator.OpenAsync(new SeparatorOptions
        {
            Model = model,
            Stems = ["drums", "vocals"],
            Backends = [new OnnxRuntimeBackend { GraphFor = (_, _) => exported.Path }],
            Engine = OnnxRuntimeBackend.BackendName,
        });
        float[] interleaved = [.. Enumerable.Range(0, 2 * length).Select(i => mix.Values[i % 2 * length + i / 2])];
        SeparationResult result = await separator.SeparateAsync(AudioInput.FromSamples(interleaved, 44_100, 2));
        double snr = Separated.Snr(golden["separator"].Values, [.. result.StemNames.SelectMany(stem => result[stem].SelectMany(channel => channel))]);
        Assert.True(snr >= 100, $"{snr:F2} dB");
    }

    // [S·C, L] → [S·C, samples]
    private static float[] Cut(float[] stems, int samples)
    {
        int channels = stems.Length % 85995 == 0 ? stems.Length / 85995 : throw new InvalidOperationException("An unexpected segment length.");
        float[] cut = new float[channels * samples];
        for (int c = 0; c < channels; c++)
        {
            stems.AsSpan(c * 85995, samples).CopyTo(cut.AsSpan(c * samples));
        }

        return cut;
    }
}
