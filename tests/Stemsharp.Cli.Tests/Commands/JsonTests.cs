using System.CommandLine;
using System.Text.Json;
using System.Text.RegularExpressions;
using Stemsharp.Cli.Hosting;
using Xunit;

namespace Stemsharp.Cli.Tests.Commands;

/// <summary><c>--json</c> means the same in every command that has it.</summary>
public sealed partial class JsonTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ItIsASwitchEverywhere()
    {
        Option[] options = [.. Below(Program.CreateRoot()).SelectMany(c => c.Options).Where(o => o.Name == "--json")];
        Assert.True(options.Length > 10);
        Assert.All(options, o => Assert.Equal(typeof(bool), o.ValueType));

        static IEnumerable<Command> Below(Command command) => command.Subcommands.SelectMany(Below).Prepend(command);
    }

    [Theory]
    [InlineData("separate nowhere.wav --model nonesuch --offline", ExitCode.Model)]
    [InlineData("separate", ExitCode.Usage)]
    [InlineData("separate a.wav --fromat flac", ExitCode.Usage)]
    [InlineData("plan nowhere.wav --model nonesuch", ExitCode.Model)]
    [InlineData("verify nonesuch --offline", ExitCode.Model)]
    [InlineData("verify", ExitCode.Usage)]
    [InlineData("bench nonesuch --offline", ExitCode.Model)]
    [InlineData("bench pipeline --seconds 0", ExitCode.Usage)]
    [InlineData("evaluate nowhere", ExitCode.Audio)]
    [InlineData("compare demo nonesuch", ExitCode.Model)]
    [InlineData("inspect nowhere.onnx", ExitCode.Model)]
    [InlineData("export onnx nonesuch --offline", ExitCode.Model)]
    [InlineData("models list nonesuch", ExitCode.Usage)]
    [InlineData("models inspect nonesuch --offline", ExitCode.Model)]
    [InlineData("models chains nonesuch", ExitCode.Usage)]
    public async Task AnErrorIsOneObjectToo(string line, int code)
    {
        CommandLineRun run = await CommandLineRun.OfAsync([.. line.Split(' '), "--json"]);
        JsonElement error = JsonDocument.Parse(run.Output).RootElement;
        Assert.Equal(["version", "error", "message", "exit_code"], error.EnumerateObject().Select(p => p.Name));
        Assert.Equal(1, error.GetProperty("version").GetInt32());
        Assert.True(code == run.ExitCode, run.Error);
        Assert.Equal((ExitCode.Name(code), code), (error.GetProperty("error").GetString(), error.GetProperty("exit_code").GetInt32()));
        Assert.StartsWith($"stemsharp: {error.GetProperty("message").GetString()![..20]}", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ResultsHaveAVersionSnakeCaseAndAbsolutePaths()
    {
        string song = Path.GetRelativePath(Environment.CurrentDirectory, Clip.Song(_folder.Combine("song.wav"), 0.3)), output = Path.GetRelativePath(Environment.CurrentDirectory, _folder.Combine("out"));
        string broken = Path.GetRelativePath(Environment.CurrentDirectory, _folder.Make("broken.wav", "no sound"));
        string[][] lines =
        [
            ["separate", song, broken, "nowhere.wav", "--model", "demo", "--stems", "drums", "-o", output],
            ["plan", song, broken, "nowhere.wav", "--model", "demo", "-o", output],
            ["models", "list"],
            ["models", "chains"],
            ["models", "inspect", "demo"],
            ["export", "onnx", "demo", "-o", output],
            ["inspect", Path.Combine(output, "demo.onnx")],
            ["bench", "pipeline", "--seconds", "1"],
        ];
        foreach (string[] line in lines)
        {
            CommandLineRun run = await CommandLineRun.OfAsync([.. line, "--json"]);
            JsonElement result = JsonDocument.Parse(run.Output).RootElement;
            Assert.Equal(("version", 1), (result.EnumerateObject().First().Name, result.GetProperty("version").GetInt32()));
            foreach ((string name, JsonElement value) in Fields(result).Where(f => f.Name is not ("operators" or "metadata")))
            {
                Assert.True(Snake().IsMatch(name), $"{line[0]}: {name}");
                if (name is "path" or "input" or "folder" or "description" && value.ValueKind == JsonValueKind.String && !value.GetString()!.Contains(' ', StringComparison.Ordinal))
                {
                    Assert.True(Path.IsPathFullyQualified(value.GetString()!), $"{line[0]}: {name} {value}");
                }
            }
        }
    }

    private static IEnumerable<(string Name, JsonElement Value)> Fields(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => value.EnumerateArray().SelectMany(Fields),
        // The names of layers and arguments are the model's, those of operators the format's.
        JsonValueKind.Object => value.EnumerateObject().Where(p => p.Name is not ("operators" or "metadata" or "arguments" or "definition" or "stages"))
            .SelectMany(p => Fields(p.Value).Prepend((p.Name, p.Value))),
        _ => [],
    };

    [GeneratedRegex("^[a-z0-9]+(_[a-z0-9]+)*$")]
    private static partial Regex Snake();
}
