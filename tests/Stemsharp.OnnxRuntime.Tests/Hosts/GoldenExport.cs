using Stemsharp.Export.Onnx;
using Stemsharp.Inference;
using Stemsharp.Tests;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.OnnxRuntime.Tests.Hosts;

/// <summary>A small network of each kind as a host gets it, a song for it, and what Stemsharp's own engine makes of the song.</summary>
internal sealed class GoldenExport
{
    /// <summary>Many pieces, the last one short.</summary>
    private const int Samples = 100_000;

    /// <summary>The song begins with silence that is longer than a piece.</summary>
    private const int Silence = 40_000;

    private readonly ModelSource _source;

    private GoldenExport(ModelSource source, string description)
    {
        _source = source;
        Path = description;
    }

    /// <summary>Each way of cutting, padding, fading and normalising, and each transform.</summary>
    public static TheoryData<string, string> Cases => new()
    {
        { "roformer/bs4.ckpt", "spectrogram" },
        { "roformer/bs1.ckpt", "waveform" },
        { "roformer/mel1.safetensors", "spectrogram" },
        { "roformer/mel4.ckpt", "spectrogram" },
        { "mdx23c-scnet/mdxc1.ckpt", "spectrogram" },
        { "mdx23c-scnet/mdxc4.ckpt", "waveform" },
        { "mdx23c-scnet/sc4.ckpt", "spectrogram" },
        { "mdx23c-scnet/sc1.safetensors", "waveform" },
        { "mdxnet/mdxnet.onnx#n_fft=4096,primary_stem=Vocals,compensate=1.021", "spectrogram" },
        { "mdxnet/mdxnet.onnx#n_fft=4096,primary_stem=Vocals,compensate=1.021", "waveform" },
        { "demucs3/hd4-f3818771.th", "spectrogram" },
        { "demucs3/hd2-0495953f.th", "spectrogram" },
        { "demucs3/hdm-98dff676.th", "waveform" },
        { "demucs3/dm2-4eeda24c.th", "waveform" },
        { "demucs3/hd4dm4.yaml", "spectrogram" },
    };

    /// <summary>The description that was written.</summary>
    public string Path { get; }

    /// <summary>Its name.</summary>
    public string Description => System.IO.Path.GetFileName(Path);

    /// <summary>The song, as a file with 16 bits holds it.</summary>
    public float[][] Mix { get; } = [.. DemoExport.Mix().Select(c => c.Take(Samples).Select((v, i) => i < Silence ? 0 : MathF.Round(v * 8192) / 32768).ToArray())];

    /// <summary>Exports a model of tests/golden.</summary>
    public static async Task<GoldenExport> WriteAsync(string model, string graph, string folder)
    {
        ModelSource source = await new ModelCatalog().ResolveAsync(RepositoryFiles.Golden(model.Split('/')));
        OnnxExportResult written = OnnxExporter.Export(source, folder, new OnnxExportOptions { Graph = Enum.Parse<OnnxGraphKind>(graph, ignoreCase: true) });
        return new GoldenExport(source, written.Description);
    }

    /// <summary>Holds stems against Stemsharp's own.</summary>
    /// <param name="stems">A stem's channel.</param>
    /// <param name="output">Where decibels are written.</param>
    public async Task CompareAsync(Func<string, int, float[]> stems, ITestOutputHelper output)
    {
        await using Separator own = Separator.Open(_source);

        // A graph has one length. Where its network is shown less for a short piece, the song's last pieces are what the graph makes of them.
        NetworkDefinition network = _source.Members[0].Network.Definition;
        bool isSame = network.Cut.Window == PieceWindow.Whole;
        int pieces = _source.Members.Min(member => (Samples - member.Network.Definition.Cut.Samples) / member.Network.Definition.Cut.Step * member.Network.Definition.Cut.Step);
        await CompareAsync(own, isSame ? Samples : pieces, stems, output);
        if (!isSame)
        {
            await using Separator exported = Separator.Open(OnnxExports.Open(Path), new SeparatorOptions { Backends = [new OnnxRuntimeBackend()], Engine = OnnxRuntimeBackend.BackendName });
            await CompareAsync(exported, Samples, stems, output);
        }
    }

    private async Task CompareAsync(Separator separator, int samples, Func<string, int, float[]> stems, ITestOutputHelper output)
    {
        SeparationResult truth = await separator.SeparateAsync(AudioInput.FromSamples(HostVectors.Interleave(Mix), 44_100, 2));
        Assert.True(truth.StemNames.Count >= 2);
        foreach (string stem in truth.StemNames)
        {
            for (int c = 0; c < 2; c++)
            {
                float[] ours = stems(stem, c);
                Assert.Equal(Samples, ours.Length);
                double snr = Separated.Snr(Whole(truth[stem][c]), Whole(ours));
                output.WriteLine($"{stem} {c}: {snr:F1} dB over {samples} samples");
                Assert.InRange(snr, 90, double.PositiveInfinity);
            }
        }

        // A file of integers holds nothing above full scale.
        float[] Whole(float[] channel) => [.. channel.Take(samples).Select(v => Math.Clamp(v, -1, 1))];
    }
}
