using System.Formats.Tar;
using System.Text.Json;
using Stemsharp.Audio;
using Stemsharp.Cli.Hosting;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Cli.Tests.Commands;

/// <summary>Separations with the demo model, from the command line to files.</summary>
public sealed class SeparateTests : IDisposable
{
    private static readonly string[] s_stems = ["drums", "bass", "other", "vocals", "guitar", "piano"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Out => _folder.Combine("out");

    private Task<CommandLineRun> SeparateAsync(params string[] arguments) =>
        CommandLineRun.OfAsync(["separate", "--model", "demo", "-o", Out, .. arguments]);

    private string Stem(string track, string stem) => Path.Combine(Out, "demo", track, stem + ".wav");

    [Fact]
    public async Task SixStemsLieWhereTheOriginalPutsThem()
    {
        string clip = Clip.Song(_folder.Combine("ö song.wav"));
        CommandLineRun run = await SeparateAsync(clip, "--threads", "1");
        Assert.Equal((0, ""), (run.ExitCode, run.Output));
        foreach (string stem in s_stems)
        {
            Assert.Equal(2 * 44100, Clip.Integers(Stem("ö song", stem)).Length);
        }

        Assert.Contains("6 files", run.Error, StringComparison.Ordinal);

        // The same again is skipped; the same by force, with other threads, gives the same bytes.
        byte[] before = File.ReadAllBytes(Stem("ö song", "vocals"));
        run = await SeparateAsync(clip, "--json", "--progress", "json");
        Assert.Equal("skipped", OnlyTrack(run).GetProperty("status").GetString());
        run = await SeparateAsync(clip, "--json", "--overwrite", "--threads", "2");
        Assert.Equal("done", OnlyTrack(run).GetProperty("status").GetString());
        Assert.Equal(before, File.ReadAllBytes(Stem("ö song", "vocals")));
        Assert.Equal(["ö song", ".stemsharp"], Directory.GetDirectories(Path.Combine(Out, "demo")).Select(d => Path.GetFileName(d)!).OrderDescending(StringComparer.Ordinal));

        // Another setting, or another content under the same name, is separated again.
        run = await SeparateAsync(clip, "--json", "--stems", "vocals", "--int24");
        Assert.Equal("done", OnlyTrack(run).GetProperty("status").GetString());
        run = await SeparateAsync(clip, "--json", "--stems", "vocals", "--resume");
        Assert.Equal("skipped", OnlyTrack(run).GetProperty("status").GetString());
    }

    [Fact]
    public async Task TheStemsAddUpToTheMixExactlyWhenAsked()
    {
        string clip = Clip.Song(_folder.Combine("song.wav"));
        CommandLineRun run = await SeparateAsync(clip, "--exact-sum", "--json");
        Assert.Equal(0, run.ExitCode);
        JsonElement track = OnlyTrack(run);
        Assert.InRange(track.GetProperty("null_before_db").GetDouble(), -60, -5);
        Assert.Equal(JsonValueKind.Null, track.GetProperty("null_after_db").ValueKind);
        int[] sum = new int[2 * 44100];
        foreach (string stem in s_stems)
        {
            int[] samples = Clip.Integers(Stem("song", stem));
            for (int i = 0; i < sum.Length; i++)
            {
                sum[i] += samples[i];
            }
        }

        Assert.Equal(Clip.Integers(clip), sum);
    }

    [Theory]
    [InlineData(48000)]
    [InlineData(22050)]
    public async Task TheyAddUpToTheFileItselfAtTheFilesOwnRate(int rate)
    {
        string clip = _folder.Combine("other rate.wav");
        float[] song = Clip.Floats(Clip.Song(_folder.Combine("song.wav"), 0.5));
        using (IAudioWriter writer = AudioFiles.Create(
            clip, 44100, 2, new EncodingOptions { SampleFormat = SampleFormat.Int24, SampleRate = rate }))
        {
            writer.Write(song);
            writer.Complete();
        }

        CommandLineRun run = await SeparateAsync(clip, "--exact-sum", "--json", "--rate", "source", "--depth", "source");
        Assert.Equal((0, JsonValueKind.Null), (run.ExitCode, OnlyTrack(run).GetProperty("null_after_db").ValueKind));
        double[] sum = new double[rate];
        foreach (string stem in s_stems)
        {
            float[] samples = Clip.Floats(Stem("other rate", stem));
            Assert.Equal(sum.Length, samples.Length);
            for (int i = 0; i < sum.Length; i++)
            {
                sum[i] += samples[i];
            }
        }

        // 24-bit steps and their sums are exact in double precision.
        Assert.Equal(Clip.Floats(clip).Select(s => (double)s), sum);
    }

    [Fact]
    public async Task TwoStemsAreTheStemAndTheRest()
    {
        string clip = Clip.Song(_folder.Combine("song.wav"));
        CommandLineRun run = await SeparateAsync(
            clip, "--two-stems", "vocals", "--float32", "--clip-mode", "none", "--no-model-folder", "--filename", "{stem}-{track}.{ext}");
        Assert.Equal(0, run.ExitCode);
        float[] vocals = Clip.Floats(Path.Combine(Out, "vocals-song.wav"));
        float[] rest = Clip.Floats(Path.Combine(Out, "no_vocals-song.wav"));
        float[] mix = Clip.Floats(clip);
        Assert.Equal(mix.Length, rest.Length);
        double error = 0, energy = 0;
        for (int i = 0; i < mix.Length; i++)
        {
            error += Math.Pow(mix[i] - vocals[i] - rest[i], 2);
            energy += Math.Pow(mix[i], 2);
        }

        Assert.InRange(10 * Math.Log10(error / energy), -60, -5);
        Assert.Equal(2, Directory.GetFiles(Out).Length);
    }

    [Fact]
    public async Task ABrokenFileDoesNotStopTheOthers()
    {
        Clip.Song(_folder.Combine("in", "b.wav"), 0.3);
        _folder.Make("in/a.wav", "this is no music");
        _folder.Make("in/c.wav", "");
        CommandLineRun run = await SeparateAsync(_folder.Combine("in"), _folder.Combine("missing.wav"), "--stems", "drums", "--json", "--progress", "json");
        Assert.Equal(ExitCode.PartialFailure, run.ExitCode);
        JsonElement[] tracks = [.. Result(run).GetProperty("tracks").EnumerateArray()];
        Assert.Equal(["failed", "failed", "done", "failed"], tracks.Select(t => t.GetProperty("status").GetString()));
        Assert.All(tracks.Where(t => t.TryGetProperty("error", out _)), t => Assert.Equal("audio", t.GetProperty("error").GetString()));
        Assert.True(File.Exists(Stem("b", "drums")));

        // Progress is one object a line, each with its version, from "begin" to "end".
        JsonElement[] events = [.. run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement)];
        Assert.All(events, e => Assert.Equal(1, e.GetProperty("v").GetInt32()));
        string[] names = [.. events.Select(e => e.GetProperty("event").GetString()!)];
        Assert.Equal("begin", names[0]);
        Assert.Equal("end", names[^1]);
        Assert.Contains("progress", names);
        Assert.Equal(8, events[^1].GetProperty("exit_code").GetInt32());
    }

    [Fact]
    public async Task TracksOfTheSameNameAreToldApart()
    {
        Clip.Song(_folder.Combine("in", "x", "song.wav"), 0.2);
        Clip.Song(_folder.Combine("in", "y", "song.wav"), 0.3);
        CommandLineRun run = await SeparateAsync(_folder.Combine("in"), "--stems", "drums");
        Assert.Equal(0, run.ExitCode);
        Assert.True(File.Exists(Stem(Path.Combine("x", "song"), "drums")));
        Assert.True(File.Exists(Stem(Path.Combine("y", "song"), "drums")));
        run = await SeparateAsync(
            _folder.Combine("in", "x", "song.wav"), _folder.Combine("in", "y", "song.wav"), "--stems", "drums", "--quiet");
        Assert.Equal(ExitCode.PartialFailure, run.ExitCode);
        // The hint is one that helps.
        Assert.Contains("same names", run.Error, StringComparison.Ordinal);
        Assert.Contains("{folder}/{track}/{stem}.{ext}", run.Error, StringComparison.Ordinal);
        run = await SeparateAsync(
            _folder.Combine("in", "x", "song.wav"), _folder.Combine("in", "y", "song.wav"), "--stems", "drums", "--filename", "{folder}/{track}/{stem}.{ext}");
        Assert.Equal(0, run.ExitCode);
        Clip.Song(_folder.Combine("in", "y", "song.flac"), 0.3);
        run = await SeparateAsync(_folder.Combine("in", "y", "song.wav"), _folder.Combine("in", "y", "song.flac"), "--stems", "bass", "-q");
        Assert.Contains("{track}.{trackext}/{stem}.{ext}", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FilesThatNobodyRecordedAreReplacedOnlyWhenAsked()
    {
        string x = Clip.Song(_folder.Combine("x", "song.wav"), 0.2), y = Clip.Song(_folder.Combine("y", "song.wav"), 0.3);
        _folder.Make(Path.Combine("out", "demo", "song", "drums.wav"), "somebody else's");
        CommandLineRun run = await SeparateAsync(x, "--stems", "drums,bass", "-q");
        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("nothing says which input", run.Error, StringComparison.Ordinal);
        Assert.Equal("somebody else's", File.ReadAllText(Stem("song", "drums")));
        Assert.Equal(0, (await SeparateAsync(x, "--stems", "drums,bass", "-q", "--overwrite")).ExitCode);

        // One that is left of a song's stems is still that song's.
        File.Delete(Stem("song", "bass"));
        run = await SeparateAsync(y, "--stems", "drums,bass", "-q");
        Assert.Contains($"the stems of another input, {x}", run.Error, StringComparison.Ordinal);
        Assert.Equal(0, (await SeparateAsync(x, "--stems", "drums,bass", "-q")).ExitCode);
        Assert.True(File.Exists(Stem("song", "bass")));
    }

    [Fact]
    public async Task AnExactSumOfADamagedSongSaysWhatItAddsUpTo()
    {
        string whole = _folder.Combine("song.flac");
        using (IAudioWriter writer = AudioFiles.Create(whole, 44_100, 2, new EncodingOptions { Format = AudioFormat.Flac }))
        {
            writer.Write(Clip.Floats(Clip.Song(_folder.Combine("song.wav"))));
            writer.Complete();
        }

        byte[] bytes = File.ReadAllBytes(whole);
        File.WriteAllBytes(whole, bytes[..(bytes.Length / 2)]);
        CommandLineRun run = await SeparateAsync(whole, "--exact-sum", "--json", "-q", "--decoder", "managed");
        JsonElement track = OnlyTrack(run);
        Assert.Equal(JsonValueKind.Null, track.GetProperty("null_after_db").ValueKind);
        Assert.Contains(track.GetProperty("warnings").EnumerateArray(), warning => warning.GetString()!.Contains("add up to what was decoded", StringComparison.Ordinal));
    }

    [Fact]
    public async Task StemsOfAnotherInputAreReplacedOnlyWhenAsked()
    {
        string x = Clip.Song(_folder.Combine("x", "song.wav"), 0.2), y = Clip.Song(_folder.Combine("y", "song.wav"), 0.3);
        Assert.Equal(0, (await SeparateAsync(x, "--stems", "drums")).ExitCode);
        byte[] before = File.ReadAllBytes(Stem("song", "drums"));
        CommandLineRun run = await SeparateAsync(y, "--stems", "drums", "--progress", "plain");
        Assert.Equal(ExitCode.Usage, run.ExitCode);
        Assert.Contains($"stems of another input, {x}", run.Error, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(Stem("song", "drums")));

        // The same song elsewhere is no other one, and a file that was edited is the same input.
        File.Copy(x, y, overwrite: true);
        Assert.Equal("skipped", OnlyTrack(await SeparateAsync(y, "--stems", "drums", "--json")).GetProperty("status").GetString());
        Clip.Song(x, 0.25);
        Assert.Equal("done", OnlyTrack(await SeparateAsync(x, "--stems", "drums", "--json")).GetProperty("status").GetString());
        Clip.Song(y, 0.3);
        Assert.Equal(0, (await SeparateAsync(y, "--stems", "drums", "--overwrite")).ExitCode);
    }

    [Fact]
    public async Task WhatIsOddAboutAnInputIsToldEachTimeAndStrictRefusesIt()
    {
        string clip = Clip.Song(_folder.Combine("song.wav"), 0.3);
        File.WriteAllBytes(clip, File.ReadAllBytes(clip)[..^1000]);
        string[] first = [.. OnlyTrack(await SeparateAsync(clip, "--stems", "drums", "--json")).GetProperty("warnings").EnumerateArray().Select(w => w.GetString()!)];
        Assert.Contains("truncated", Assert.Single(first), StringComparison.Ordinal);
        JsonElement again = OnlyTrack(await SeparateAsync(clip, "--stems", "drums", "--json"));
        Assert.Equal("skipped", again.GetProperty("status").GetString());
        Assert.Equal(first, again.GetProperty("warnings").EnumerateArray().Select(w => w.GetString()!));
        Assert.Contains("truncated", (await SeparateAsync(clip, "--stems", "drums", "-q")).Error, StringComparison.Ordinal);
        CommandLineRun strict = await SeparateAsync(clip, "--stems", "drums", "--strict", "-q");
        Assert.Equal(ExitCode.Audio, strict.ExitCode);
        Assert.Contains("not flawless", strict.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ASongByItselfIsSeparated()
    {
        string clip = Clip.Song(_folder.Combine("song.wav"), 0.2);
        CommandLineRun run = await CommandLineRun.OfAsync(clip, "--model", "demo", "-o", Out, "--stems", "drums");
        Assert.Equal(0, run.ExitCode);
        Assert.True(File.Exists(Stem("song", "drums")));
        run = await CommandLineRun.OfAsync(_folder.Combine("none.wav"), "--model", "demo", "-o", Out);
        Assert.Equal(ExitCode.Audio, run.ExitCode);
        Assert.Contains("no such file", run.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Usage, (await CommandLineRun.OfAsync("seperate", clip)).ExitCode);
    }

    [LinuxFact]
    public async Task WhatMeansNothingForAFormatGetsALine()
    {
        string clip = Clip.Song(_folder.Combine("song.wav"), 0.2);
        string tool = OperatingSystem.IsWindows() ? "" : FakeFFmpeg.Make(_folder.Path, FakeFFmpeg.Encodes);
        (int code, _, string error) = await ChildProcess.RunAsync(
            ["separate", clip, "--model", "demo", "-o", Out, "--stems", "drums", "--mp3", "--int24"], environment: new Dictionary<string, string> { ["STEMSHARP_FFMPEG"] = tool });
        Assert.Equal(0, code);
        Assert.Contains("--int24 means nothing for mp3", error, StringComparison.Ordinal);
    }

    [LinuxFact]
    public async Task APipeWithANameIsReadOnceAndNeverCalledDone()
    {
        string clip = Clip.Song(_folder.Combine("song.wav"), 0.3), pipe = _folder.Combine("pipe.wav");
        using (System.Diagnostics.Process make = System.Diagnostics.Process.Start("mkfifo", [pipe]))
        {
            await make.WaitForExitAsync();
        }

        for (int run = 0; run < 2; run++)
        {
            Task fill = Task.Run(() => File.WriteAllBytes(pipe, File.ReadAllBytes(clip)));
            CommandLineRun done = await SeparateAsync(pipe, "--stems", "drums", "--json", "--max-memory", "4G").WaitAsync(TimeSpan.FromMinutes(2));
            Assert.Equal("done", OnlyTrack(done).GetProperty("status").GetString());
            await fill;
        }

        Task empty = Task.Run(() => File.WriteAllBytes(pipe, []));
        Assert.Contains("is empty", (await SeparateAsync(pipe, "--stems", "drums").WaitAsync(TimeSpan.FromMinutes(2))).Error, StringComparison.Ordinal);
        await empty;
        Assert.Equal(ExitCode.Usage, (await CommandLineRun.OfAsync("plan", pipe, "--model", "demo")).ExitCode);
        Assert.Contains("a device", (await SeparateAsync("/dev/zero", "-q")).Error, StringComparison.Ordinal);

        // Nobody writes: the wait can be ended.
        using CancellationTokenSource cancellation = new(TimeSpan.FromSeconds(1));
        Assert.ThrowsAny<OperationCanceledException>(() => AudioSource.Open(pipe, cancellationToken: cancellation.Token));
    }

    [Fact]
    public async Task EachErrorHasItsCodeAndOneClearLine()
    {
        string clip = Clip.Song(_folder.Combine("song.wav"), 0.2);
        string file = _folder.Make("file", "x");
        (string[] Arguments, int Code, string Text)[] cases =
        [
            ([_folder.Combine("missing.wav")], ExitCode.Audio, "no such file"),
            ([clip, "--two-stems", "kazoo"], ExitCode.Usage, "drums, bass, other, vocals, guitar, piano"),
            ([clip, "--stems", "kazoo"], ExitCode.Usage, "kazoo"),
            ([clip, "--segment", "60"], ExitCode.Usage, "2.6"),
            ([clip, "--residual", "kazoo", "--exact-sum"], ExitCode.Usage, "kazoo"),
            ([clip, "--start", "100"], ExitCode.Usage, "100"),
            ([clip, "--model", "nonesuch", "--offline"], ExitCode.Model, "nonesuch"),
            ([clip, "--model", "htdemucs", "--offline", "--repo", _folder.Path], ExitCode.Model, "htdemucs"),
            ([clip, "-o", file], ExitCode.Output, file),
        ];
        foreach ((string[] arguments, int code, string text) in cases)
        {
            string[] model = arguments.Contains("--model") ? [] : ["--model", "demo"];
            string[] folder = arguments.Contains("-o") ? [] : ["-o", Out];
            CommandLineRun run = await CommandLineRun.OfAsync(["separate", .. model, .. folder, .. arguments, "--quiet"]);
            Assert.True(code == run.ExitCode && run.Error.Contains(text, StringComparison.Ordinal), $"{string.Join(' ', arguments)}: {run.ExitCode} {run.Error}");
            Assert.Single(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        }
    }

    [Fact]
    public async Task WithoutFFmpegTheErrorComesBeforeTheWork()
    {
        string clip = Clip.Song(_folder.Combine("song.wav"), 0.2);
        (int code, _, string error) = await ChildProcess.RunAsync(
            ["separate", clip, "--model", "demo", "-o", Out, "--mp3"],
            environment: new Dictionary<string, string> { ["STEMSHARP_FFMPEG"] = _folder.Combine("no-ffmpeg"), ["PATH"] = "" });
        Assert.Equal(ExitCode.ExternalTool, code);
        Assert.Contains("FFmpeg", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(Out, "demo", "song")));
    }

    [Fact]
    public async Task ACancelledRunLeavesNothingHalfWritten()
    {
        string clip = Clip.Song(_folder.Combine("song.wav"), 9);
        using CancellationTokenSource cancellation = new();
        using CancellingWriter error = new(cancellation, "\"phase\":\"separating\"");
        int code = await CommandLineHost.RunAsync(
            // Work enough for an event in its midst, of which only some are written.
            Program.CreateRoot(), ["separate", clip, "--model", "demo", "--shifts", "10", "-o", Out, "--progress", "json"],
            TextWriter.Null, TextWriter.Synchronized(error), cancellation.Token);
        Assert.Equal(ExitCode.Cancelled, code);
        Assert.All(Directory.GetFiles(Out, "*", SearchOption.AllDirectories), file => Assert.Equal((".lock", 0L), (Path.GetExtension(file), new FileInfo(file).Length)));
    }

    [Fact]
    public async Task StandardInputAndOutputCarryAudio()
    {
        string clip = Clip.Song(_folder.Combine("song.wav"), 0.5);
        Assert.Equal(0, (await SeparateAsync(clip)).ExitCode);
        byte[] song = File.ReadAllBytes(clip);
        (int code, byte[] output, string error) = await ChildProcess.RunAsync(
            ["separate", "-", "--model", "demo", "-o", "-", "--stems", "vocals", "--quiet"], song);
        Assert.Equal((0, ""), (code, error));
        Assert.Equal(File.ReadAllBytes(Stem("song", "vocals")), output);

        (code, output, _) = await ChildProcess.RunAsync(["separate", clip, "--model", "demo", "-o", "-", "--progress", "json"]);
        Assert.Equal(0, code);
        using TarReader tar = new(new MemoryStream(output));
        Dictionary<string, long> entries = [];
        while (tar.GetNextEntry() is { } entry)
        {
            entries.Add(entry.Name, entry.Length);
        }

        Assert.Equal(s_stems.Select(s => s + ".wav"), entries.Keys);
        Assert.All(s_stems, s => Assert.Equal(new FileInfo(Stem("song", s)).Length, entries[s + ".wav"]));

        (code, output, _) = await ChildProcess.RunAsync(["separate", clip, "--model", "demo", "-o", "-", "--pipe", "multichannel", "-q"]);
        string all = _folder.Combine("all.wav");
        File.WriteAllBytes(all, output);
        int[] joined = Clip.Integers(all);
        int[] bass = Clip.Integers(Stem("song", "bass"));
        Assert.Equal(6 * bass.Length, joined.Length);
        Assert.Equal(bass, joined.Where((_, i) => i % 12 is 2 or 3));
    }

    private static JsonElement Result(CommandLineRun run) => JsonDocument.Parse(run.Output).RootElement;

    private static JsonElement OnlyTrack(CommandLineRun run) => Assert.Single(Result(run).GetProperty("tracks").EnumerateArray().ToArray());

    /// <summary>Cancels when a text has been written a number of times.</summary>
    private sealed class CancellingWriter(CancellationTokenSource cancellation, string text) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            if (value?.Contains(text, StringComparison.Ordinal) == true)
            {
                cancellation.Cancel();
            }
        }
    }
}
