using System.CommandLine;
using Stemsharp.Cli.Hosting;
using Xunit;

namespace Stemsharp.Cli.Tests.Hosting;

/// <summary>What is said of a command line that is not understood, and what help shows.</summary>
public class UsageTests
{
    [Theory]
    [InlineData("seperate song.mp3", "There is no command 'seperate', and no file of that name. Did you mean separate?")]
    [InlineData("modles list", "Did you mean models?")]
    [InlineData("models lst", "There is no command 'stemsharp models lst'. Did you mean list?")]
    [InlineData("models", "'stemsharp models' needs a command: list,")]
    [InlineData("nonsense", "The commands are separate, models,")]
    [InlineData("separate song.mp3 --modle demo", "There is no option --modle. Did you mean --model?")]
    [InlineData("song.mp3 --fromat=flac", "There is no option --fromat. Did you mean --format?")]
    [InlineData("separate song.mp3 --xyzzy", "There is no option --xyzzy; a file of that name is given after --.")]
    [InlineData("separate song.mp3 --format mp4", "--format mp4 is not valid. Did you mean mp3? Choose aac, flac,")]
    [InlineData("separate song.mp3 --shifts many", "--shifts many is not valid; a whole number is.")]
    [InlineData("separate song.mp3 --overlap half", "--overlap half is not valid; a number is.")]
    [InlineData("separate song.mp3 -o", "--out needs a value: Folder for the stems")]
    [InlineData("verify", "stemsharp verify needs MODEL:")]
    [InlineData("verify demo demo", "'demo' is one argument too many.")]
    public async Task AWordThatIsNotKnownIsAnsweredWithWhatIs(string line, string expected)
    {
        CommandLineRun run = await CommandLineRun.OfAsync(line.Split(' '));
        Assert.Equal((ExitCode.Usage, ""), (run.ExitCode, run.Output));
        string[] lines = run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        Assert.Contains(expected, lines[0], StringComparison.Ordinal);
        Assert.Contains("--help' shows what is valid.", lines[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("htdemux", "Did you mean htdemucs?")]
    [InlineData("HTDEMUCS_FT", "Did you mean htdemucs_ft?")]
    [InlineData("mdx_extr", "Did you mean mdx_extra?")]
    public async Task AModelThatIsNotKnownIsAnsweredWithTheNearest(string name, string expected)
    {
        CommandLineRun run = await CommandLineRun.OfAsync("separate", "song.wav", "--model", name, "--offline");
        Assert.Equal(ExitCode.Model, run.ExitCode);
        Assert.StartsWith($"stemsharp: There is no model '{name}'. {expected}", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void TheNearestNamesAreThoseWithTheFewestWrongLetters()
    {
        Assert.Equal(["list"], NearNames.Of("lsit", ["list", "last", "path"]));
        Assert.Equal(["vocals", "vocalx"], NearNames.Of("vocal", ["vocals", "vocalx", "drums"]));
        Assert.Empty(NearNames.Of("piano", ["drums", "bass"]));
        Assert.Equal(["overlap"], NearNames.Of("over", ["overlap", "shifts"]));
        Assert.Equal("", NearNames.Question("piano", ["drums"]));
        Assert.Equal(" Did you mean aa, ab or ac?", NearNames.Question("a", ["aa", "ab", "ac", "ad"]));
    }

    [Fact]
    public async Task HelpShowsTheCommonOptionsAndHelpAllAllOfThemInGroups()
    {
        foreach (string path in (string[])["separate", "plan", "serve"])
        {
            Command command = Program.CreateRoot().Subcommands.Single(c => c.Name == path);
            Option[] options = [.. command.Options.Where(o => !o.Hidden)];
            IReadOnlyList<HelpGroup> groups = HelpGroups.Of(command);
            HelpGroup common = Assert.Single(groups, g => g.IsCommon);
            Assert.Same(common, groups[0]);
            Assert.Equal(path == "plan" ? 7 : 8, common.Options.Count);
            Assert.Equal(options.Select(o => o.Name).Order(), groups.SelectMany(g => g.Options).Select(o => o.Name).Order());

            string some = (await CommandLineRun.OfAsync(path, "--help")).Output, all = (await CommandLineRun.OfAsync(path, "--help-all")).Output;
            Assert.Equal(common.Options.Select(o => o.Name).Order(), Shown(some, options).Order());
            Assert.Contains($"--help-all shows {options.Length - common.Options.Count} more options: ", some, StringComparison.Ordinal);
            Assert.Equal(options.Select(o => o.Name).Order(), Shown(all, options).Order());
            Assert.All(groups, g => Assert.Contains($"\n{g.Title}:", all.ReplaceLineEndings("\n"), StringComparison.Ordinal));
        }

        Assert.DoesNotContain(HelpGroups.Of(Program.CreateRoot().Subcommands.Single(c => c.Name == "separate")), g => g.Title == "Options");
    }

    [Theory]
    [InlineData("song.wav", "separate song.wav")]
    [InlineData("-", "separate -")]
    [InlineData("--two-stems vocals song.wav", "separate --two-stems vocals song.wav")]
    [InlineData("-n demo song.wav", "separate -n demo song.wav")]
    [InlineData("models list", "models list")]
    [InlineData("--help", "--help")]
    [InlineData("-h", "-h")]
    [InlineData("--help-all", "--help-all")]
    [InlineData("--version", "--version")]
    public void ASongOrAnOptionMeansSeparate(string line, string expected) =>
        Assert.Equal(expected.Split(' '), CommandLineHost.WithCommand(Program.CreateRoot(), line.Split(' ')));

    // The names that rows of options begin with.
    private static IEnumerable<string> Shown(string help, Option[] options) =>
        help.Split('\n').Where(l => l.StartsWith("  -", StringComparison.Ordinal))
            .Select(l => l.Split([' ', ','], StringSplitOptions.RemoveEmptyEntries)).Select(words => options.Single(o => words.TakeWhile(w => w[0] == '-').Contains(o.Name)).Name);
}
