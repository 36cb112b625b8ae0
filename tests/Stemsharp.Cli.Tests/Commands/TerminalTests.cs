using System.Diagnostics;
using System.Text.RegularExpressions;
using Stemsharp.Cli.Hosting;
using Stemsharp.Tests;
using Xunit;
using Answer = Stemsharp.Tests.Checkpoints.ModelServer.Answer;

namespace Stemsharp.Cli.Tests.Commands;

/// <summary>What is shown on a terminal, and what is not where there is none.</summary>
public sealed class TerminalTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task WithoutATerminalThereAreNoColoursAndNoBars()
    {
        string clip = Clip.Song(_folder.Combine("song.wav"), 0.3);
        (int code, byte[] output, string error) = await ChildProcess.RunAsync(["separate", clip, _folder.Combine("missing.wav"), "--model", "demo", "-o", _folder.Combine("out"), "--stems", "drums"]);
        Assert.Equal(ExitCode.PartialFailure, code);
        Assert.Empty(output);
        Assert.DoesNotContain('\u001b', error);
        Assert.DoesNotContain('\r', error.Replace(Environment.NewLine, "", StringComparison.Ordinal));
        Assert.Contains("2 tracks: 1 done, 1 failed", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WithoutProgressResultsAreToldAllTheSame()
    {
        string clip = Clip.Song(_folder.Combine("song.wav"), 0.3), missing = _folder.Combine("missing.wav");
        string[] command = ["separate", clip, missing, "--model", "demo", "-o", _folder.Combine("out"), "--stems", "drums", "--overwrite"];
        CommandLineRun none = await CommandLineRun.OfAsync([.. command, "--progress", "none"]), quiet = await CommandLineRun.OfAsync([.. command, "--progress", "none", "--quiet"]);
        string[] lines = none.Error.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(4, lines.Length);
        Assert.Contains("failed: ", lines[1], StringComparison.Ordinal);
        Assert.Contains("song.wav: 1 file in", lines[2], StringComparison.Ordinal);
        Assert.StartsWith("2 tracks: 1 done, 1 failed in", lines[3], StringComparison.Ordinal);
        Assert.DoesNotContain("%", none.Error, StringComparison.Ordinal);
        Assert.Contains("missing.wav", Assert.Single(quiet.Error.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [LinuxFact]
    public async Task SoundIsNotWrittenToATerminal()
    {
        string clip = Clip.Song(_folder.Combine("song.wav"), 0.3);
        (int code, string[] screen) = await OnTerminalAsync($"separate '{clip}' --model demo --stems drums -o -");
        Assert.Equal(ExitCode.Usage, code);
        Assert.StartsWith("stemsharp: -o - writes sound to standard output, which is a terminal here", Assert.Single(screen), StringComparison.Ordinal);
    }

    [LinuxFact]
    public async Task AFailureLeavesNothingOfABar()
    {
        // A download that breaks off in the midst, again and again.
        using ModelHost cut = new(_folder.Path, (request, index) => index == 0 ? Answer.File(ModelHost.Model, request).Cut(900_000) : Answer.Status404, "mine");
        (int code, string[] screen) = await OnTerminalAsync("models download mine", cut.Environment);
        Assert.Equal(ExitCode.Model, code);
        Assert.StartsWith("Downloading mine (", screen[0], StringComparison.Ordinal);
        Assert.StartsWith("stemsharp: mine is not here", screen[1], StringComparison.Ordinal);
        Assert.DoesNotContain(screen, line => line.Contains('%', StringComparison.Ordinal));

        // A batch in which one track fails, and one that is stopped.
        string song = Clip.Song(_folder.Combine("song.wav"), 2), broken = _folder.Make("broken.wav", "no sound");
        (code, screen) = await OnTerminalAsync($"separate '{song}' '{broken}' --model demo --stems drums -o '{_folder.Combine("out")}'");
        Assert.Equal(ExitCode.PartialFailure, code);
        Assert.Equal(4, screen.Length);
        Assert.StartsWith("Stems go to ", screen[0], StringComparison.Ordinal);
        Assert.StartsWith("done ", screen[1], StringComparison.Ordinal);
        Assert.StartsWith("failed ", screen[2], StringComparison.Ordinal);
        Assert.StartsWith("2 tracks: 1 done, 1 failed", screen[3], StringComparison.Ordinal);
    }

    private static async Task<(int Code, string[] Screen)> OnTerminalAsync(string arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        string command = $"stty cols 250; dotnet '{Path.Combine(AppContext.BaseDirectory, "Stemsharp.Cli.dll")}' {arguments}";
        ProcessStartInfo start = new ProcessStartInfo("script", ["-qec", command, "/dev/null"]) { RedirectStandardOutput = true, RedirectStandardInput = true }
            .With(environment ?? new Dictionary<string, string>());
        start.Environment["TERM"] = "xterm-256color";
        using Process process = Process.Start(start)!;
        string written = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, [.. Screen.Of(written).Where(line => line.Length > 0)]);
    }

    [ToolFact("script")]
    public async Task OnATerminalThereAreBarsAndNoColoursWhereTheyAreNotWanted()
    {
        // Elsewhere the program has other options.
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        string clip = Clip.Song(_folder.Combine("song.wav"), 3);
        string command = $"dotnet '{Path.Combine(AppContext.BaseDirectory, "Stemsharp.Cli.dll")}' separate '{clip}' --model demo -o '{_folder.Combine("out")}' --stems drums --overwrite";
        foreach (bool colours in new[] { true, false })
        {
            ProcessStartInfo start = new("script", ["-qec", command, "/dev/null"]) { RedirectStandardOutput = true, RedirectStandardInput = true };
            start.Environment["TERM"] = "xterm-256color";
            start.Environment["NO_COLOR"] = colours ? null : "1";
            using Process process = Process.Start(start)!;
            string screen = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            Assert.Equal(0, process.ExitCode);
            // The bar moves in place; colours are escapes such as ESC[38;5;11m, bold is ESC[1m.
            Assert.Contains("\u001b[?25l", screen, StringComparison.Ordinal);
            Assert.Contains("song.wav: 1 file in", screen, StringComparison.Ordinal);
            Assert.Equal(colours, Regex.IsMatch(screen, "\u001b\\[38;5;[0-9]+m"));
        }
    }
}
