using Stemsharp.Cli.Batches;
using Xunit;

namespace Stemsharp.Cli.Tests.Batches;

public sealed class InputExpansionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private InputExpansion Expand(params string[] inputs) =>
        InputExpansion.Expand(inputs.Select(i => i == "-" ? i : _folder.Combine(i)), _folder.Combine("separated"));

    private string[] Names(InputExpansion expansion) =>
        [.. expansion.Tracks.Select(t => Path.GetRelativePath(_folder.Path, t.Path).Replace('\\', '/'))];

    [Fact]
    public void AFileIsTakenWhateverItsName()
    {
        _folder.Make("[live] 100%.xyz");
        InputExpansion expansion = Expand("[live] 100%.xyz");
        Assert.Equal(["[live] 100%.xyz"], Names(expansion));
        Assert.Equal("", expansion.Tracks[0].Folder);
        Assert.Equal("[live] 100%", expansion.Tracks[0].Name);
        Assert.Equal("xyz", expansion.Tracks[0].Extension);
    }

    [Fact]
    public void AFolderIsSearchedForMusicInOrderWithoutHiddenFilesAndStems()
    {
        _folder.Make("b/2.mp3");
        _folder.Make("b/1.FLAC");
        _folder.Make("a.wav");
        _folder.Make("cover.jpg");
        _folder.Make(".hidden/x.wav");
        _folder.Make("._a.wav");
        _folder.Make("separated/htdemucs/a/vocals.wav");
        InputExpansion expansion = Expand("");
        Assert.Equal(["a.wav", "b/1.FLAC", "b/2.mp3"], Names(expansion));
        Assert.Equal(["", "b", "b"], expansion.Tracks.Select(t => t.Folder));
    }

    [Fact]
    public void LinksThatGoRoundInCirclesEnd()
    {
        _folder.Make("a/x.wav");
        Directory.CreateSymbolicLink(_folder.Combine("a", "loop"), _folder.Path);
        Assert.Equal(["a/x.wav"], Names(Expand("")));
    }

    [Theory]
    [InlineData("*.mp3", new[] { "a.mp3", "b.mp3" })]
    [InlineData("?.mp3", new[] { "a.mp3", "b.mp3" })]
    [InlineData("[!a].mp3", new[] { "b.mp3" })]
    [InlineData("[a-b].*", new[] { "a.mp3", "b.mp3", "b.wav" })]
    [InlineData("**/*.wav", new[] { "b.wav", "x/c.wav", "x/y/d.wav" })]
    [InlineData("x/**", new[] { "x/c.wav", "x/y/d.wav" })]
    [InlineData("**/y/*", new[] { "x/y/d.wav" })]
    [InlineData("*.txt", new[] { "n.txt" })]
    [InlineData("*", new[] { "a.mp3", "b.mp3", "b.wav" })]
    public void PatternsWorkWithoutAShell(string pattern, string[] expected)
    {
        foreach (string name in new[] { "a.mp3", "b.mp3", "b.wav", "n.txt", "x/c.wav", "x/y/d.wav" })
        {
            _folder.Make(name);
        }

        Assert.Equal(expected, Names(Expand(pattern)));
    }

    [Fact]
    public void APatternThatMatchesNothingIsReported() =>
        Assert.Contains("matches no audio file", Assert.Single(Expand("*.ogg").Rejected).Message, StringComparison.Ordinal);

    [Fact]
    public void APlaylistGivesItsLocalFilesOnly()
    {
        _folder.Make("music/ä ö.wav");
        _folder.Make("music/c.wav");
        _folder.Make("list.m3u8",
            "\uFEFF#EXTM3U\r\n#EXTINF:1,Ä\r\nmusic/ä ö.wav\r\nmusic\\c.wav\r\nhttp://example.org/x.mp3\r\n" +
            "//server/share/x.mp3\nother.m3u\nmissing.wav\n" + new Uri(_folder.Combine("music", "c.wav")).AbsoluteUri + "\n");
        InputExpansion expansion = Expand("list.m3u8");
        Assert.Equal(["music/ä ö.wav", "music/c.wav"], Names(expansion));
        Assert.Equal(4, expansion.Rejected.Count);
    }

    [Fact]
    public void ALatinPlaylistIsRead()
    {
        _folder.Make("é.wav");
        File.WriteAllBytes(_folder.Combine("l.m3u"), [0xE9, .. ".wav\n"u8]);
        Assert.Equal(["é.wav"], Names(Expand("l.m3u")));
    }

    [Fact]
    public void AFileIsTakenOnce()
    {
        _folder.Make("a.wav");
        Assert.Single(Expand("a.wav", "*.wav", "").Tracks);
    }

    [Fact]
    public void MissingAndEmptyInputsAreReportedAndDoNotStopOthers()
    {
        _folder.Make("a.wav");
        Directory.CreateDirectory(_folder.Combine("empty"));
        InputExpansion expansion = Expand("missing.wav", "empty", "a.wav", "-");
        Assert.Equal(2, expansion.Tracks.Count);
        Assert.True(expansion.Tracks[1].IsStandardInput);
        Assert.Equal(2, expansion.Rejected.Count);
    }

    [Fact]
    public void NamesInAnyScriptAreKept()
    {
        string[] names = ["日本語.wav", "Ω e\u0301.wav", "🎸.wav", "עברית.wav"];
        foreach (string name in names)
        {
            _folder.Make(name);
        }

        Assert.Equal(names.Order(StringComparer.Ordinal), Names(Expand("")).Order(StringComparer.Ordinal));
    }
}
