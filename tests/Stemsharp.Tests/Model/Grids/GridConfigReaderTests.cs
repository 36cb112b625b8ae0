using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.Model.MDX23C;
using Stemsharp.Model.SCNet;
using Stemsharp.Signal;
using Stemsharp.Tests.Checkpoints;
using Xunit;

namespace Stemsharp.Tests.Model.Grids;

/// <summary>Configurations of MDX23C and SCNet as public files have them, wrong and incomplete ones too, and networks that only look alike.</summary>
public sealed class GridConfigReaderTests
{
    private const string Mdx = """
        audio:
          chunk_size: 16128
          dim_f: 512
          dim_t: 64
          hop_length: 256
          n_fft: 1024
          num_channels: 2
          sample_rate: 44100
          min_mean_abs: 0.001
        model:
          act: gelu
          bottleneck_factor: 4
          growth: 8
          norm: InstanceNorm
          num_blocks_per_scale: 2
          num_channels: 8
          num_scales: 3
          num_subbands: 4
          scale: [2, 2]
          name: epoch_10.ckpt
        training:
          instruments: [Vocals, Instrumental]
          target_instrument: Vocals
        inference:
          num_overlap: 4
        """;

    private const string Sc = """
        audio:
          chunk_size: 22050
          num_channels: 2
          sample_rate: 44100
          min_mean_abs: 0.0
        model:
          sources: [drums, bass, other, vocals]
          audio_channels: 2
          dims: [4, 8, 12, 16]
          nfft: 1024
          hop_size: 256
          win_size: 1024
          normalized: True
          band_SR: [0.175, 0.392, 0.433]
          band_stride: [1, 4, 16]
          band_kernel: [3, 4, 16]
          conv_depths: [3, 2, 1]
          compress: 4
          conv_kernel: 3
          num_dplayer: 4
          expand: 1
        training:
          instruments: [drums, bass, other, vocals]
          target_instrument: null
        inference:
          num_overlap: 4
          normalize: true
        """;

    [Fact]
    public void The_definition_of_an_MDX23C_is_that_of_its_configuration()
    {
        using SyntheticFile file = new("synthetic:mdx23c-tiny");
        NetworkDefinition definition = file.Open(Mdx).Definition;
        Assert.Equal(("Vocals", "Instrumental"), (Assert.Single(definition.Stems), definition.Complement));
        Assert.Equal((16128, 4, TrackNormalization.None), (definition.Cut.Samples, definition.Cut.StepDenominator, definition.Cut.Normalization));
        Assert.Equal(
            (1024, 256, 512, TransformWindow.Hann, false, TransformOutput.WholeHops),
            (definition.Transform!.Nfft, definition.Transform.Hop, definition.Transform.Bins, definition.Transform.Window, definition.Transform.Normalized, definition.Transform.Output));
    }

    [Fact]
    public void The_definition_of_an_SCNet_is_that_of_its_configuration()
    {
        using SyntheticFile file = new("synthetic:scnet-tiny");
        NetworkDefinition definition = file.Open(Sc).Definition;
        Assert.Equal(["drums", "bass", "other", "vocals"], definition.Stems.AsEnumerable());
        Assert.Equal((22050, 4, TrackNormalization.Population), (definition.Cut.Samples, definition.Cut.StepDenominator, definition.Cut.Normalization));
        Assert.Equal((513, TransformWindow.Rectangular, true, PaddingEnd.OddHops), (definition.Transform!.Bins, definition.Transform.Window, definition.Transform.Normalized, definition.Transform.PadEnd));
    }

    [Theory]
    [InlineData("act: gelu", "act: tanh", "act = 'tanh'")]
    [InlineData("act: gelu", "act: eluX", "act = 'eluX'")]
    [InlineData("norm: InstanceNorm", "norm: GroupNorm3", "GroupNorm3")]
    [InlineData("norm: InstanceNorm", "norm: BatchNorm", "running_mean")]
    [InlineData("norm: InstanceNorm", "norm: Identity", "not part of the model")]
    [InlineData("num_subbands: 4", "num_subbands: 8", "Hartley")]
    [InlineData("num_subbands: 4", "num_subbands: 2", "num_subbands = 2")]
    [InlineData("  num_subbands: 4\n", "", "model.num_subbands is not known")]
    [InlineData("  n_fft: 1024\n", "", "audio.n_fft is not known")]
    [InlineData("num_channels: 8", "num_channels: 16", "num_channels = 16")]
    [InlineData("growth: 8", "growth: 4", "growth = 4")]
    [InlineData("num_scales: 3", "num_scales: 5", "num_scales = 5")]
    [InlineData("num_blocks_per_scale: 2", "num_blocks_per_scale: 1", "num_blocks_per_scale = 1")]
    [InlineData("bottleneck_factor: 4", "bottleneck_factor: 2", "of the wrong shape")]
    [InlineData("scale: [2, 2]", "scale: [2, 4]", "scale[1] = 4")]
    [InlineData("name: epoch_10.ckpt", "use_stht: true", "use_stht = True")]
    [InlineData("dim_f: 512", "dim_f: 1024", "dim_f = 1024")]
    [InlineData("n_fft: 1024", "n_fft: 512", "more than the 257 bins")]
    [InlineData("n_fft: 1024", "n_fft: 1054", "n_fft = 1054")]
    [InlineData("hop_length: 256", "hop_length: 0", "hop_length = 0")]
    [InlineData("chunk_size: 16128", "chunk_size: 16129", "multiple of hop_length = 256")]
    [InlineData("chunk_size: 16128", "chunk_size: 16384", "a multiple of 8 frames")]
    [InlineData("chunk_size: 16128", "stereo_prob: 0.7\n  chunk_size: 16128", "stereo_prob = 0.7")]
    [InlineData("target_instrument: Vocals", "target_instrument: null", "instruments names 2 stems")]
    public void An_MDX23C_is_told_what_is_wrong(string old, string line, string expected)
    {
        using SyntheticFile file = new("synthetic:mdx23c-tiny");
        Assert.Contains(old, Mdx, StringComparison.Ordinal);
        Assert.Contains(expected, file.Refusal(Mdx.Replace(old, line, StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("dims: [4, 8, 12, 16]", "dims: [4, 8, 12, 32]", "dims = [4, 8, 12, 32]")]
    [InlineData("sources: [drums, bass, other, vocals]", "sources: [vocals]", "sources = ['vocals']")]
    [InlineData("audio_channels: 2", "audio_channels: 1", "audio_channels = 1")]
    [InlineData("win_size: 1024", "win_size: 512", "win_size = 512")]
    [InlineData("nfft: 1024", "nfft: 2048", "win_size = 1024 is not supported; valid is 2048")]
    [InlineData("hop_size: 256", "hop_size: 2048", "hop_size = 2048")]
    [InlineData("band_SR: [0.175, 0.392, 0.433]", "band_SR: [0.5, 0.5, 0.5]", "band_SR")]
    [InlineData("band_SR: [0.175, 0.392, 0.433]", "band_SR: [0.999, 0.0005, 0.0005]", "rows of")]
    [InlineData("band_stride: [1, 4, 16]", "band_stride: [1, 8, 16]", "band_stride = 8")]
    [InlineData("band_kernel: [3, 4, 16]", "band_kernel: [3, 4, 8]", "band_kernel = [3, 4, 8]")]
    [InlineData("conv_depths: [3, 2, 1]", "conv_depths: [3, 3, 3]", "conv_depths = [3, 3, 3]")]
    [InlineData("compress: 4", "compress: 2", "of the wrong shape")]
    [InlineData("conv_kernel: 3", "conv_kernel: 5", "conv_kernel = 5")]
    [InlineData("num_dplayer: 4", "num_dplayer: 6", "num_dplayer = 6")]
    [InlineData("expand: 1", "expand: 2", "expand = 2")]
    [InlineData("expand: 1", "expand: 1\n  tran_depth: 1", "tran_depth = 1")]
    [InlineData("chunk_size: 22050", "chunk_size: 500", "chunk_size = 500")]
    [InlineData("chunk_size: 22050", "chunk_size: 66150000", "needs")]
    [InlineData("instruments: [drums, bass, other, vocals]", "instruments: [drums, bass]", "instruments names 2 stems")]
    public void An_SCNet_is_told_what_is_wrong(string old, string line, string expected)
    {
        using SyntheticFile file = new("synthetic:scnet-tiny");
        Assert.Contains(old, Sc, StringComparison.Ordinal);
        Assert.Contains(expected, file.Refusal(Sc.Replace(old, line, StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pos_embed_f", "SCNet Masked")]
    [InlineData("mask_layer.0.weight", "SCNet Masked")]
    [InlineData("first_conv.weight", "SCNet Tran")]
    [InlineData("separation_net.dp_modules.0.time_layer.norm.weight", "SCNet Tran")]
    [InlineData("sd_blocks.0.weight", "SCNet unofficial")]
    [InlineData("encoder.0.unheard_of", "1 not part of the model: encoder.0.unheard_of")]
    public void Look_alikes_of_SCNet_are_refused_by_name(string tensor, string expected)
    {
        using SyntheticFile file = new SyntheticFile("synthetic:scnet-tiny").With(tensor, 4);
        Assert.Contains(expected, file.Refusal(Sc), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("synthetic:mdx23c-tiny", "decoder_blocks.2.tfc_tdf.blocks.1.tfc2.2.weight")]
    [InlineData("synthetic:mdx23c-tiny", "final_conv.0.weight")]
    [InlineData("synthetic:scnet-tiny", "separation_net.dp_modules.3.lstm_layers.1.bias_hh_l0_reverse")]
    [InlineData("synthetic:scnet-tiny", "decoder.2.1.convtrs.1.bias")]
    public void Missing_tensors_are_refused(string synthetic, string tensor)
    {
        using SyntheticFile file = new SyntheticFile(synthetic).Without(tensor);
        Assert.Contains($"1 missing: {tensor}", file.Refusal(synthetic.Contains("mdx", StringComparison.Ordinal) ? Mdx : Sc), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1_HP-UVR", "stg1_low_band_net.enc1.conv1.conv.0.weight", "mel-band-roformer-kim or mdx23c-instvoc-hq")]
    [InlineData("UVR-De-Echo-Normal", "stg3_full_band_net.enc1.conv1.conv.0.weight", "bs-roformer-dereverb-anvuew")]
    [InlineData("UVR-De-Reverb-aufr33-jarredou", "stg1_low_band_net.0.enc1.conv.0.weight", "mdx23c-dereverb-aufr33-jarredou")]
    [InlineData("5_HP-Karaoke-UVR", "stg1_high_band_net.enc1.conv1.conv.0.weight", "mel-band-roformer-karaoke-aufr33-viperx")]
    [InlineData("UVR-DeNoise", "stg1_high_band_net.enc1.conv1.conv.0.weight", "mel-band-roformer-denoise-aufr33")]
    [InlineData("vocals", "encoding_blocks.0.tfc.H.0.0.weight", "MDX-Net (ConvTDFNet)")]
    public void Other_programs_networks_are_refused_by_name_with_what_does_the_same(string name, string tensor, string expected)
    {
        string folder = Directory.CreateTempSubdirectory("stemsharp-other-").FullName;
        try
        {
            string path = Path.Combine(folder, name + ".pth");
            File.WriteAllBytes(path, new SafetensorsBuilder().Add(tensor, "F16", [2], new byte[4]).Build());
            string message = Assert.Throws<ModelException>(() => FamilyTable.All.Open(path)).Message;
            Assert.Contains(expected, message, StringComparison.Ordinal);
            Assert.Contains(tensor, message, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The same in files of torch.save before 1.6, whose pickles are not read.</summary>
    [Theory]
    [InlineData("1_HP-UVR", "stg1_low_band_net.enc1.conv1.conv.0.weight", "a network of UVR's VR architecture")]
    [InlineData("5_HP-Karaoke-UVR", "stg1_high_band_net.enc1.conv1.conv.0.weight", "mel-band-roformer-karaoke-aufr33-viperx")]
    [InlineData("mine", "encoder.0.conv.weight", "the format of torch before 1.6")]
    public void So_are_those_in_files_of_old_torch(string name, string tensor, string expected)
    {
        string folder = Directory.CreateTempSubdirectory("stemsharp-other-").FullName;
        try
        {
            // Magic number, protocol, machine; an ordered dict's first key; the rest of it is noise.
            byte[] key = System.Text.Encoding.ASCII.GetBytes(tensor), noise = new byte[5000];
            new Random(1).NextBytes(noise);
            byte[] file =
            [
                0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, (byte)'.', 0x80, 2, (byte)'M', 0xe9, 3, (byte)'.',
                0x80, 2, (byte)'}', (byte)'X', 13, 0, 0, 0, .. "little_endian"u8, 0x88, (byte)'s', (byte)'.',
                0x80, 2, .. "ccollections\nOrderedDict\n"u8, (byte)')', (byte)'R', (byte)'X', (byte)key.Length, 0, 0, 0, .. key, .. noise,
            ];
            string path = Path.Combine(folder, name + ".pth");
            File.WriteAllBytes(path, file);
            string message = Assert.Throws<ModelException>(() => FamilyTable.All.Open(path)).Message;
            Assert.Contains(expected, message, StringComparison.Ordinal);
            Assert.StartsWith(name + ".pth", message, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void The_documentation_shows_the_tables_of_keys()
    {
        string documentation = File.ReadAllText(RepositoryFiles.At("docs", "checkpoints.md"));
        Assert.All(MDX23CArguments.Model.Concat(MDX23CArguments.Audio).Select(r => (r.Name, r.Verdict, r.Valid))
            .Concat(SCNetArguments.Model.Concat(SCNetArguments.Audio).Select(r => (r.Name, r.Verdict, r.Valid))), rule => Assert.Contains(
                $"| {rule.Name} | {rule.Verdict.ToString().ToLowerInvariant()} | {(rule.Verdict == ArgumentVerdict.Inert ? "–" : rule.Valid)} |", documentation, StringComparison.Ordinal));
    }
}
