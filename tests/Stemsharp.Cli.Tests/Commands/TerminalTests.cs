using System.Diagnostics;
using System.Text.RegularExpressions;
using Stemsharp.Cli.Hosting;
using Stemsharp.Tests;
using Xunit;

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
