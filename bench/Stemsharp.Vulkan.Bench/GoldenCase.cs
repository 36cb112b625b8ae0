using Stemsharp.Checkpoints;
using Stemsharp.Inference;
using Stemsharp.Model;

namespace Stemsharp.Vulkan.Bench;

/// <summary>A network with an input and what the original makes of it in double precision.</summary>
internal sealed record GoldenCase(string Model, string File, string Input, string Output, int Start)
{
    public static GoldenCase Full { get; } = new("synthetic:htdemucs", "htdemucs.synthetic.safetensors", "mix", "window", 100_000);

    public static IReadOnlyList<GoldenCase> All { get; } =
    [
        new("tiny4/tiny4-cf67fb40.th", "tiny4/tiny4.io.safetensors", "mix.85995", "stems.85995", 0),
        new("tiny6/tiny6-18285eff.th", "tiny6/tiny6.io.safetensors", "mix.85995", "stems.85995", 0),
        new("mixed-storage/mixed-7b6ab67f.th", "mixed-storage/mixed.io.safetensors", "mix.20000", "stems.20000", 0),
        Full,
        new("roformer/bs4.ckpt", "roformer/bs4.io.safetensors", "mix.8820", "stems.8820", 0),
        new("roformer/bs1.ckpt", "roformer/bs1.io.safetensors", "mix.22528", "stems.22528", 0),
        new("roformer/mel1.safetensors", "roformer/mel1.io.safetensors", "mix.8820", "stems.8820", 0),
        new("roformer/mel4.ckpt", "roformer/mel4.io.safetensors", "mix.8192", "stems.8192", 0),
        FullWidth("synthetic:mel-band-roformer-kim", "kim_mel", 44_100, 11_025),
        FullWidth("synthetic:bs-roformer-viperx", "viperx_bs_317", 22_050, 8_000),
        FullWidth("synthetic:bs-roformer-sw", "bs_sw6", 22_050, 8_000),
        new("mdx23c-scnet/mdxc1.ckpt", "mdx23c-scnet/mdxc1.io.safetensors", "mix.16128", "stems.16128", 0),
        new("mdx23c-scnet/mdxc4.ckpt", "mdx23c-scnet/mdxc4.io.safetensors", "mix.9024", "stems.9024", 0),
        new("mdx23c-scnet/sc4.ckpt", "mdx23c-scnet/sc4.io.safetensors", "mix.22050", "stems.22050", 0),
        new("mdx23c-scnet/sc1.safetensors", "mdx23c-scnet/sc1.io.safetensors", "mix.13230", "stems.13230", 0),
        new("demucs3/hd4-f3818771.th", "demucs3/hd4.io.safetensors", "mix.8268", "stems.8268", 0),
        new("demucs3/hd2-0495953f.th", "demucs3/hd2.io.safetensors", "mix.6615", "stems.6615", 0),
        new("demucs3/hda-7a8b1543.th", "demucs3/hda.io.safetensors", "mix.3528", "stems.3528", 0),
        new("demucs3/hdm-98dff676.th", "demucs3/hdm.io.safetensors", "mix.3528", "stems.3528", 0),
        new("demucs3/dm4-20de21fd.th", "demucs3/dm4.io.safetensors", "mix.4778", "stems.4778", 0),
        new("synthetic:mdx23c-vocals", "mdx23c-scnet/full.mdx23c_vocals.safetensors", "mix", "window", 20_000),
        new("synthetic:scnet-small", "mdx23c-scnet/full.scnet_small.safetensors", "mix", "window", 30_000),
    ];

    /// <summary>The file of the input, where it is another one.</summary>
    public string? InputFile { get; init; }

    /// <summary>Samples of the input that are taken; null for all.</summary>
    public int? Samples { get; init; }

    public static Network Open(string golden, string model) =>
        FamilyTable.All.Open(model.StartsWith(SyntheticCheckpoint.Scheme, StringComparison.Ordinal) || System.IO.File.Exists(model) ? model : Path.Combine(golden, model));

    /// <summary>The mix, lengthened with zeros to what the network takes; and the truth, channel by channel.</summary>
    public (float[] Mix, float[] Truth) Data(string golden, NetworkDefinition network)
    {
        using Checkpoint data = Checkpoint.Open(Path.Combine(golden, File)), input = Checkpoint.Open(Path.Combine(golden, InputFile ?? File));
        float[] mix = Read(input, Input);
        int channels = network.Channels, all = mix.Length / channels, samples = Samples ?? all, length = network.Cut.NetworkSamples(samples);
        float[] padded = new float[channels * length];
        for (int c = 0; c < channels; c++)
        {
            mix.AsSpan(c * all, samples).CopyTo(padded.AsSpan(c * length));
        }

        return (padded, Read(data, Output));
    }

    /// <summary>Decibels of the truth over the error.</summary>
    /// <param name="stems">[planes, length].</param>
    /// <param name="truth">[planes, width], from <see cref="Start"/> on.</param>
    /// <param name="length">Samples of a plane.</param>
    public double Snr(ReadOnlySpan<float> stems, float[] truth, int length)
    {
        int planes = stems.Length / length, width = truth.Length / planes;
        double signal = 0, error = 0;
        for (int i = 0; i < truth.Length; i++)
        {
            double ours = stems[i / width * length + Start + i % width];
            signal += (double)truth[i] * truth[i];
            error += (truth[i] - ours) * (truth[i] - ours);
        }

        return 10 * Math.Log10(signal / error);
    }

    // A short piece of a network with all its channels.
    private static GoldenCase FullWidth(string model, string name, int samples, int start) =>
        new(model, $"roformer/full.{name}.safetensors", "mix", "window", start) { InputFile = "roformer/full.mix.safetensors", Samples = samples };

    private static float[] Read(Checkpoint data, string name)
    {
        StoredTensor tensor = data.Tensors.First(t => t.Name == name);
        float[] values = new float[tensor.Shape.Aggregate(1, (a, b) => a * b)];
        tensor.CopyTo(values);
        return values;
    }
}
