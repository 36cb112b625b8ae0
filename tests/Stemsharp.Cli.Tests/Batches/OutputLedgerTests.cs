using Stemsharp.Cli.Batches;
using Xunit;

namespace Stemsharp.Cli.Tests.Batches;

public sealed class OutputLedgerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static TrackRecord Record(string input = "i", string model = "m", string settings = "s") => new()
    {
        Input = "song.wav",
        InputSha256 = input,
        ModelSha256 = model,
        SettingsSha256 = settings,
        Outputs = [],
    };

    [Fact]
    public void AFinishedTrackIsKnownAgain()
    {
        OutputLedger ledger = new(_folder.Path);
        string key = OutputLedger.Key("song/*");
        using (TrackClaim claim = ledger.TryClaim(key)!)
        {
            string made = Path.Combine(claim.WorkFolder, "0.wav");
            File.WriteAllText(made, "stem");
            claim.Publish([(made, Path.Combine("song", "vocals.wav"))], Record());
        }

        TrackRecord record = ledger.Find(key)!;
        Assert.True(record.Covers(ledger.Root, "i", "m", "s"));
        Assert.False(record.Covers(ledger.Root, "other", "m", "s"));
        Assert.False(record.Covers(ledger.Root, "i", "other", "s"));
        Assert.False(record.Covers(ledger.Root, "i", "m", "other"));
        File.AppendAllText(_folder.Combine("song", "vocals.wav"), "!");
        Assert.False(record.Covers(ledger.Root, "i", "m", "s"));
        File.Delete(_folder.Combine("song", "vocals.wav"));
        Assert.False(record.Covers(ledger.Root, "i", "m", "s"));
        Assert.Equal([key + ".json"], Left());
    }

    [Fact]
    public void OneProcessAtATimeHasATrack()
    {
        OutputLedger ledger = new(_folder.Path);
        string key = OutputLedger.Key("song/*");
        TrackClaim first = ledger.TryClaim(key)!;
        Assert.Null(ledger.TryClaim(key));
        using (TrackClaim other = ledger.TryClaim(OutputLedger.Key("other/*"))!)
        {
            Assert.NotNull(other);
        }

        first.Dispose();
        using TrackClaim second = ledger.TryClaim(key)!;
        Assert.NotNull(second);
    }

    [Fact]
    public void WhatADeadProcessLeftIsSweptAway()
    {
        OutputLedger ledger = new(_folder.Path);
        string key = OutputLedger.Key("song/*");
        _folder.Make($".stemsharp/{key}.work-1-dead/0.wav");
        _folder.Make($".stemsharp/{key}.json.1.tmp");
        _folder.Make($".stemsharp/{key}.lock");
        ledger.TryClaim(key)!.Dispose();
        Assert.Empty(Left());
    }

    [Fact]
    public void ABrokenRecordCountsAsNone()
    {
        OutputLedger ledger = new(_folder.Path);
        string key = OutputLedger.Key("song/*");
        foreach (string content in new[] { "", "{", "null", "[]", "{\"version\":1}", "\0\0" })
        {
            _folder.Make($".stemsharp/{key}.json", content);
            Assert.Null(ledger.Find(key));
        }
    }

    [Fact]
    public void KeysIgnoreCase() => Assert.Equal(OutputLedger.Key("Song/*"), OutputLedger.Key("song/*"));

    private string[] Left() =>
        [.. Directory.EnumerateFileSystemEntries(_folder.Combine(".stemsharp")).Select(p => Path.GetFileName(p)!)];
}
