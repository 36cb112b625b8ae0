using System.Diagnostics;
using System.Text.Json;
using Stemsharp.Cli.Hosting;
using Xunit;

namespace Stemsharp.Cli.Tests.Commands;

/// <summary>
/// What kill -9 leaves: whole files or none. STEMSHARP_KILLS sets how often the batch is killed (default 6), and
/// STEMSHARP_KILL_TRACKS how many tracks it has (default 8).
/// </summary>
public sealed class KillTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task NothingIsLostAndNothingHalfWrittenHoweverOftenABatchIsKilled()
    {
        int kills = Number("STEMSHARP_KILLS", 6);
        int tracks = Number("STEMSHARP_KILL_TRACKS", 8);
        for (int i = 0; i < tracks; i++)
        {
            Clip.Song(_folder.Combine("in", $"{i:000}.wav"), 0.1 + 0.001 * i);
        }

        string output = _folder.Combine("out");
        string[] command = ["separate", _folder.Combine("in"), "--model", "demo", "-o", output, "--stems", "drums,vocals", "--progress", "json", "--threads", "1"];

        // The same batch undisturbed is the truth.
        string truth = _folder.Combine("truth");
        Assert.Equal(0, (await CommandLineRun.OfAsync(["separate", _folder.Combine("in"), "--model", "demo", "-o", truth, "--stems", "drums,vocals"])).ExitCode);
        Dictionary<string, byte[]> whole = Directory.GetFiles(truth, "*.wav", SearchOption.AllDirectories)
            .ToDictionary(f => Path.GetRelativePath(truth, f), File.ReadAllBytes);
        Assert.Equal(2 * tracks, whole.Count);

        Random random = new(7);
        int survived = 0;
        for (int kill = 0; survived < kills; kill++)
        {
            using Process process = ChildProcess.Start(command);
            _ = process.StandardError.ReadToEndAsync();
            _ = process.StandardOutput.ReadToEndAsync();
            // A moment counted in what has been written, not in time: the machine may be busy.
            int target = random.Next(0, 2 * tracks);
            Stopwatch patience = Stopwatch.StartNew();
            while (!process.HasExited && Files(output).Length <= target - kill % 2 && patience.Elapsed < TimeSpan.FromSeconds(1 + random.NextDouble()))
            {
                await Task.Delay(random.Next(1, 15));
            }

            process.Kill();
            await process.WaitForExitAsync();
            // One that had come to its end by itself does not count.
            if (process.ExitCode != 0)
            {
                survived++;
            }

            AssertWhole(output, whole);
            if (Files(output).Length == 2 * tracks)
            {
                Directory.Delete(output, recursive: true);
            }
        }

        CommandLineRun last = await CommandLineRun.OfAsync([.. command, "--json"]);
        Assert.Equal(0, last.ExitCode);
        Assert.Equal(tracks, JsonDocument.Parse(last.Output).RootElement.GetProperty("tracks").GetArrayLength());
        Assert.Equal(2 * tracks, Files(output).Length);
        AssertWhole(output, whole);
        // The completing run swept away all that dead ones had begun; records and locks stay.
        Assert.All(Directory.GetFileSystemEntries(Path.Combine(output, "demo", ".stemsharp")), e => Assert.Contains(Path.GetExtension(e), (string[])[".json", ".lock"]));
    }

    [Fact]
    public async Task TwoRunsOnOneFolderShareTheWork()
    {
        for (int i = 0; i < 4; i++)
        {
            Clip.Song(_folder.Combine("in", $"{i}.wav"), 0.2);
        }

        string output = _folder.Combine("out");
        string[] command = ["separate", _folder.Combine("in"), "--model", "demo", "-o", output, "--stems", "drums", "--json", "--quiet"];
        (int ExitCode, byte[] Output, string Error)[] runs = await Task.WhenAll(ChildProcess.RunAsync(command), ChildProcess.RunAsync(command));
        Assert.All(runs, r => Assert.Equal((ExitCode.Success, ""), (r.ExitCode, r.Error)));
        Assert.Equal(4, Files(output).Length);
        int done = runs.Sum(r => JsonDocument.Parse(r.Output).RootElement.GetProperty("tracks").EnumerateArray()
            .Count(t => t.GetProperty("status").GetString() == "done"));
        Assert.Equal(4, done);
    }

    private static string[] Files(string folder) => Directory.Exists(folder)
        ? Directory.GetFiles(folder, "*.wav", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.Hidden })
        : [];

    private static void AssertWhole(string output, Dictionary<string, byte[]> whole)
    {
        foreach (string file in Files(output))
        {
            Assert.Equal(whole[Path.GetRelativePath(output, file)], File.ReadAllBytes(file));
        }
    }

    private static int Number(string variable, int fallback) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), out int value) ? value : fallback;
}
