using Stemsharp.Cli.Batches;
using Xunit;

namespace Stemsharp.Cli.Tests.Batches;

public sealed class TrackListTests
{
    [Fact]
    public void Lines_are_paths_as_they_stand_or_objects_with_settings()
    {
        ListedTrack[] tracks = [.. Read("a.wav\n\n#1 Crush [live].flac\r\n ./ b.wav\n{\"shifts\":2,\"input\":\"c.wav\",\"stems\":[\"drums\",\"bass\"],\"float32\":true,\"flac\":false,\"start\":\"1:30\"}")];
        Assert.Equal(["a.wav", "#1 Crush [live].flac", " ./ b.wav", "c.wav"], tracks.Select(t => t.Input));
        Assert.Equal([1, 3, 4, 5], tracks.Select(t => t.Line));
        Assert.All(tracks[..3], t => Assert.Empty(t.Settings));
        Assert.Equal([("float32", null), ("shifts", "2"), ("start", "1:30"), ("stems", "drums,bass")], tracks[3].Settings);
    }

    [Theory]
    [InlineData("", "names no track")]
    [InlineData("\n  \n", "names no track")]
    [InlineData("a.wav\n{\"input\":", "line 2")]
    [InlineData("{\"track\":\"a.wav\"}", "no \"input\"")]
    [InlineData("{\"input\":\"\"}", "no \"input\"")]
    [InlineData("{\"input\":\"a.wav\",\"shifts\":null}", "\"shifts\"")]
    [InlineData("{\"input\":\"a.wav\",\"stems\":[1]}", "\"stems\"")]
    public void What_makes_no_sense_is_refused_with_its_line(string text, string said) =>
        Assert.Contains(said, Assert.Throws<OptionException>(() => Read(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_list_that_is_not_there_or_not_text_is_told()
    {
        using TemporaryFolder folder = new();
        Assert.Contains("cannot be read", Assert.Throws<OptionException>(() => TrackList.Read(folder.Combine("none.txt"))).Message, StringComparison.Ordinal);
        File.WriteAllBytes(folder.Combine("latin.txt"), [(byte)'J', 0xF3, (byte)'g', (byte)'a']);
        Assert.Contains("UTF-8", Assert.Throws<OptionException>(() => TrackList.Read(folder.Combine("latin.txt"))).Message, StringComparison.Ordinal);
    }

    private static IReadOnlyList<ListedTrack> Read(string text) => TrackList.Read(new StringReader(text), "the list");
}
