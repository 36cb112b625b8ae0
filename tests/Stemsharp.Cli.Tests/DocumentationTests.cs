using System.CommandLine;
using System.Diagnostics;
using System.Text;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Cli.Tests;

/// <summary>docs/cli.md and README.md say what the command does.</summary>
public class DocumentationTests
{
    private static readonly string s_page = File.ReadAllText(RepositoryFiles.At("docs", "cli.md"));

    [Fact]
    public void EveryExampleIsUnderstood()
    {
        string[] examples = Examples();
        Assert.True(examples.Length > 50);
        foreach (string example in examples)
        {
            string[] words = [.. Words(Pipeless(example)).Skip(1)];
            ParseResult result = Program.CreateRoot().Parse(words, new ParserConfiguration { ResponseFileTokenReplacer = null });
            Assert.True(result.Errors.Count == 0, $"{example}: {string.Join("; ", result.Errors.Select(e => e.Message))}");
            Assert.DoesNotContain(
                result.CommandResult.Children.OfType<System.CommandLine.Parsing.ArgumentResult>().SelectMany(a => a.Tokens),
                t => t.Value.StartsWith("--", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void EveryOptionIsShownInAnExample()
    {
        HashSet<string> shown = [.. Examples().SelectMany(e => Words(Pipeless(e)))];
        string[] commands = ["separate", "plan", "models", "verify", "bench", "export", "inspect"];
        foreach (Command command in Program.CreateRoot().Subcommands.Where(c => commands.Contains(c.Name)).SelectMany(c => c.Subcommands.Append(c)))
        {
            foreach (Option option in command.Options.Where(o => !o.Hidden))
            {
                Assert.True(
                    option.Aliases.Append(option.Name).Any(n => shown.Contains(n) || s_page.Contains($"`{n}`", StringComparison.Ordinal)),
                    $"docs/cli.md shows no {option.Name} of {command.Name}");
            }
        }
    }

    [Fact]
    public void EveryExitCodeIsListed()
    {
        foreach (int code in new[] { 0, 1, 2, 3, 4, 5, 6, 7, 8, 130 })
            Assert.Contains($"| {code} | `{Stemsharp.Cli.Hosting.ExitCode.Name(code)}` |", s_page, StringComparison.Ordinal);
    }

    [Fact]
    public void LinksOfTheFrontPagesLeadSomewhere()
    {
        foreach (string page in new[] { "README.md", "CHANGELOG.md", Path.Combine("docs", "cli.md") })
        {
            string folder = Path.GetDirectoryName(RepositoryFiles.At(page))!;
            foreach (string target in Links(File.ReadAllText(RepositoryFiles.At(page))))
                Assert.True(Path.Exists(Path.Combine(folder, target)), $"{page} links to {target}");
        }
    }

    /// <summary>Runs all examples; takes a minute, and so only with STEMSHARP_RUN_EXAMPLES=1 or STEMSHARP_REQUIRE_ALL=1.</summary>
    [ExamplesFact]
    public async Task EveryExampleRuns()
    {
        using var folder = new TemporaryFolder();
        Clip.Song(folder.Combine("song.wav"), 1.5);
        Clip.Song(folder.Combine("album", "disc 1", "one.wav"), 0.3);
        Clip.Song(folder.Combine("album", "two.wav"), 0.3);
        Directory.CreateDirectory(folder.Combine("models"));
        File.Copy(RepositoryFiles.DemoModel, folder.Combine("models", "26c5300c.th"));
        folder.Make("list.m3u", "#EXTM3U\nsong.wav\nalbum/two.wav\n");
        using (Process encode = Process.Start(new ProcessStartInfo("ffmpeg", ["-v", "error", "-i", folder.Combine("song.wav"), folder.Combine("song.mp3")]))!)
            await encode.WaitForExitAsync();
        foreach (string example in Examples())
        {
            string tool = $"dotnet '{Path.Combine(AppContext.BaseDirectory, "Stemsharp.Cli.dll")}'";
            string line = example.Replace("stemsharp ", tool + " ", StringComparison.Ordinal);
            using Process process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", line])
            {
                WorkingDirectory = folder.Path,
                RedirectStandardError = true,
                RedirectStandardOutput = true,
                Environment = { ["STEMSHARP_CACHE"] = folder.Combine("cache") },
            })!;
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            string error = await process.StandardError.ReadToEndAsync();
            await output;
            await process.WaitForExitAsync();
            Assert.True(process.ExitCode == 0, $"{example}: {process.ExitCode} {error}");
        }
    }

    private static string[] Examples() =>
    [
        .. s_page.Split("```sh\n").Skip(1).Select(p => p[..p.IndexOf("```", StringComparison.Ordinal)])
            .SelectMany(p => p.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            .Where(l => l.StartsWith("stemsharp ", StringComparison.Ordinal)),
    ];

    private static string Pipeless(string line) => line.Split(['>', '<'])[0].TrimEnd();

    private static IEnumerable<string> Words(string line)
    {
        var word = new StringBuilder();
        bool quoted = false;
        foreach (char c in line + " ")
        {
            if (c == '"')
                quoted = !quoted;
            else if (c == ' ' && !quoted)
            {
                if (word.Length > 0)
                    yield return word.ToString();
                word.Clear();
            }
            else
                word.Append(c);
        }
    }

    private static IEnumerable<string> Links(string page)
    {
        for (int i = page.IndexOf("](", StringComparison.Ordinal); i >= 0; i = page.IndexOf("](", i + 2, StringComparison.Ordinal))
        {
            string target = page[(i + 2)..page.IndexOf(')', i)].Split('#')[0];
            if (target.Length > 0 && !target.Contains("://", StringComparison.Ordinal))
                yield return target;
        }
    }
}

/// <summary>A test that runs only where it is asked for.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ExamplesFactAttribute : FactAttribute
{
    public ExamplesFactAttribute()
    {
        if (Environment.GetEnvironmentVariable("STEMSHARP_RUN_EXAMPLES") != "1" && !ToolFactAttribute.RequireAll)
            Skip = "STEMSHARP_RUN_EXAMPLES=1 runs the examples of docs/cli.md, which takes a minute.";
    }
}
