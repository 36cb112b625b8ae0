using System.Globalization;
using Stemsharp.Export.Onnx;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.OnnxRuntime.Tests;

/// <summary>Exported graphs in onnxruntime against the original's outputs.</summary>
public class GoldenParityTests
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

        double snr = Separated.Snr(golden["window"].Values, window);
        double original = double.Parse(golden.Metadata["pytorch_fp32_window_snr_db"], CultureInfo.InvariantCulture);
        Assert.True(snr >= (kind == "waveform" ? 100 : original - 6), $"{snr:F2} dB; the original is at {original:F2} dB");
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
            Backends = [new OnnxRuntimeBackend { GraphFor = (_, _, _) => exported.Path }],
            Engine = OnnxRuntimeBackend.BackendName,
        });
        float[] interleaved = [.. Enumerable.Range(0, 2 * length).Select(i => mix.Values[i % 2 * length + i / 2])];
        SeparationResult result = await separator.SeparateAsync(AudioInput.FromSamples(interleaved, 44_100, 2));
        double snr = Separated.Snr(golden["separator"].Values, [.. result.Stems.SelectMany(stem => result[stem].SelectMany(channel => channel))]);
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
