using System.Diagnostics;
using Stemsharp.Cli.Commands;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Cli.Tests.Commands;

/// <summary>What is offered at the cursor, and that shells offer it.</summary>
public sealed class CompletionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("stemsharp mo", "models")]
    [InlineData("stemsharp models pa", "path")]
    [InlineData("stemsharp separate --mod", "--model,--model_filename")]
    [InlineData("stemsharp song.wav --exact", "--exact-sum")]
    [InlineData("stemsharp --exact", "--exact-sum")]
    [InlineData("stemsharp separate song.wav -n htdemucs_", "htdemucs_ft,htdemucs_6s")]
    [InlineData("stemsharp separate song.wav --model=htdemucs_", "--model=htdemucs_ft,--model=htdemucs_6s")]
    [InlineData("stemsharp separate song.wav --format o", "ogg,opus")]
    [InlineData("stemsharp separate song.wav --output_format o", "ogg,opus")]
    [InlineData("stemsharp separate song.wav --two-stems ", "drums,bass,other,vocals")]
    [InlineData("stemsharp separate song.wav -n demo --two-stems p", "piano")]
    [InlineData("stemsharp separate song.wav -n demo --stems piano,g", "piano,guitar")]
    [InlineData("stemsharp separate song.wav --chain vocal_b", "vocal_balanced")]
    [InlineData("stemsharp separate song.wav --engine v", "vulkan")]
    [InlineData("stemsharp separate song.wav -d cu", "cuda")]
    [InlineData("stemsharp export onnx htdemucs_f", "htdemucs_ft")]
    [InlineData("stemsharp export onnx demo --stems pi", "piano")]
    [InlineData("stemsharp models chains vocal_b", "vocal_balanced")]
    [InlineData("stemsharp completion p", "powershell")]
    [InlineData("stemsharp verify --prec", "--precision")]
    [InlineData("stemsharp separate so", "")]
    [InlineData("stemsharp separate ", "")]
    [InlineData("stemsharp separate song.wav --out ", "")]
    [InlineData("stemsharp separate -- --mod", "")]
    public void TheWordAtTheCursorIsCompleted(string line, string expected) =>
        Assert.Equal(expected, string.Join(',', Completions.Of(Program.CreateRoot(), line)));

    [Fact]
    public void AtTheBeginningAreTheCommands() =>
        Assert.Equal(Program.CreateRoot().Subcommands.Select(c => c.Name), Completions.Of(Program.CreateRoot(), "stemsharp "));

    [Fact]
    public async Task AShellThatIsNotKnownIsAnsweredWithThoseThatAre()
    {
        CommandLineRun run = await CommandLineRun.OfAsync("completion");
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("bash, zsh, fish, powershell", run.Error, StringComparison.Ordinal);
        Assert.Equal(2, (await CommandLineRun.OfAsync("completion", "tcsh")).ExitCode);
    }

    [ToolFact("bash")]
    public async Task BashOffersThem()
    {
        const string Harness = """
            source "$1"
            ask() {
                COMP_LINE="$1"; COMP_POINT=${#1}; shift
                COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 ))
                _stemsharp
                printf '%s\n' "${COMPREPLY[*]}"
            }
            ask "stemsharp mo" stemsharp mo
            ask "stemsharp separate song.wav -n htdemucs_" stemsharp separate song.wav -n htdemucs_
            ask "stemsharp separate song.wav --model=htdemucs_" stemsharp separate song.wav --model = htdemucs_
            ask "stemsharp separate song.wav --format=" stemsharp separate song.wav --format =
            ask "stemsharp bench synthetic:htdemucs_6" stemsharp bench synthetic : htdemucs_6
            ask "stemsharp separate so" stemsharp separate so
            complete -p stemsharp
            """;
        string[] lines = await RunAsync("bash", Harness);
        Assert.Equal(
            [
                "models", "htdemucs_ft htdemucs_6s", "htdemucs_ft htdemucs_6s", "aac flac m4a mp3 ogg opus stem wav", "htdemucs_6s", "",
                "complete -o bashdefault -o default -F _stemsharp stemsharp",
            ],
            [.. lines[..3], string.Join(' ', lines[3].Split(' ').Order()), .. lines[4..]]);
    }

    [ToolFact("zsh")]
    public async Task ZshOffersThem()
    {
        const string Harness = """
            compdef() { }
            compadd() { shift; print -r -- "$@" }
            _files() { print -r -- files }
            source "$1"
            words=(stemsharp mo) CURRENT=2 && _stemsharp
            words=(stemsharp separate song.wav -n htdemucs_) CURRENT=5 && _stemsharp
            words=(stemsharp separate so) CURRENT=3 && _stemsharp
            """;
        Assert.Equal(["models", "htdemucs_ft htdemucs_6s", "files"], await RunAsync("zsh", Harness));
    }

    [ToolFact("fish")]
    public async Task FishOffersThem()
    {
        const string Harness = """
            source $argv[1]
            complete -C 'stemsharp mo'
            complete -C 'stemsharp separate song.wav -n htdemucs_' | sort
            """;
        Assert.Equal(["models", "htdemucs_6s", "htdemucs_ft"], await RunAsync("fish", Harness));
    }

    /// <summary>PowerShell is in no distribution, and is had as a dotnet tool.</summary>
    [ToolFact("pwsh")]
    public async Task PowerShellOffersThem()
    {
        const string Harness = """
            . $args[0]
            foreach ($line in 'stemsharp mo', 'stemsharp separate song.wav -n htdemucs_') {
                ([System.Management.Automation.CommandCompletion]::CompleteInput($line, $line.Length, $null).CompletionMatches | ForEach-Object CompletionText) -join ' '
            }
            """;
        Assert.Equal(["models", "htdemucs_ft htdemucs_6s"], await RunAsync("pwsh", Harness));
    }

    [Theory]
    [InlineData("bash", "complete -o default -o bashdefault -F _stemsharp stemsharp")]
    [InlineData("zsh", "compdef _stemsharp stemsharp")]
    [InlineData("fish", "complete -c stemsharp -a '(__stemsharp_complete)'")]
    [InlineData("powershell", "Register-ArgumentCompleter -Native -CommandName stemsharp -ScriptBlock {")]
    public async Task EachScriptRegistersItselfAndAsksTheCommand(string shell, string registration)
    {
        string script = (await CommandLineRun.OfAsync("completion", shell)).Output;
        Assert.Contains(registration, script, StringComparison.Ordinal);
        Assert.Contains(" completion --complete \"$", script, StringComparison.Ordinal);
        Assert.Equal(script.Count(c => c == '{'), script.Count(c => c == '}'));
        Assert.DoesNotContain('\r', script);
    }

    // "stemsharp" on the search path is the command under test.
    private async Task<string[]> RunAsync(string shell, string harness)
    {
        string tool = _folder.Make("bin/stemsharp", $"#!/bin/sh\nexec dotnet '{Path.Combine(AppContext.BaseDirectory, "Stemsharp.Cli.dll")}' \"$@\"\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(tool, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        bool isPowerShell = shell == "pwsh";
        string extension = isPowerShell ? ".ps1" : "";
        string script = _folder.Make("completion" + extension, (await CommandLineRun.OfAsync("completion", isPowerShell ? "powershell" : shell)).Output), test = _folder.Make("harness" + extension, harness);
        ProcessStartInfo start = new(shell, [.. isPowerShell ? (string[])["-NoProfile", "-NonInteractive", "-File"] : [], test, script]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = _folder.Path };
        start.Environment["POWERSHELL_TELEMETRY_OPTOUT"] = "1";
        start.Environment["PATH"] = $"{Path.GetDirectoryName(tool)}{Path.PathSeparator}{Environment.GetEnvironmentVariable("PATH")}";
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal("", await error);
        return output.TrimEnd('\n').Split('\n');
    }
}
