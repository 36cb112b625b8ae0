using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.Model.RoFormer;
using Stemsharp.Signal;
using Xunit;

namespace Stemsharp.Tests.Model.RoFormer;

/// <summary>Configurations as public files have them, wrong and incomplete ones too, and networks that only look alike.</summary>
public class RoFormerConfigReaderTests
{
    [Fact]
    public void Tensors_tell_what_the_configuration_leaves_out()
    {
        using RoFormerFile file = RoFormerFile.Bs();
        NetworkDefinition definition = file.Open(RoFormerFile.Config).Definition;
        Assert.Equal(["drums", "bass", "other", "vocals"], definition.Stems.AsEnumerable());
        Assert.Null(definition.Complement);
        Assert.Equal((2, 44100, 22050, 1, 2), (definition.Channels, definition.SampleRate, definition.Cut.Samples, definition.Cut.StepNumerator, definition.Cut.StepDenominator));
        Assert.Equal((2048, 441, 1025, false), (definition.Transform!.Nfft, definition.Transform.Hop, definition.Transform.Bins, definition.Transform.Normalized));
        Assert.Equal(TransformOutput.Input, definition.Transform.Output);
        Assert.Equal(TrackNormalization.None, definition.Cut.Normalization);
    }

    [Fact]
    public void A_target_leaves_the_rest_under_the_other_instruments_name()
    {
        using RoFormerFile file = RoFormerFile.Mel();
        NetworkDefinition definition = file.Open(RoFormerFile.TargetConfig).Definition;
        Assert.Equal("vocals", Assert.Single(definition.Stems));
        Assert.Equal("other", definition.Complement);
        Assert.Equal(TransformOutput.WholeHops, definition.Transform!.Output);
        Assert.Equal("instrumental", file.Open(RoFormerFile.TargetConfig.Replace("[vocals, other]", "[vocals, drums, bass]", StringComparison.Ordinal)).Definition.Complement);
    }

    [Theory]
    [InlineData("model", "num_bands: 60")]
    [InlineData("model", "mask_estimator_depth: 7\n  mlp_expansion_factor: 9")]
    [InlineData("model", "flash_attn: true\n  sage_attention: yes\n  attn_dropout: 0.1\n  dim_freqs_in: 1025")]
    [InlineData("model", "linear_transformer_depth: 0\n  use_pope: false\n  num_residual_streams: 1")]
    [InlineData("model", "something_new: null\n  another: false")]
    [InlineData("model", "dim: 32\n  depth: 2\n  heads: 2\n  dim_head: 16\n  num_stems: 4\n  stereo: true\n  stft_n_fft: 2048\n  stft_win_length: 2048")]
    [InlineData("augmentations", "enable: true")]
    [InlineData("inference", "batch_size: 8\n  dim_t: 801\n  num_overlap: 4")]
    [InlineData("inference", "chunk_size: 44100")]
    public void Keys_that_public_files_have_too_many_are_passed_over(string section, string lines)
    {
        using RoFormerFile file = RoFormerFile.Bs();
        string yaml = section == "model" ? RoFormerFile.Config.Replace("model:\n", $"model:\n  {lines}\n", StringComparison.Ordinal) : $"{RoFormerFile.Config}\n{section}:\n  {lines}\n";
        file.Open(yaml);
    }

    [Theory]
    [InlineData("dim: 64", "dim = 64")]
    [InlineData("depth: 12", "depth = 12")]
    [InlineData("heads: 8", "heads = 8")]
    [InlineData("num_stems: 2", "num_stems = 2")]
    [InlineData("stereo: false", "stereo = False")]
    [InlineData("freqs_per_bands: !!python/tuple [2, 2, 1021]", "freqs_per_bands lists 3 bands")]
    [InlineData("linear_transformer_depth: 1", "linear_transformer_depth = 1")]
    [InlineData("use_pope: true", "use_pope = True")]
    [InlineData("num_residual_streams: 4", "num_residual_streams = 4")]
    [InlineData("use_value_residual_learning: true", "use_value_residual_learning = True")]
    [InlineData("freq_range: [0, 8000]", "freq_range = [0, 8000]")]
    [InlineData("stft_win_length: 1024", "stft_win_length = 1024")]
    [InlineData("stft_n_fft: 4096", "stft_n_fft = 4096")]
    [InlineData("stft_hop_length: 0", "stft_hop_length = 0")]
    [InlineData("zero_dc: maybe", "zero_dc = 'maybe'")]
    public void Values_of_another_model_are_refused_by_name(string line, string expected)
    {
        using RoFormerFile file = RoFormerFile.Bs();
        string yaml = line.StartsWith("stft_hop", StringComparison.Ordinal) ? RoFormerFile.Config.Replace("stft_hop_length: 441", line, StringComparison.Ordinal) : RoFormerFile.Config.Replace("model:\n", $"model:\n  {line}\n", StringComparison.Ordinal);
        Assert.Contains(expected, file.Refusal(yaml), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("chunk_size: 22050", "chunk_size: 1000", "chunk_size = 1000")]
    [InlineData("chunk_size: 22050", "chunk_size: 22051", "a multiple of stft_hop_length = 441")]
    [InlineData("chunk_size: 22050", "sample_rate: 44100", "audio.chunk_size")]
    [InlineData("chunk_size: 22050", "chunk_size: 66150000", "needs")]
    [InlineData("instruments: [vocals, other]", "patience: 2\n  instruments: [vocals, VOCALS]", "instruments = ")]
    [InlineData("target_instrument: vocals", "target_instrument: null", "instruments names 2 stems")]
    [InlineData("stft_hop_length: 441", "stft_hop_length: 441\n  num_bands: 32", "num_bands = 32")]
    [InlineData("stft_hop_length: 441", "stft_hop_length: 441\n  stft_n_fft: 4096", "stft_n_fft = 4096")]
    [InlineData("stft_hop_length: 441", "stft_hop_length: 441\n  sample_rate: 22050", "at 22050 Hz")]
    public void A_mel_band_network_is_told_what_is_wrong(string old, string line, string expected)
    {
        using RoFormerFile file = RoFormerFile.Mel();
        Assert.Contains(expected, file.Refusal(RoFormerFile.TargetConfig.Replace(old, line, StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_configuration_the_message_says_what_to_do()
    {
        using RoFormerFile file = RoFormerFile.Bs();
        Assert.Contains("Put its YAML beside it", file.Refusal("audio: {chunk_size: 22050}"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("layers.0.2.layers.0.0.to_qkv.weight", "linear attention")]
    [InlineData("layers.0.0.layers.0.0.attend.temperature", "linear attention")]
    [InlineData("layers.0.0.pope_embed.freqs", "PoPE")]
    [InlineData("layers.0.0.layers.0.0.to_value_residual_mix.0.weight", "value residuals")]
    [InlineData("layers.0.0.layers.0.0.learned_value_residual_mix.weight", "value residuals")]
    [InlineData("layers.0.0.layers.0.0.branch.to_qkv.weight", "hyper-connections")]
    [InlineData("mask_estimators.0.segm.hyperace.weight", "HyperACE")]
    [InlineData("axial_refiner.0.weight", "axial refiner")]
    [InlineData("layers.0.0.layers.0.0.to_qkv.lora_A", "LoRA")]
    [InlineData("layers.0.0.layers.0.1.conv.weight", "conformers")]
    [InlineData("layers.0.0.layers.0.0.unheard_of.weight", "1 not part of the model: layers.0.0.layers.0.0.unheard_of.weight")]
    public void Look_alikes_are_refused_by_name(string tensor, string expected)
    {
        using RoFormerFile bs = RoFormerFile.Bs().With(tensor, 4, 4), mel = RoFormerFile.Mel().With(tensor, 4, 4);
        Assert.Contains(expected, bs.Refusal(RoFormerFile.Config), StringComparison.Ordinal);
        Assert.Contains(expected, mel.Refusal(RoFormerFile.TargetConfig), StringComparison.Ordinal);
    }

    [Fact]
    public void Masks_of_other_layers_are_refused()
    {
        using RoFormerFile file = RoFormerFile.Bs().Without("mask_estimators.0.to_freqs.0.0.0.weight");
        Assert.Contains("not made of linear layers", file.Refusal(RoFormerFile.Config), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("layers.1.1.layers.0.1.net.4.bias")]
    [InlineData("band_split.to_features.7.1.weight")]
    [InlineData("layers.0.0.layers.0.0.rotary_embed.freqs")]
    public void Missing_tensors_are_refused(string tensor)
    {
        using RoFormerFile file = RoFormerFile.Bs().Without(tensor);
        Assert.Contains($"1 missing: {tensor}", file.Refusal(RoFormerFile.Config), StringComparison.Ordinal);
    }

    [Fact]
    public void Biases_of_attention_are_accepted_only_where_they_are_zero()
    {
        const string Bias = "layers.0.0.layers.0.0.to_qkv.bias";
        using RoFormerFile file = RoFormerFile.Bs().With(Bias, 96);
        file.Open(RoFormerFile.Config);
        Assert.Contains("use_shared_bias", file.Refusal(RoFormerFile.Config, 0.5f, Bias), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bs4.ckpt", "BS-RoFormer")]
    [InlineData("bs1.ckpt", "BS-RoFormer")]
    [InlineData("mel1.safetensors", "Mel-Band RoFormer")]
    [InlineData("mel4.ckpt", "Mel-Band RoFormer")]
    public void The_norms_places_tell_the_families_apart(string model, string family) =>
        Assert.Equal(family, FamilyTable.All.Open(RepositoryFiles.Golden("roformer", model)).Family);

    [Fact]
    public void The_documentation_shows_the_table_of_keys()
    {
        string documentation = File.ReadAllText(RepositoryFiles.At("docs", "checkpoints.md"));
        Assert.All(RoFormerArguments.Model, rule => Assert.Contains(
            $"| {rule.Name} | {rule.Verdict.ToString().ToLowerInvariant()} | {(rule.Verdict == ArgumentVerdict.Inert ? "–" : rule.Valid)} |", documentation, StringComparison.Ordinal));
    }
}
