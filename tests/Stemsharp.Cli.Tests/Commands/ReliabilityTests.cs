using System.Diagnostics;
using System.Text.Json;
using Stemsharp.Audio;
using Stemsharp.Cli.Hosting;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Cli.Tests.Commands;

/// <summary>What goes wrong around a separation: inputs that change, places that take nothing, readers that go away.</summary>
public sealed class ReliabilityTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Out => _folder.Combine("out");

    [Theory]
    [InlineData("grows")]
    [InlineData("shrinks")]
    [InlineData("is replaced")]
    [InlineData("is deleted")]
    public async Task AFileThatChangesWhileItIsReadIsRefusedAndLeavesNothing(string how)
    {
        string clip = Clip.Song(_folder.Combine("song.wav"), 9);
        using HookWriter error = new("\"phase\":\"separating\"", () =>
        {
            switch (how)
            {
                case "grows":
                    File.AppendAllText(clip, "more");
                    break;
                case "shrinks":
                    using (FileStream file = new(clip, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete))
                    {
                        file.SetLength(1000);
                    }

                    break;
                case "is replaced":
                    Clip.Song(_folder.Combine("other.wav"), 5);
                    File.Move(_folder.Combine("other.wav"), clip, overwrite: true);
                    break;
                default:
                    File.Delete(clip);
                    break;
            }
        });
        int code = await CommandLineHost.RunAsync(
            Program.CreateRoot(), ["separate", clip, "--model", "demo", "-o", Out, "--stems", "drums", "--progress", "json"],
            TextWriter.Null, TextWriter.Synchronized(error), CancellationToken.None);
        Assert.Equal(ExitCode.Audio, code);
        Assert.True(error.WasCalled);
        Assert.All(Directory.GetFiles(Out, "*", SearchOption.AllDirectories), file => Assert.Equal((".lock", 0L), (Path.GetExtension(file), new FileInfo(file).Length)));
    }

    // The system refuses to write beyond a limit of each file's size: at another stage of the same song for each limit.
    [LinuxTheory]
    [InlineData("the input at the model's rate", 48_000, 400, "temporary file", "--clip-mode", "none")]
    [InlineData("stems that wait", 44_100, 2_000, "temporary file")]
    [InlineData("stems that wait to add up", 44_100, 2_000, "temporary file", "--exact-sum")]
    [InlineData("a file", 44_100, 400, ".wav", "--stems", "drums", "--clip-mode", "none")]
    [InlineData("a file that is written again", 44_100, 2_500, ".wav", "--stems", "drums", "--rate", "192000")]
    public async Task ADiskThatTakesNoMoreIsToldOnceAndNothingIsLeft(string stage, int rate, int kilobytes, string named, params string[] options)
    {
        Assert.NotEmpty(stage);
        string clip = _folder.Combine("song.wav");
        using (IAudioWriter writer = AudioFiles.Create(clip, rate, 2))
        {
            // So loud that every stem needs a gain.
            writer.Write(Enumerable.Range(0, 6 * rate * 2).Select(i => i / 300 % 2 == 0 ? 0.99f : -0.99f).ToArray());
            writer.Complete();
        }

        string temporary = Directory.CreateDirectory(_folder.Combine("tmp")).FullName;
        string limit = $"trap '' XFSZ; ulimit -f {2 * kilobytes}; exec \"$0\" \"$@\"";
        using Process process = ChildProcess.Start(
            ["separate", clip, "--model", "demo", "-o", Out, "--quiet", .. options],
            new Dictionary<string, string> { ["DOTNET_EnableWriteXorExecute"] = "0", ["TMPDIR"] = temporary }, ["/bin/sh", "-c", limit]);
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal(ExitCode.Output, process.ExitCode);
        Assert.Contains(named, Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        Assert.All(Directory.GetFiles(Out, "*", SearchOption.AllDirectories), file => Assert.Equal((".lock", 0L), (Path.GetExtension(file), new FileInfo(file).Length)));
        Assert.Empty(Directory.GetFiles(temporary, "*stemsharp*"));
    }

    [LinuxFact]
    public async Task AFolderThatTakesNothingIsRefusedBeforeTheWork()
    {
        string clip = Clip.Song(_folder.Combine("song.wav"), 0.2);
        CommandLineRun run = await CommandLineRun.OfAsync("separate", clip, "--model", "demo", "-o", "/proc/stems", "--progress", "json");
        Assert.Equal(ExitCode.Output, run.ExitCode);
        JsonElement error = JsonDocument.Parse(Assert.Single(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries))).RootElement;
        Assert.Equal(("error", "output"), (error.GetProperty("event").GetString(), error.GetProperty("error").GetString()));
        Assert.Contains("/proc/stems", error.GetProperty("message").GetString()!, StringComparison.Ordinal);
    }

    [LinuxFact]
    public async Task AFullDiskBehindStandardOutputIsAnError()
    {
        string clip = Clip.Song(_folder.Combine("song.wav"), 0.3);
        using Process process = ChildProcess.Start(
            ["separate", clip, "--model", "demo", "-o", "-", "--stems", "drums", "--quiet"], prefix: ["/bin/sh", "-c", "exec \"$@\" > /dev/full", "sh"]);
        process.StandardInput.Close();
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal(ExitCode.Output, process.ExitCode);
        Assert.Contains("space", error, StringComparison.OrdinalIgnoreCase);
        Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    /// <summary>Does something when a text is written for the first time.</summary>
    private sealed class HookWriter(string text, Action action) : StringWriter
    {
        internal bool WasCalled { get; private set; }

        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            if (WasCalled || value?.Contains(text, StringComparison.Ordinal) != true)
            {
                return;
            }

            WasCalled = true;
            action();
        }
    }
}
