using Stemsharp.Backends;
using Stemsharp.Cli.Batches;
using Stemsharp.Inference;
using Stemsharp.OnnxRuntime;
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
    public async Task AFinishedTrackIsKnownAgain()
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
        Assert.True(await record.CoversAsync(new FolderPlace(ledger), "i", "m", "s", EngineChoice.Cpu, CancellationToken.None));
        Assert.False(await record.CoversAsync(new FolderPlace(ledger), "other", "m", "s", EngineChoice.Cpu, CancellationToken.None));
        Assert.False(await record.CoversAsync(new FolderPlace(ledger), "i", "other", "s", EngineChoice.Cpu, CancellationToken.None));
        Assert.False(await record.CoversAsync(new FolderPlace(ledger), "i", "m", "other", EngineChoice.Cpu, CancellationToken.None));
        Assert.False(await (record with { Version = 1 }).CoversAsync(new FolderPlace(ledger), "i", "m", "s", EngineChoice.Cpu, CancellationToken.None));
        File.AppendAllText(_folder.Combine("song", "vocals.wav"), "!");
        Assert.False(await record.CoversAsync(new FolderPlace(ledger), "i", "m", "s", EngineChoice.Cpu, CancellationToken.None));
        File.Delete(_folder.Combine("song", "vocals.wav"));
        Assert.False(await record.CoversAsync(new FolderPlace(ledger), "i", "m", "s", EngineChoice.Cpu, CancellationToken.None));
        Assert.Equal([key + ".json"], Left());
    }

    [Fact]
    public void OfATracksFilesAllGetTheirNamesOrNone()
    {
        OutputLedger ledger = new(_folder.Path);
        using TrackClaim claim = ledger.TryClaim(OutputLedger.Key("song/*"))!;
        string[] made = [.. new[] { "0.wav", "1.wav" }.Select(n => Path.Combine(claim.WorkFolder, n))];
        Array.ForEach(made, m => File.WriteAllText(m, "new"));
        Directory.CreateDirectory(_folder.Combine("song", "vocals.wav"));
        File.WriteAllText(_folder.Combine("song", "bass.wav"), "old");
        Assert.ThrowsAny<Exception>(() => claim.Publish([(made[0], Path.Combine("song", "bass.wav")), (made[1], Path.Combine("song", "vocals.wav"))], Record()));
        Assert.Equal("old", File.ReadAllText(_folder.Combine("song", "bass.wav")));
        Assert.Equal(["bass.wav", "vocals.wav"], Directory.GetFileSystemEntries(_folder.Combine("song")).Select(f => Path.GetFileName(f)).Order());
    }

    /// <summary>What made a track is part of its record: another engine's files are not those that are asked for.</summary>
    [Fact]
    public async Task ATrackOfAnotherEngineIsNotTheSame()
    {
        OutputLedger ledger = new(_folder.Path);
        string key = OutputLedger.Key("song/*");
        RecordedEngine own = new("cpu", "AVX-512", "fp32", 2), other = new("onnxruntime", "cuda 0", "mixed", 3);
        using (TrackClaim claim = ledger.TryClaim(key)!)
        {
            string made = Path.Combine(claim.WorkFolder, "0.wav");
            File.WriteAllText(made, "stem");
            claim.Publish([(made, Path.Combine("song", "vocals.wav"))], Record() with { Engines = [own] });
        }

        TrackRecord record = ledger.Find(key)!;
        Assert.Equal([own], record.Engines);
        EngineChoice device = new("onnxruntime", null, EnginePrecision.Mixed, false, null, new OnnxSessionOptions { Provider = ExecutionProvider.Cuda });
        Assert.True(await CoversAsync(record, EngineChoice.Cpu));
        Assert.True(await CoversAsync(record, EngineChoice.Cpu with { Precision = EnginePrecision.Mixed }));
        Assert.True(await CoversAsync(record, EngineChoice.Cpu with { Engine = Engines.Auto }));
        Assert.False(await CoversAsync(record, device));

        // Every engine that had a part counts; a song of silence needed none.
        Assert.False(await CoversAsync(record with { Engines = [own, other] }, EngineChoice.Cpu));
        Assert.False(await CoversAsync(record with { Engines = [other, own] }, device));
        Assert.True(await CoversAsync(record with { Engines = [other] }, device));
        Assert.True(await CoversAsync(record with { Engines = [other, own] }, EngineChoice.Cpu with { Engine = Engines.Auto, Precision = EnginePrecision.Mixed }));
        Assert.True(await CoversAsync(record with { Engines = [] }, device));

        Task<bool> CoversAsync(TrackRecord finished, EngineChoice choice) => finished.CoversAsync(new FolderPlace(ledger), "i", "m", "s", choice, CancellationToken.None);
    }

    [Theory]
    [InlineData("cpu", "AVX2", "fp32", "auto", null, EnginePrecision.Fp32, ExecutionProvider.Cpu, true)]
    [InlineData("onnxruntime", "cuda 1", "mixed", "auto", null, EnginePrecision.Mixed, ExecutionProvider.Cpu, true)]
    [InlineData("onnxruntime", "cuda 1", "mixed", "auto", null, EnginePrecision.Fp32, ExecutionProvider.Cpu, false)]
    [InlineData("vulkan", "0 NVIDIA H200", "fp32", "auto", null, EnginePrecision.Fp32, ExecutionProvider.Cpu, true)]
    [InlineData("vulkan", "0 NVIDIA H200", "fp32", "vulkan", "0", EnginePrecision.Mixed, ExecutionProvider.Cpu, true)]
    [InlineData("vulkan", "0 NVIDIA H200", "fp32", "vulkan", "h200", EnginePrecision.Fp32, ExecutionProvider.Cpu, true)]
    [InlineData("vulkan", "0 NVIDIA H200", "fp32", "vulkan", "200", EnginePrecision.Fp32, ExecutionProvider.Cpu, false)]
    [InlineData("cpu", "AVX2", "fp32", "cpu", null, EnginePrecision.Fp32, ExecutionProvider.Cpu, true)]
    [InlineData("cpu", "AVX2", "fp32", "cpu", null, EnginePrecision.Mixed, ExecutionProvider.Cpu, true)]
    [InlineData("cpu", "AVX2", "fp32", "onnxruntime", null, EnginePrecision.Fp32, ExecutionProvider.Cpu, false)]
    [InlineData("onnxruntime", "cpu", "fp32", "cpu", null, EnginePrecision.Fp32, ExecutionProvider.Cpu, false)]
    [InlineData("onnxruntime", "cpu", "fp32", "onnxruntime", null, EnginePrecision.Mixed, ExecutionProvider.Cpu, true)]
    [InlineData("onnxruntime", "cpu", "mixed", "onnxruntime", null, EnginePrecision.Fp32, ExecutionProvider.Cpu, false)]
    [InlineData("onnxruntime", "cpu", "mixed", "onnxruntime", null, EnginePrecision.Mixed, ExecutionProvider.Cpu, true)]
    [InlineData("onnxruntime", "cpu", "fp32", "onnxruntime", null, EnginePrecision.Fp32, ExecutionProvider.Cuda, false)]
    [InlineData("onnxruntime", "cuda 1", "fp32", "onnxruntime", null, EnginePrecision.Fp32, ExecutionProvider.Cuda, true)]
    [InlineData("onnxruntime", "cuda 1", "fp32", "onnxruntime", null, EnginePrecision.Fp32, ExecutionProvider.TensorRT, false)]
    [InlineData("onnxruntime", "cuda 1", "fp32", "onnxruntime", "1", EnginePrecision.Fp32, ExecutionProvider.Cuda, true)]
    [InlineData("onnxruntime", "cuda 1", "fp32", "onnxruntime", "0", EnginePrecision.Fp32, ExecutionProvider.Cuda, false)]
    internal void AnEnginesWorkServesWhatIsAskedFor(
        string engine, string device, string precision, string asked, string? askedDevice, EnginePrecision askedPrecision, ExecutionProvider provider, bool serves)
    {
        EngineChoice choice = new(asked, askedDevice, askedPrecision, false, null, new OnnxSessionOptions { Provider = provider });
        Assert.Equal(serves, new RecordedEngine(engine, device, precision, 1).Serves(choice));
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

    // One that waits for a lock, one that gives it back and one that makes it anew must not end with two owners.
    [Fact]
    public async Task ATrackNeverHasTwoOwners()
    {
        OutputLedger ledger = new(_folder.Path);
        string key = OutputLedger.Key("song/*");
        int owners = 0, most = 0, claims = 0;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            for (int i = 0; i < 2000; i++)
            {
                if (ledger.TryClaim(key) is not { } claim)
                {
                    continue;
                }

                int now = Interlocked.Increment(ref owners);
                InterlockedMax(ref most, now);
                Interlocked.Increment(ref claims);
                Interlocked.Decrement(ref owners);
                claim.Dispose();
            }
        })));
        Assert.Equal(1, most);
        Assert.True(claims > 100);

        static void InterlockedMax(ref int most, int value)
        {
            for (int seen = Volatile.Read(ref most); seen < value; seen = Volatile.Read(ref most))
            {
                Interlocked.CompareExchange(ref most, value, seen);
            }
        }
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

    // Locks stay.
    private string[] Left() =>
        [.. Directory.EnumerateFileSystemEntries(_folder.Combine(".stemsharp")).Select(p => Path.GetFileName(p)!).Where(name => !name.EndsWith(".lock", StringComparison.Ordinal))];
}
