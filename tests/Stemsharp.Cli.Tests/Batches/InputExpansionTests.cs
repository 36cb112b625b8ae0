using Stemsharp.Cli.Batches;
using Stemsharp.Tests;
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
    public void APlaylistWhoseSongsAreInTheBatchAlreadyIsNoFault()
    {
        _folder.Make("a.wav");
        _folder.Make("first.m3u", "a.wav\n");
        _folder.Make("second.m3u", "#EXTM3U\na.wav\n");
        _folder.Make("empty.m3u", "#EXTM3U\n");
        InputExpansion expansion = Expand("first.m3u", "second.m3u");
        Assert.Equal(["a.wav"], Names(expansion));
        Assert.Empty(expansion.Rejected);
        Assert.Equal("the playlist names no file", Assert.Single(Expand("a.wav", "empty.m3u").Rejected).Message);
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

    public static TheoryData<string, string, byte[]> Playlists
    {
        get
        {
            byte[] Plain(string text) => System.Text.Encoding.UTF8.GetBytes(text);
            return new()
            {
                { "as VLC writes it", "l.m3u8", Plain("#EXTM3U\n#EXTINF:1,a\nmy%20music/Ab%C3%A9.wav\nmy%20music/50%25.wav\n") },
                { "UTF-16", "l.m3u", [.. System.Text.Encoding.Unicode.Preamble, .. System.Text.Encoding.Unicode.GetBytes("#EXTM3U\r\nmy music/Abé.wav\r\nmy music/50%.wav\r\n")] },
                { "UTF-16, big-endian, no mark", "l.m3u", System.Text.Encoding.BigEndianUnicode.GetBytes("my music/Abé.wav\nmy music/50%.wav") },
                { "lines that end as on old Macs", "l.m3u", Plain("#EXTM3U\rmy music/Abé.wav\rmy music/50%.wav\r") },
                { "URLs", "l.m3u", Plain("file://localhost{0}/my%20music/Ab%C3%A9.wav\nfile:{0}/my%20music/50%25.wav\n") },
                { "the other Unicode form", "l.m3u", Plain("my music/Abe\u0301.wav\nmy music\\50%.wav") },
                { "PLS", "l.pls", Plain("[playlist]\nNumberOfEntries=2\nFile2=my music/50%.wav\nTitle1=x\nFile1=my music/Abé.wav\n") },
                {
                    "XSPF", "l.xspf",
                    Plain("<?xml version=\"1.0\"?><playlist xmlns=\"http://xspf.org/ns/0/\"><trackList><track><location>file://{0}/my%20music/Ab%C3%A9.wav</location></track><track><location>my%20music/50%25.wav</location></track></trackList></playlist>")
                },
            };
        }
    }

    [Theory]
    [MemberData(nameof(Playlists))]
    public void PlaylistsOfManyProgramsAreRead(string what, string name, byte[] content)
    {
        _folder.Make("my music/Abé.wav");
        _folder.Make("my music/50%.wav");
        byte[] folder = System.Text.Encoding.UTF8.GetBytes(_folder.Path.Replace('\\', '/'));
        List<byte> written = [.. content];
        for (int at; (at = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(written).IndexOf("{0}"u8)) >= 0;)
        {
            written.RemoveRange(at, 3);
            written.InsertRange(at, folder);
        }

        File.WriteAllBytes(_folder.Combine(name), [.. written]);
        InputExpansion expansion = Expand(name);
        Assert.Empty(expansion.Rejected);
        Assert.True(Names(expansion) is ["my music/Abé.wav", "my music/50%.wav"], what);
    }

    [Theory]
    [InlineData("Abé", "Abe\u0301", true)]
    [InlineData("Abé", "Abe", false)]
    [InlineData("Abé", "Abé2", false)]
    [InlineData("가각a", "\u1100\u1161\u1100\u1161\u11A8a", true)]
    [InlineData("가각a", "\u1100\u1161\u1100\u1162\u11A8a", false)]
    [InlineData("が", "か\u3099", true)]
    [InlineData("e\u0301", "e\u0300", false)]
    public void NamesAreAlikeWhateverFormTheirMarksHave(string a, string b, bool alike)
    {
        Assert.Equal(alike, FileNames.AreAlike(a, b));
        Assert.Equal(alike, FileNames.AreAlike(b, a));
    }

    [Fact]
    public void ABrokenXspfIsReported()
    {
        _folder.Make("l.xspf", "<playlist><trackList>");
        Assert.Contains("no XSPF playlist", Assert.Single(Expand("l.xspf").Rejected).Message, StringComparison.Ordinal);
    }

    private static void Shell(string command, string folder)
    {
        using System.Diagnostics.Process shell = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("sh", ["-c", command]) { WorkingDirectory = folder })!;
        shell.WaitForExit();
        Assert.Equal(0, shell.ExitCode);
    }

    [LinuxFact]
    public void WhatIsNoFileIsPassedOverInFoldersAndPatternsWithAWord()
    {
        _folder.Make("a.wav");
        Shell("mkfifo pipe.wav && mkfifo notes.txt", _folder.Path);
        foreach (string input in new[] { "", "*", "*.wav" })
        {
            InputExpansion expansion = Expand(input);
            Assert.Equal(["a.wav"], Names(expansion));
            Assert.Contains("pipe.wav is passed over: a pipe", Assert.Single(expansion.Notes), StringComparison.Ordinal);
        }

        Assert.True(Assert.Single(Expand("pipe.wav").Tracks).IsReadOnce);
        Assert.False(Expand("a.wav").Tracks[0].IsReadOnce);
    }

    [LinuxFact]
    public void NamesThatAreNoUtf8AreReported()
    {
        _folder.Make("a.wav");
        Shell("printf x > \"$(printf 'caf\\351.wav')\"; printf x > \"$(printf 'caf\\351.txt')\"; mkdir \"$(printf 'd\\351')\"", _folder.Path);
        try
        {
            foreach (string input in new[] { "", "**" })
            {
                InputExpansion expansion = Expand(input);
                Assert.Equal(["a.wav"], Names(expansion));
                Assert.Equal(2, expansion.Rejected.Count);
                Assert.All(expansion.Rejected, r => Assert.Contains("not valid UTF-8", r.Message, StringComparison.Ordinal));
            }

            Assert.Contains("not valid UTF-8", Assert.Single(Expand("caf\uFFFD.wav").Rejected).Message, StringComparison.Ordinal);
        }
        finally
        {
            // .NET cannot delete them either.
            Shell("rm -r -- ./*caf* ./d*", _folder.Path);
        }
    }

    [Fact]
    public void StemsOfAnEarlierRunAreNoSongs()
    {
        _folder.Make("a.wav");
        _folder.Make("old/htdemucs/.stemsharp/x.json");
        _folder.Make("old/htdemucs/a/vocals.wav");
        InputExpansion expansion = Expand("");
        Assert.Equal(["a.wav"], Names(expansion));
        Assert.Contains("stems of an earlier run", Assert.Single(expansion.Notes), StringComparison.Ordinal);
        Assert.Equal(["old/htdemucs/a/vocals.wav"], Names(Expand("old/htdemucs")));
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
