using Stemsharp.Checkpoints;
using Stemsharp.Model;
using Stemsharp.Model.HTDemucs;
using Xunit;

namespace Stemsharp.Tests.Model.HTDemucs;

public class HTDemucsConfigReaderTests
{
    private static readonly List<object?> Four = ["drums", "bass", "other", "vocals"];

    [Fact]
    public void Absent_arguments_have_the_originals_defaults()
    {
        HTDemucsConfig config = Read();
        Assert.Equal(new HTDemucsConfig { Sources = config.Sources }, config);
        Assert.Equal(441_000, config.SegmentSamples);
    }

    public static TheoryData<string, object?, string, object?> Supported => new()
    {
        { "channels", 8L, nameof(HTDemucsConfig.Channels), 8 },
        { "channels", 8.0, nameof(HTDemucsConfig.Channels), 8 },
        { "channels_time", null, nameof(HTDemucsConfig.ChannelsTime), null },
        { "channels_time", 48L, nameof(HTDemucsConfig.ChannelsTime), 48 },
        { "growth", 1L, nameof(HTDemucsConfig.Growth), 1 },
        { "nfft", 2048L, nameof(HTDemucsConfig.Nfft), 2048 },
        { "rewrite", false, nameof(HTDemucsConfig.Rewrite), false },
        { "freq_emb", false, nameof(HTDemucsConfig.FreqEmb), 0.0 },
        { "freq_emb", null, nameof(HTDemucsConfig.FreqEmb), 0.0 },
        { "freq_emb", 0.5, nameof(HTDemucsConfig.FreqEmb), 0.5 },
        { "emb_scale", 3L, nameof(HTDemucsConfig.EmbScale), 3.0 },
        { "dconv_depth", -2L, nameof(HTDemucsConfig.DconvDepth), -2 },
        { "dconv_comp", 4L, nameof(HTDemucsConfig.DconvComp), 4.0 },
        { "bottom_channels", null, nameof(HTDemucsConfig.BottomChannels), 0 },
        { "t_norm_in_group", true, nameof(HTDemucsConfig.TNormInGroup), 1 },
        { "t_group_norm", 4L, nameof(HTDemucsConfig.TGroupNorm), 4 },
        { "t_norm_out", false, nameof(HTDemucsConfig.TNormOut), 0 },
        { "t_norm_out", 3L, nameof(HTDemucsConfig.TNormOut), 3 },
        // True & 2 is 0 in the original.
        { "t_norm_out", 2L, nameof(HTDemucsConfig.TNormOut), 0 },
        { "t_gelu", 0L, nameof(HTDemucsConfig.TGelu), false },
        { "t_cross_first", true, nameof(HTDemucsConfig.TCrossFirst), true },
        { "samplerate", 48000L, nameof(HTDemucsConfig.Samplerate), 48000 },
        { "segment", "39/5", nameof(HTDemucsConfig.SegmentSamples), 343_980 },
        { "segment", "7.8", nameof(HTDemucsConfig.SegmentSamples), 343_980 },
        { "segment", new Fraction(39, 5), nameof(HTDemucsConfig.SegmentSamples), 343_980 },
        // The double nearest to 7.8 is below it; the original's product in doubles is 343980 all the same.
        { "segment", 7.8, nameof(HTDemucsConfig.SegmentSamples), 343_980 },
        { "segment", 5.85, nameof(HTDemucsConfig.SegmentSamples), (int)(5.85 * 44100) },
        { "segment", 11L, nameof(HTDemucsConfig.SegmentSamples), 485_100 },
        { "use_train_segment", false, nameof(HTDemucsConfig.UseTrainSegment), false },
    };

    [Theory]
    [MemberData(nameof(Supported))]
    public void Supported_arguments_reach_the_config(string name, object? value, string property, object? expected) =>
        Assert.Equal(expected, typeof(HTDemucsConfig).GetProperty(property)!.GetValue(Read((name, value))));

    public static TheoryData<string, object?, string> Refused => new()
    {
        { "cac", false, "cac = False" },
        { "wiener_iters", 1L, "wiener_iters = 1" },
        { "end_iters", 2L, "end_iters = 2" },
        { "multi_freqs", new List<object?> { 0.3, 0.5 }, "multi_freqs = [0.3, 0.5]" },
        { "t_emb", "cape", "t_emb = 'cape'" },
        { "t_emb", "scaled", "t_emb = 'scaled'" },
        { "t_sparse_self_attn", true, "t_sparse_self_attn = True" },
        { "t_sparse_cross_attn", true, "t_sparse_cross_attn = True" },
        { "t_sin_random_shift", 3L, "t_sin_random_shift = 3" },
        { "audio_channels", 1L, "audio_channels = 1" },
        { "growth", 1.5, "growth = 1.5" },
        { "channels", null, "channels = None" },
        { "channels", "48", "channels = '48'" },
        { "channels_time", 24L, "channels_time = 24" },
        { "nfft", 3000L, "nfft = 3000" },
        { "dconv_mode", 4L, "dconv_mode = 4" },
        { "t_heads", 7L, "t_heads = 7" },
        { "rewrite", "yes", "rewrite = 'yes'" },
        { "segment", 0L, "segment = 0" },
        { "segment", "soon", "segment = 'soon'" },
        { "segment", -1.0, "segment = -1" },
        { "segment", double.NaN, "segment = NaN" },
        { "segment", "1/99999999999", "segment = '1/99999999999'" },
        { "sources", new List<object?>(), "sources = []" },
        { "sources", new List<object?> { "a", "A" }, "sources = ['a', 'A']" },
        { "sources", new List<object?> { "../a" }, "sources = ['../a']" },
        { "sources", new List<object?> { ".." }, "sources = ['..']" },
        { "sources", new List<object?> { 3L }, "sources = [3]" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void Refused_arguments_are_named_with_their_value(string name, object? value, string expected)
    {
        ModelException e = Assert.Throws<ModelException>(() => Read((name, value)));
        Assert.StartsWith("test cannot be used: ", e.Message, StringComparison.Ordinal);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
        Assert.True(e.Message.Contains("valid is", StringComparison.Ordinal) || e.Message.Contains("needs", StringComparison.Ordinal));
    }

    [Fact]
    public void Inert_and_unknown_arguments_change_nothing()
    {
        (string, object?)[] arguments =
        [
            .. HTDemucsArguments.Rules.Where(r => r.Verdict == ArgumentVerdict.Inert).Select(r => (r.Name, (object?)"anything")),
            ("multi_freqs", new List<object?>()), ("from_another_version", 7L),
        ];
        HTDemucsConfig config = Read(arguments);
        Assert.Equal(Read() with { Sources = config.Sources }, config);
        Assert.Equal(["from_another_version"], HTDemucsConfigReader.UnknownArguments(arguments.ToDictionary(a => a.Item1, a => a.Item2)));
    }

    [Fact]
    public void The_official_files_arguments_all_have_a_verdict()
    {
        // mixed-storage spells out every argument of the original's constructor.
        using Checkpoint checkpoint = Checkpoint.Open(RepositoryFiles.Golden("mixed-storage", "mixed-7b6ab67f.th"));
        Assert.Equal(HTDemucsArguments.Rules.Select(r => r.Name).Order(), checkpoint.Arguments!.Keys.Order());
    }

    [Fact]
    public void The_documentation_shows_the_rules()
    {
        string[] expected = [.. HTDemucsArguments.Rules.Select(r => $"| {r.Name} | {r.Verdict.ToString().ToLowerInvariant()} | {(r.Verdict == ArgumentVerdict.Inert ? "–" : r.Valid)} |")];
        string[] documented = [.. File.ReadLines(RepositoryFiles.At("docs", "checkpoints.md"))
            .SkipWhile(line => line != "| argument | verdict | valid |").Skip(2).TakeWhile(line => line.StartsWith('|'))];
        Assert.Equal(expected, documented);
    }

    [Fact]
    public void A_written_config_reads_back()
    {
        HTDemucsConfig config = HTDemucsConfig.Official6 with { TNormFirst = false, TGroupNorm = 2, DconvDepth = -3, Context = 2 };
        using SyntheticCheckpoint checkpoint = new("test", null, HTDemucsArguments.FromConfig(config));
        HTDemucsConfig read = HTDemucsConfigReader.Read(checkpoint, checkpoint.Arguments, checkpoint.Overrides);
        Assert.Equal(config, read with { Sources = config.Sources });
        Assert.Equal(config.Sources.ToArray(), read.Sources.ToArray());
    }

    private static HTDemucsConfig Read(params (string Name, object? Value)[] arguments)
    {
        Dictionary<string, object?> all = new()
        { ["sources"] = Four };
        foreach ((string name, object? value) in arguments)
        {
            all[name] = value;
        }

        using SyntheticCheckpoint checkpoint = new("test", null, all);
        return HTDemucsConfigReader.Read(checkpoint, checkpoint.Arguments, checkpoint.Overrides);
    }
}
