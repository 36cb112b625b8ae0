using System.CommandLine;
using Stemsharp.Cli.Hosting;
using Xunit;

namespace Stemsharp.Cli.Tests.Hosting;

/// <summary>Options by their beginning, as scripts for the original have them.</summary>
public class OptionPrefixTests
{
    [Fact]
    public void Every_beginning_that_the_original_takes_is_the_same_option_here()
    {
        Command root = Program.CreateRoot();
        int ambiguous = 0;
        foreach ((string option, string? value) in OriginalParser.LongOptions)
        {
            for (int length = 3; length <= option.Length; length++)
            {
                string beginning = option[..length];
                if (beginning == "--list")
                {
                    // An option of its own here, which takes a file.
                    continue;
                }

                string[] meant = [.. OriginalParser.LongOptions.Select(o => o.Option).Where(o => o.StartsWith(beginning, StringComparison.Ordinal))];
                string[] expected = meant.Contains(beginning) ? [beginning] : meant;
                foreach (string[] form in value is null ? (string[][])[[beginning]] : [[beginning, value], [$"{beginning}={value}"]])
                {
                    (IReadOnlyList<string> arguments, IReadOnlyList<string> faults) = OptionPrefixes.Expand(root, ["separate", .. form, "song.wav"]);
                    Assert.Equal(expected.Length > 1, faults.Count == 1);
                    ambiguous += faults.Count;
                    string name = expected.Length > 1 ? beginning : expected[0];
                    Assert.Equal(["separate", name + form[0][length..], .. form[1..], "song.wav"], arguments);
                }
            }
        }

        Assert.True(ambiguous > 5);
    }

    [Fact]
    public void Every_option_of_the_original_is_known_or_gets_a_word_of_its_own()
    {
        Command root = Program.CreateRoot();
        foreach ((string option, string? value) in OriginalParser.LongOptions)
        {
            ParseResult result = root.Parse(value is null ? ["separate", option, "song.wav"] : ["separate", option, value, "song.wav"]);
            Assert.Empty(result.Errors);
            Assert.Equal(["song.wav"], result.GetValue<string[]>("FILE")!);
        }

        foreach (string[] form in (string[][])[["-n", "demo"], ["-ndemo"], ["-v"], ["-o", "out"], ["-oout"], ["-d", "cpu"], ["-dcpu"], ["-j", "2"], ["-j2"]])
        {
            ParseResult result = root.Parse(["separate", .. form, "song.wav"]);
            Assert.Empty(result.Errors);
            Assert.Equal(["song.wav"], result.GetValue<string[]>("FILE")!);
        }
    }

    [Theory]
    [InlineData("separate", "--two", "vocals", "song.wav")]
    [InlineData("plan", "--exact", "song.wav")]
    [InlineData("models", "list", "--js")]
    public void Other_options_and_commands_have_it_too(params string[] arguments)
    {
        (IReadOnlyList<string> expanded, IReadOnlyList<string> faults) = OptionPrefixes.Expand(Program.CreateRoot(), arguments);
        Assert.Empty(faults);
        Assert.Empty(Program.CreateRoot().Parse(expanded).Errors);
        Assert.NotEqual(arguments, expanded);
    }

    [Fact]
    public async Task What_could_be_several_options_names_them()
    {
        CommandLineRun run = await CommandLineRun.OfAsync("separate", "--f", "song.wav");
        Assert.Equal(ExitCode.Usage, run.ExitCode);
        Assert.Contains("--f could be --filename, --float32 or --flac; write more of it.", run.Error, StringComparison.Ordinal);
        run = await CommandLineRun.OfAsync("separate", "--nothing-like-it", "song.wav");
        Assert.Contains("There is no option --nothing-like-it", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("separate", "--filename", "--two", "song.wav")]
    [InlineData("separate", "--", "--two", "song.wav")]
    [InlineData("separate", "song.wav", "-")]
    [InlineData("--version")]
    public void Values_files_and_whole_options_stay(params string[] arguments)
    {
        (IReadOnlyList<string> expanded, IReadOnlyList<string> faults) = OptionPrefixes.Expand(Program.CreateRoot(), arguments);
        Assert.Equal(arguments, expanded);
        Assert.Empty(faults);
    }
}
