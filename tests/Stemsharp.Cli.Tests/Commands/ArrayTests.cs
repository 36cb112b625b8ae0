using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Stemsharp.Cli.Hosting;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Cli.Tests.Commands;

/// <summary>
/// Lists, shares of them, and reports. STEMSHARP_ARRAY_TRACKS and STEMSHARP_ARRAY_SHARES set the size of the array that is killed and started
/// again (default 24 in 4).
/// </summary>
public sealed class ArrayTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_list_gives_tracks_settings_of_their_own()
    {
        Clip.Song(_folder.Combine("a.wav"), 0.2);
        Clip.Song(_folder.Combine("b.wav"), 0.2);
        string list = _folder.Make("list.txt", $$"""
            {{_folder.Combine("a.wav")}}
            {"input":"{{_folder.Combine("b.wav")}}","stems":["vocals"],"float32":true}
            {"input":"{{_folder.Combine("a.wav")}}","two_stems":"drums","filename":"{track} in two/{stem}.{ext}"}

            """);
        CommandLineRun run = await CommandLineRun.OfAsync("separate", "--list", list, "--model", "demo", "-o", _folder.Combine("out"), "--int24", "--json", "--quiet");
        // What the command line and a track's own settings say together must fit, as on one command line.
        Assert.Equal(ExitCode.Usage, run.ExitCode);
        Assert.Contains("line 2: --int24 and --float32 exclude each other", run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.Combine("out")));

        run = await CommandLineRun.OfAsync("separate", "--list", list, "--model", "demo", "-o", _folder.Combine("out"), "--stems", "bass", "--json", "--quiet");
        Assert.Contains("line 3: --stems and --two-stems exclude each other", run.Error, StringComparison.Ordinal);

        run = await CommandLineRun.OfAsync("separate", "--list", list, "--model", "demo", "-o", _folder.Combine("out"), "--json", "--quiet");
        Assert.Equal((ExitCode.Success, ""), (run.ExitCode, run.Error));
        string root = _folder.Combine("out", "demo");
        Assert.Equal(
            ["a in two/drums.wav", "a in two/no_drums.wav", "a/bass.wav", "a/drums.wav", "a/guitar.wav", "a/other.wav", "a/piano.wav", "a/vocals.wav", "b/vocals.wav"],
            Directory.GetFiles(root, "*.wav", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(root, f)).Order(StringComparer.Ordinal));
        // The same bytes as from a command line with these settings.
        Assert.Equal(0, (await CommandLineRun.OfAsync("separate", _folder.Combine("b.wav"), "--model", "demo", "-o", _folder.Combine("one"), "--stems", "vocals", "--float32", "--quiet")).ExitCode);
        Assert.Equal(File.ReadAllBytes(_folder.Combine("one", "demo", "b", "vocals.wav")), File.ReadAllBytes(Path.Combine(root, "b", "vocals.wav")));
        // And all of it is finished, as the manifest says.
        run = await CommandLineRun.OfAsync("separate", "--list", list, "--model", "demo", "-o", _folder.Combine("out"), "--json", "--quiet");
        Assert.All(JsonDocument.Parse(run.Output).RootElement.GetProperty("tracks").EnumerateArray(), t => Assert.Equal("skipped", t.GetProperty("status").GetString()));
    }

    [Fact]
    public async Task Two_entries_that_would_have_the_same_files_are_told_apart()
    {
        Clip.Song(_folder.Combine("a.wav"), 0.2);
        string list = _folder.Make("list.txt", $$"""
            {{_folder.Combine("a.wav")}}
            {"input":"{{_folder.Combine("a.wav")}}","shifts":2}
            """);
        CommandLineRun run = await CommandLineRun.OfAsync("separate", "--list", list, "--model", "demo", "-o", _folder.Combine("out"), "--stems", "drums", "--quiet");
        Assert.Equal(ExitCode.PartialFailure, run.ExitCode);
        Assert.Contains("with other settings", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"input\":\"a.wav\",\"json\":true}", "\"json\" is no setting of a track")]
    [InlineData("{\"input\":\"a.wav\",\"shifts\":\"many\"}", "line 1")]
    [InlineData("{\"input\":\"a.wav\",\"overlap\":2}", "line 1: --overlap 2 is out of range")]
    public async Task Settings_that_are_none_are_refused_before_any_work(string line, string said)
    {
        CommandLineRun run = await CommandLineRun.OfAsync("separate", "--list", _folder.Make("list.txt", line), "--model", "demo", "-o", _folder.Combine("out"));
        Assert.Equal(ExitCode.Usage, run.ExitCode);
        Assert.Contains(said, run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.Combine("out")));
    }

    [Theory]
    [InlineData("--shard", "0/2")]
    [InlineData("--report", "-{shard}")]
    public async Task Shares_and_their_reports_need_a_list(string option, string value)
    {
        Clip.Song(_folder.Combine("a.wav"), 0.2);
        CommandLineRun run = await CommandLineRun.OfAsync("separate", _folder.Combine("a.wav"), option, value, "--model", "demo", "-o", _folder.Combine("out"));
        Assert.Equal(ExitCode.Usage, run.ExitCode);
    }

    [Fact]
    public async Task A_report_goes_on_behind_the_last_whole_line_and_is_one_processes()
    {
        Clip.Song(_folder.Combine("a.wav"), 0.2);
        string list = _folder.Make("list.txt", $"{_folder.Combine("a.wav")}\n{_folder.Combine("none.wav")}\n"), report = _folder.Combine("reports", "r.jsonl");
        string[] command = ["separate", "--list", list, "--model", "demo", "-o", _folder.Combine("out"), "--stems", "drums", "--quiet", "--report", report];
        Assert.Equal(ExitCode.PartialFailure, (await CommandLineRun.OfAsync(command)).ExitCode);
        File.AppendAllText(report, "{\"v\":1,\"time\":\"2026-");
        using (new FileStream(report, FileMode.Open, FileAccess.Write, FileShare.None))
        {
            CommandLineRun refused = await CommandLineRun.OfAsync(command);
            Assert.Equal(ExitCode.Output, refused.ExitCode);
            Assert.Contains("{shard}", refused.Error, StringComparison.Ordinal);
        }

        Assert.Equal(ExitCode.PartialFailure, (await CommandLineRun.OfAsync(command)).ExitCode);
        JsonElement[] lines = Lines(report);
        Assert.Equal(["failed", "done", "failed", "skipped"], lines.Select(l => l.GetProperty("status").GetString()));
        Assert.Equal("audio", lines[0].GetProperty("error").GetString());
        Assert.All(lines, l => Assert.Equal((1, "demo"), (l.GetProperty("v").GetInt32(), l.GetProperty("model").GetString())));
    }

    // Outside of --shard the variables of schedulers mean nothing: many run one song a task.
    [Fact]
    public async Task Without_a_share_the_schedulers_variables_are_ignored()
    {
        Clip.Song(_folder.Combine("a.wav"), 0.2);
        string list = _folder.Make("list.txt", _folder.Combine("a.wav"));
        Dictionary<string, string> task = new() { ["SLURM_ARRAY_TASK_ID"] = "7", ["JOB_COMPLETION_INDEX"] = "7" };
        (int code, _, string error) = await ChildProcess.RunAsync(["separate", "--list", list, "--model", "demo", "-o", _folder.Combine("out"), "--stems", "drums"], environment: task);
        Assert.Equal(0, code);
        Assert.DoesNotContain("shard", error, StringComparison.Ordinal);
        Assert.True(File.Exists(_folder.Combine("out", "demo", "a", "drums.wav")));
    }

    [LinuxFact]
    public async Task An_array_that_is_killed_and_started_again_loses_nothing_and_does_nothing_twice()
    {
        int tracks = Number("STEMSHARP_ARRAY_TRACKS", 24), shares = Number("STEMSHARP_ARRAY_SHARES", 4);
        StringBuilder list = new();
        for (int i = 0; i < tracks; i++)
        {
            list.AppendLine(Clip.Song(_folder.Combine("in", $"{i:000}.wav"), 0.1 + 0.001 * i));
        }

        list.AppendLine(_folder.Make(Path.Combine("in", "broken.wav"), "no sound"));
        byte[] text = Encoding.UTF8.GetBytes(list.ToString());
        string output = _folder.Combine("out"), truth = _folder.Combine("truth");
        string[] Command(string folder) => ["separate", "--list", "-", "--model", "demo", "-o", folder, "--stems", "drums,vocals", "--threads", "1", "--progress", "none"];
        (int whole, _, string said) = await ChildProcess.RunAsync(Command(truth), text);
        Assert.True(whole == ExitCode.PartialFailure, said);
        Dictionary<string, byte[]> expected = Wavs(truth).ToDictionary(f => Path.GetRelativePath(truth, f), File.ReadAllBytes);
        Assert.Equal(2 * tracks, expected.Count);

        // Every task is killed, or asked to stop, at least once, and started again until it ends by itself.
        Random dice = new(5);
        int[] codes = await Task.WhenAll(Enumerable.Range(0, shares).Select(share => Task.Run(() => TaskAsync(share, dice.Next()))));
        Assert.Equal(1, codes.Count(c => c == ExitCode.PartialFailure));
        Assert.Equal(shares - 1, codes.Count(c => c == ExitCode.Success));

        Assert.Equal(expected.Keys.Order(), Wavs(output).Select(f => Path.GetRelativePath(output, f)).Order());
        foreach (string file in Wavs(output))
        {
            Assert.Equal(expected[Path.GetRelativePath(output, file)], File.ReadAllBytes(file));
        }

        // By the reports, put behind one another, too: each track was done once, and every other time it was skipped.
        JsonElement[] lines = [.. Directory.GetFiles(_folder.Combine("reports")).SelectMany(Lines)];
        string[] done = [.. lines.Where(l => l.GetProperty("status").GetString() == "done").Select(l => l.GetProperty("input").GetString()!)];
        Assert.Equal(done.Distinct().Count(), done.Length);
        Assert.Equal(tracks + 1, lines.Select(l => l.GetProperty("input").GetString()).Distinct().Count());
        Assert.Equal(tracks, Directory.GetFiles(Path.Combine(output, "demo", ".stemsharp"), "*.json").Length);

        async Task<int> TaskAsync(int share, int seed)
        {
            Random random = new(seed);
            string[] command = [.. Command(output), "--shard", $"auto/{shares}", "--shard-base", "1", "--report", _folder.Combine("reports", "{shard}.jsonl")];
            Dictionary<string, string> task = new() { ["SLURM_ARRAY_TASK_ID"] = $"{share + 1}" };
            for (int kill = 0; ; kill++)
            {
                using Process process = ChildProcess.Start(command, task);
                _ = process.StandardOutput.ReadToEndAsync();
                Task<string> error = process.StandardError.ReadToEndAsync();
                await process.StandardInput.BaseStream.WriteAsync(text);
                process.StandardInput.Close();
                if (kill < 2)
                {
                    // A moment counted in what has been written, not in time: the machine may be busy.
                    int before = Wavs(output).Length, target = before + random.Next(1, 4);
                    Stopwatch patience = Stopwatch.StartNew();
                    while (!process.HasExited && Wavs(output).Length < target && patience.Elapsed < TimeSpan.FromSeconds(20))
                    {
                        await Task.Delay(5);
                    }

                    using Process signal = Process.Start("kill", [kill == 0 ? "-KILL" : "-TERM", $"{process.Id}"]);
                    await signal.WaitForExitAsync();
                }

                await process.WaitForExitAsync();
                string messages = await error;
                if (process.ExitCode is not (137 or ExitCode.Cancelled))
                {
                    Assert.Contains($"shard {share} of {shares}: ", messages, StringComparison.Ordinal);
                    Assert.Contains($" of {tracks + 1} tracks", messages, StringComparison.Ordinal);
                    return process.ExitCode;
                }
            }
        }
    }

    private static JsonElement[] Lines(string report) => [.. File.ReadAllLines(report).Select(l => JsonDocument.Parse(l).RootElement)];

    private static string[] Wavs(string folder) => Directory.Exists(folder)
        ? Directory.GetFiles(folder, "*.wav", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.Hidden })
        : [];

    private static int Number(string variable, int fallback) => int.TryParse(Environment.GetEnvironmentVariable(variable), out int value) ? value : fallback;
}
