using System.CommandLine;
using System.Diagnostics;
using System.Text;
using Stemsharp.Backends;
using Stemsharp.OnnxRuntime;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Cli.Tests;

/// <summary>docs/cli.md, docs/evaluation.md and README.md say what the command does.</summary>
public class DocumentationTests
{
    private static readonly string s_page = File.ReadAllText(RepositoryFiles.At("docs", "cli.md"));

    private static readonly string s_fleet = File.ReadAllText(RepositoryFiles.At("docs", "fleet.md"));

    private static readonly string s_evaluation = File.ReadAllText(RepositoryFiles.At("docs", "evaluation.md"));

    [Fact]
    public void EveryExampleIsUnderstood()
    {
        string[] examples = [.. Examples(), .. Examples(s_fleet)];
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
    public void EveryOptionIsShownInAnExampleThatRuns()
    {
        // Those of a fleet are run by Stemsharp.Fleet.Tests.
        string[] examples = [.. Examples(), .. Examples(s_fleet)];
        string[] commands = ["separate", "plan", "models", "verify", "bench", "evaluate", "export", "inspect", "submit", "work", "jobs"];

        // What chooses the engine is the same in every command that has it; "separate" shows all of it.
        HashSet<string> engine = [.. new EngineOptions().All.Select(o => o.Name).Except(["--engine", "--precision"])];
        foreach ((string path, Command command) in Commands().Where(c => commands.Contains(c.Path.Split(' ').ElementAtOrDefault(1))))
        {
            // "plan" and "submit" take the options of "separate", which are shown there.
            string[] own = [.. examples.Where(e => e.StartsWith(path + " ", StringComparison.Ordinal) || (command.Name is "plan" or "submit" && e.StartsWith("stemsharp separate ", StringComparison.Ordinal)))];
            HashSet<string> shown = [.. own.SelectMany(e => Words(Pipeless(e)))];
            foreach (Option option in command.Options.Where(o => !o.Hidden && !(engine.Contains(o.Name) && command.Name != "separate")))
            {
                Assert.True(option.Aliases.Append(option.Name).Any(shown.Contains), $"No example shows {option.Name} of '{path}'.");
            }
        }
    }

    [Fact]
    public void EveryCommandIsListedAndItsOptionsAreDescribed()
    {
        string pages = string.Concat(Directory.EnumerateFiles(RepositoryFiles.At("docs"), "*.md").Select(File.ReadAllText));
        foreach (Command command in Program.CreateRoot().Subcommands)
        {
            Assert.Matches($@"(?m)^\| \[`{command.Name}`\]\(", s_page);
        }

        foreach ((string path, Command command) in Commands())
        {
            foreach (Option option in command.Options.Where(o => !o.Hidden))
            {
                Assert.True(option.Aliases.Append(option.Name).Any(n => pages.Contains(n, StringComparison.Ordinal)), $"No page mentions {option.Name} of '{path}'.");
            }
        }
    }

    [Fact]
    public async Task TheExamplesOfHelpStandInTheDocumentation()
    {
        string pages = s_page + s_evaluation + s_fleet + File.ReadAllText(RepositoryFiles.At("docs", "web.md"));
        string[] lines = [.. pages.Split('\n').Select(l => l.Trim())];
        foreach ((string path, Command command) in Commands().Where(c => c.Command.Subcommands.Count == 0))
        {
            CommandLineRun run = await CommandLineRun.OfAsync([.. path.Split(' ').Skip(1), "--help"]);
            Assert.Equal((0, ""), (run.ExitCode, run.Error));
            string[] examples = [.. run.Output[run.Output.IndexOf("Examples:", StringComparison.Ordinal)..].Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Skip(1)];
            Assert.NotEmpty(examples);
            Assert.All(examples, e => Assert.StartsWith(path, e, StringComparison.Ordinal));
            Assert.All(examples, e => Assert.Contains(e, lines));
        }
    }

    [Fact]
    public void EveryExitCodeIsListed()
    {
        foreach (int code in new[] { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 130 })
        {
            Assert.Contains($"| {code} | `{Stemsharp.Cli.Hosting.ExitCode.Name(code)}` |", s_page, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void EveryPageStandsInTheSitesTable()
    {
        string root = RepositoryFiles.At(".");
        string[] listed = [.. File.ReadLines(RepositoryFiles.At("docs", "site", "toc.yml")).Where(line => line.Contains("href: ", StringComparison.Ordinal)).Select(line => line.Split("href: ")[1].Trim())];
        string[] pages =
        [
            .. new[] { "docs", Path.Combine("bench", "results") }.SelectMany(folder => Directory.EnumerateFiles(Path.Combine(root, folder), "*.md", SearchOption.AllDirectories)).Select(page => Path.GetRelativePath(root, page).Replace('\\', '/')),
            "README.md", "CONTRIBUTING.md", "CHANGELOG.md",
        ];
        Assert.True(pages.Length > 60);
        Assert.All(pages, page => Assert.Contains(page, listed));
        Assert.All(listed.Where(href => href != "api/"), href => Assert.True(File.Exists(RepositoryFiles.At(href)), href));
    }

    [Fact]
    public void LinksLeadSomewhere()
    {
        string[] pages = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", .. Directory.EnumerateFiles(RepositoryFiles.At("docs"), "*.md", SearchOption.AllDirectories), .. Directory.EnumerateFiles(RepositoryFiles.At("bench", "results"), "*.md", SearchOption.AllDirectories)];
        foreach (string page in pages)
        {
            string folder = Path.GetDirectoryName(RepositoryFiles.At(page))!;
            foreach (string target in Links(File.ReadAllText(RepositoryFiles.At(page))))
            {
                Assert.True(Path.Exists(Path.Combine(folder, target)), $"{page} links to {target}");
            }
        }
    }

    /// <summary>Runs all examples; takes a minute, and so only with STEMSHARP_RUN_EXAMPLES=1 or STEMSHARP_REQUIRE_ALL=1.</summary>
    [ExamplesFact]
    public async Task EveryExampleRuns()
    {
        using TemporaryFolder folder = new();
        using ModelHost models = new(folder.Path, "htdemucs", "htdemucs_ft", ModelHost.Demanding);
        Clip.Song(folder.Combine("song.wav"), 1.5);
        Clip.Song(folder.Combine("album", "disc 1", "one.wav"), 0.3);
        Clip.Song(folder.Combine("album", "two.wav"), 0.3);
        Directory.CreateDirectory(folder.Combine("models"));
        File.Copy(RepositoryFiles.DemoModel, folder.Combine("models", "26c5300c.th"));
        folder.Make("list.m3u", "#EXTM3U\nsong.wav\nalbum/two.wav\n");
        folder.Make("tracks.txt", "song.wav\nalbum/two.wav\n");
        folder.Make("tracks.jsonl", "song.wav\n{\"input\":\"album/two.wav\",\"stems\":[\"vocals\"]}\n");
        folder.Make("chain.json", """
            {
              "steps": [
                { "name": "voice", "model": "demo", "stems": ["vocals"] },
                { "name": "band", "model": "demo", "input": "mix - vocals", "stems": ["drums", "bass"] }
              ],
              "outputs": { "vocals": "vocals", "drums": "drums", "bass": "bass", "rest": "mix - vocals - drums - bass" }
            }
            """);
        foreach (string stem in new[] { "drums", "bass", "other", "vocals" })
        {
            Clip.Song(folder.Combine("musdb18hq", "test", "A Song", stem + ".wav"), 2.2, stem + ".wav");
        }

        Clip.Song(folder.Combine("musdb18hq", "test", "A Song", "mixture.wav"), 2.2);
        using (Process encode = Process.Start(new ProcessStartInfo("ffmpeg", ["-v", "error", "-i", folder.Combine("song.wav"), folder.Combine("song.mp3")]))!)
        {
            await encode.WaitForExitAsync();
        }

        // The library that the package puts beside the tests is for this program, not for the command that it starts.
        Dictionary<string, string> environment = new(models.Environment) { [OnnxRuntimeLibrary.Variable] = OnnxRuntimeLibrary.Load().Path, ["SLURM_ARRAY_TASK_ID"] = "3" };
        foreach (string example in Examples())
        {
            string tool = $"dotnet '{Path.Combine(AppContext.BaseDirectory, "Stemsharp.Cli.dll")}'";
            string line = example.Replace("stemsharp ", tool + " ", StringComparison.Ordinal);
            using Process process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", line])
            {
                WorkingDirectory = folder.Path,
                RedirectStandardError = true,
                RedirectStandardOutput = true,
            }.With(environment))!;
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            string error = await process.StandardError.ReadToEndAsync();
            await output;
            await process.WaitForExitAsync();
            Assert.True(process.ExitCode == 0, $"{example}: {process.ExitCode} {error}");
        }
    }

    private static string[] Examples() => Examples(s_page, s_evaluation);

    private static string[] Examples(params string[] pages) =>
    [
        .. pages.SelectMany(p => p.Split("```sh\n").Skip(1)).Select(p => p[..p.IndexOf("```", StringComparison.Ordinal)])
            .SelectMany(p => p.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            .Where(l => l.StartsWith("stemsharp ", StringComparison.Ordinal)),
    ];

    /// <summary>All commands with their parents' names.</summary>
    private static IEnumerable<(string Path, Command Command)> Commands()
    {
        return Below("stemsharp", Program.CreateRoot());

        static IEnumerable<(string, Command)> Below(string path, Command command) =>
            command.Subcommands.SelectMany(c => Below($"{path} {c.Name}", c).Prepend(($"{path} {c.Name}", c)));
    }

    private static string Pipeless(string line) => line.Split(['>', '<'])[0].TrimEnd();

    private static IEnumerable<string> Words(string line)
    {
        StringBuilder word = new();
        bool quoted = false;
        foreach (char c in line + " ")
        {
            if (c == '"')
            {
                quoted = !quoted;
            }
            else if (c == ' ' && !quoted)
            {
                if (word.Length > 0)
                {
                    yield return word.ToString();
                }

                word.Clear();
            }
            else
            {
                word.Append(c);
            }
        }
    }

    private static IEnumerable<string> Links(string page)
    {
        for (int i = page.IndexOf("](", StringComparison.Ordinal); i >= 0; i = page.IndexOf("](", i + 2, StringComparison.Ordinal))
        {
            string target = page[(i + 2)..page.IndexOf(')', i)].Split('#')[0];
            if (target.Length > 0 && !target.Contains("://", StringComparison.Ordinal))
            {
                yield return target;
            }
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
        {
            Skip = "STEMSHARP_RUN_EXAMPLES=1 runs the examples of docs/cli.md, which takes a minute.";
        }
    }
}
