using Stemsharp.Export.Interpretation;
using Stemsharp.Export.Onnx;
using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.OnnxRuntime.Tests;

/// <summary>The form for wasm computes in onnxruntime what the portable one does, in every family.</summary>
public class WasmFormTests
{
    [OnnxRuntimeTheory]
    [InlineData("tiny4/tiny4-cf67fb40.th", "waveform")]
    [InlineData("tiny6/tiny6-18285eff.th", "spectrogram")]
    [InlineData("mixed-storage/mixed-7b6ab67f.th", "waveform")]
    [InlineData("roformer/bs1.ckpt", "waveform")]
    [InlineData("roformer/mel4.ckpt", "spectrogram")]
    [InlineData("mdx23c-scnet/mdxc1.ckpt", "waveform")]
    [InlineData("mdx23c-scnet/mdxcb.ckpt", "waveform")]
    [InlineData("mdx23c-scnet/sc4.ckpt", "waveform")]
    [InlineData("demucs3/hd4-f3818771.th", "spectrogram")]
    [InlineData("demucs3/hda-7a8b1543.th", "waveform")]
    [InlineData("demucs3/dm4-20de21fd.th", "waveform")]
    public void It_computes_what_the_portable_form_does(string model, string kind)
    {
        string file = RepositoryFiles.Golden(model.Split('/'));
        NetworkDefinition network = FamilyTable.All.Open(file).Definition;
        OnnxGraphOptions options = new() { Kind = Enum.Parse<OnnxGraphKind>(kind, ignoreCase: true) };
        float[] mix = StemTrial.Music(1, options.SamplesOf(network), network.Channels);
        using Exported portable = new(file, options), open = new(file, options with { Form = OnnxForm.Wasm, ScoreLimit = 1 << 20 });
        Assert.InRange(Separated.Snr(Separated.By(portable.Path, mix), Separated.By(open.Path, mix)), 110, double.PositiveInfinity);
    }
}
