using Stemsharp.Checkpoints;
using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.Model.HDemucs;
using Stemsharp.Tests.Golden;
using Xunit;

namespace Stemsharp.Tests.Model.HDemucs;

/// <summary>What arguments of HDemucs and Demucs mean, and which are refused.</summary>
public class DemucsArgumentsTests
{
    private const string Hybrid = "demucs.hdemucs.HDemucs", TimeOnly = "demucs.demucs.Demucs";

    [Theory]
    [InlineData(Hybrid, "hybrid", "false", "hybrid = False is not supported; valid is True")]
    [InlineData(Hybrid, "depth", "4", "2 frequencies|8 frequencies are left behind the last layer")]
    [InlineData(Hybrid, "nfft", "2048", "nfft = 2048 is not supported with stride 4")]
    [InlineData(Hybrid, "kernel_size", "4", "kernel_size = 4 is not supported with stride = 4; twice the stride is")]
    [InlineData(Hybrid, "stride", "3", "stride = 3 is not supported; valid is 2, 4, 8 or 16")]
    [InlineData(Hybrid, "time_stride", "3", "time_stride = 3 is not supported; valid is an even number")]
    [InlineData(Hybrid, "audio_channels", "3", "audio_channels = 3 is not supported; valid is 1 or 2")]
    [InlineData(Hybrid, "multi_freqs", "[0.5, 0.2]", "multi_freqs = [0.5, 0.2] is not supported; valid is None, or a list")]
    [InlineData(Hybrid, "dconv_comp", "5", "attention needs a multiple of 4 hidden channels")]
    [InlineData(Hybrid, "segment", "601", "segment = 601 is not supported")]
    [InlineData(Hybrid, "growth", "8", "give 1,572,864 inner channels; at most 65,536")]
    [InlineData(TimeOnly, "stride", "5", "stride = 5 with kernel_size = 8 and resample = True is not supported")]
    [InlineData(TimeOnly, "kernel_size", "2", "kernel_size = 2")]
    [InlineData(TimeOnly, "lstm_layers", "17", "lstm_layers = 17 is not supported; valid is a whole number from 0 to 16")]
    [InlineData(TimeOnly, "gelu", "2", "gelu = 2 is not supported; valid is True or False")]
    public void Values_that_do_not_work_are_refused_by_name(string className, string name, string value, string expected)
    {
        ModelException e = Assert.Throws<ModelException>(() => Read(className, $"{{\"{name}\": {value}}}").Record(44_100));
        Assert.StartsWith("x cannot be used: ", e.Message, StringComparison.Ordinal);
        Assert.Contains(expected.Split('|'), part => e.Message.Contains(part, StringComparison.Ordinal));
    }

    [Fact]
    public void Iterated_Wiener_filtering_is_refused_only_where_it_would_happen()
    {
        ModelException e = Assert.Throws<ModelException>(() => Read(Hybrid, """{"cac": false, "wiener_iters": 2}"""));
        Assert.Contains("needs iterated Wiener filtering (wiener_iters = 2 with cac = False)", e.Message, StringComparison.Ordinal);
        Assert.NotNull(Read(Hybrid, """{"cac": true, "wiener_iters": 2}"""));
        Assert.NotNull(Read(Hybrid, """{"cac": false, "wiener_iters": -1}"""));
    }

    [Fact]
    public void Bands_stand_only_where_there_are_neither_norms_nor_single_rows()
    {
        ModelException e = Assert.Throws<ModelException>(() => Read(Hybrid, """{"multi_freqs": [0.1, 0.3], "multi_freqs_depth": 5}"""));
        Assert.Contains("multi_freqs_depth = 5 is not supported: layer 4 has norms", e.Message, StringComparison.Ordinal);

        // The official files carry a depth where there are no bands.
        Assert.NotNull(Read(Hybrid, """{"multi_freqs": [], "multi_freqs_depth": 9}"""));
    }

    [Theory]
    [InlineData("demucs.wdemucs.WDemucs", "HDemucs")]
    [InlineData(Hybrid, "HDemucs")]
    [InlineData(TimeOnly, "Demucs")]
    public void Classes_go_by_several_names(string className, string family) => Assert.Equal(family, Read(className, "{}").Family);

    [Fact]
    public void What_the_file_says_counts_and_not_the_classs_defaults()
    {
        NetworkDefinition own = Read(TimeOnly, """{"resample": false, "depth": 3, "segment": 2}""").Definition;
        Assert.Equal(new NetworkLengths(176, 64, int.MaxValue) with { Least = own.Cut.Lengths.Least }, own.Cut.Lengths);
        Assert.Equal(88_200, own.Cut.Samples);
        NetworkDefinition official = Read(TimeOnly, "{}").Definition;
        Assert.Equal(2048, official.Cut.Lengths.Step);
        Assert.True(official.Cut.Lengths.Takes(4778));
        Assert.Equal(1_942_186, official.Cut.NetworkSamples(44 * 44_100));
    }

    [Fact]
    public void A_copy_of_a_checkpoint_gives_the_same_network()
    {
        string folder = Directory.CreateTempSubdirectory("stemsharp-copy-").FullName;
        try
        {
            foreach (string model in (string[])["hd2", "dm2"])
            {
                using Checkpoint checkpoint = Checkpoint.Open(GoldenDemucs.File(model));
                string copy = CheckpointConversion.Save(checkpoint, Path.Combine(folder, $"{model}.safetensors"));
                CheckpointNetwork own = FamilyTable.All.Open(GoldenDemucs.File(model)), again = FamilyTable.All.Open(copy);
                Assert.Equal(own.Family, again.Family);
                Assert.Equal(own.Record(5000).ToString(), again.Record(5000).ToString());
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Inert_and_unknown_arguments_change_nothing()
    {
        string arguments = string.Join(", ", DemucsArguments.Hybrid.Where(r => r.Verdict == ArgumentVerdict.Inert).Select(r => $"\"{r.Name}\": \"anything\""));
        CheckpointNetwork network = Read(Hybrid, $"{{{arguments}, \"from_another_version\": 7}}");
        Assert.Equal(Read(Hybrid, "{}").Record(9000).ToString(), network.Record(9000).ToString());
        Assert.Equal(["from_another_version"], network.UnknownArguments(network.Arguments));
    }

    [Fact]
    public void The_golden_files_arguments_all_have_a_verdict()
    {
        foreach ((string model, IReadOnlyList<ArgumentRule<DemucsConfig>> rules) in ((string, IReadOnlyList<ArgumentRule<DemucsConfig>>)[])[("hd4", DemucsArguments.Hybrid), ("dm4", DemucsArguments.TimeOnly)])
        {
            using Checkpoint checkpoint = Checkpoint.Open(GoldenDemucs.File(model));
            Assert.Empty(checkpoint.Arguments!.Keys.Except(rules.Select(r => r.Name)));
        }
    }

    [Fact]
    public void The_documentation_shows_the_rules()
    {
        string[] page = File.ReadAllLines(RepositoryFiles.At("docs", "demucs3.md"));
        foreach ((string name, IReadOnlyList<ArgumentRule<DemucsConfig>> rules) in ((string, IReadOnlyList<ArgumentRule<DemucsConfig>>)[])[("HDemucs", DemucsArguments.Hybrid), ("Demucs", DemucsArguments.TimeOnly)])
        {
            string[] expected = [.. rules.Select(r => $"| {r.Name} | {r.Verdict.ToString().ToLowerInvariant()} | {(r.Verdict == ArgumentVerdict.Inert ? "–" : r.Valid)} |")];
            Assert.Equal(string.Join('\n', expected), string.Join('\n', page.SkipWhile(line => line != $"| {name} | verdict | valid |").Skip(2).TakeWhile(line => line.StartsWith('|'))));
        }
    }

    private static CheckpointNetwork Read(string className, string json)
    {
        Dictionary<string, object?> arguments = new(PlainJson.ReadObject(System.Text.Encoding.UTF8.GetBytes(json)));
        arguments.TryAdd("sources", new List<object?> { "drums", "bass", "other", "vocals" });
        SyntheticCheckpoint checkpoint = new("x", className, arguments);
        return FamilyTable.All.Read(checkpoint);
    }
}
