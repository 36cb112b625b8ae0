using System.CommandLine;
using System.Text.Json;
using System.Text.RegularExpressions;
using Stemsharp.Cli.Commands;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Separating;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Cli.Tests.Commands;

/// <summary>docs/demucs.md is true of the original's parser, tests/golden/demucs-cli/parser.json, and of this command.</summary>
public sealed partial class DemucsCommandLineTests
{
    private static readonly string s_page = File.ReadAllText(RepositoryFiles.At("docs", "demucs.md"));

    [Fact]
    public void TheTableHasEveryOptionOfTheOriginalsParserAndNoOther()
    {
        string[][] rows = [.. s_page.Split('\n').Where(l => l.StartsWith("| `", StringComparison.Ordinal)).Select(l => l.Trim('|').Split('|', StringSplitOptions.TrimEntries))];
        Assert.Equal(OriginalParser.Root.GetProperty("positional").GetString(), rows[0][0].Trim('`'));
        IReadOnlyList<JsonElement> options = OriginalParser.Options;
        Assert.Equal(options.Count, rows.Length - 1);
        foreach ((JsonElement option, string[] row) in options.Zip(rows.Skip(1)))
        {
            Assert.Equal(4, row.Length);
            Assert.Equal(OriginalParser.Strings(option, "names"), Words(row[0]));
            Assert.Equal(OriginalParser.Text(option, "since") is not null, row[0].Contains('('));
            Assert.True(OriginalParser.Text(option, "since") is not { } version || row[0].EndsWith($"({version})", StringComparison.Ordinal), row[0]);
            Assert.Equal(OriginalParser.Text(option, "value") is not null, row[1].Length > 0);
            Assert.True(OriginalParser.Strings(option, "choices") is [] || OriginalParser.Strings(option, "choices").SequenceEqual(Words(row[1])), row[1]);
            Assert.Equal(OriginalParser.Text(option, "default") ?? "", row[2].Trim('`'));
            Assert.NotEmpty(row[3]);
        }
    }

    [Fact]
    public void EverySpellingAndValueOfTheOriginalIsUnderstood()
    {
        foreach (JsonElement option in OriginalParser.Options)
        {
            string[] values = OriginalParser.Strings(option, "choices") is { Length: > 0 } choices ? choices : OriginalParser.Text(option, "sample") is { } sample ? [sample] : [];
            foreach (string name in OriginalParser.Strings(option, "names").Where(n => n is not ("-h" or "--help")))
            {
                if (values.Length == 0)
                {
                    Assert.NotNull(Read([name, "song.mp3"]));
                }

                foreach (string value in values)
                {
                    // A prefixed script has the option before or behind the song, and its value with an equals sign or without.
                    Assert.NotNull(Read([name, value, "song.mp3"]));
                    Assert.NotNull(Read(["song.mp3", name, value]));
                    Assert.NotNull(Read([name.StartsWith("--", StringComparison.Ordinal) ? $"{name}={value}" : name + value, "song.mp3"]));
                }
            }
        }
    }

    [Fact]
    public void DefaultsAreTheOriginals()
    {
        SeparateRequest request = Read(["song.mp3"]);
        Dictionary<string, string> found = new()
        {
            ["--name"] = request.Separator.Model,
            ["--out"] = request.OutputFolder,
            ["--filename"] = request.FileName.Pattern,
            ["--shifts"] = $"{request.Separator.Defaults.Shifts}",
            // Null is the model's own, which is the original's for the original's models.
            ["--overlap"] = request.Separator.Defaults.Overlap is null ? "0.25" : "",
            ["--other-method"] = request.Files.OtherMethod.ToString().ToLowerInvariant(),
            ["--clip-mode"] = request.Files.ClipMode.ToString().ToLowerInvariant() + (request.Files.SharedGain ? "-all" : ""),
            ["--mp3-bitrate"] = $"{Read(["song.mp3", "--mp3"]).Files.Encoding.BitrateKbps}",
            ["--mp3-preset"] = $"{Read(["song.mp3", "--mp3"]).Files.Encoding.Mp3Preset}",
            ["--jobs"] = "0",
        };
        Assert.Equal(OriginalParser.Options.Where(o => OriginalParser.Text(o, "default") is not null).ToDictionary(o => OriginalParser.Strings(o, "names")[^1], o => OriginalParser.Text(o, "default")!), found);
    }

    [Fact]
    public void WhatExcludesEachOtherThereDoesSoHere()
    {
        // A signature is a name here: the last one of the two counts.
        foreach (IGrouping<string?, JsonElement> group in OriginalParser.Options.Where(o => OriginalParser.Text(o, "group") is not (null or "model")).GroupBy(o => OriginalParser.Text(o, "group")))
        {
            string[] line = [.. group.SelectMany(o => (string?[])[OriginalParser.Strings(o, "names")[^1], OriginalParser.Text(o, "sample")]).OfType<string>(), "song.mp3"];
            OptionException error = Assert.Throws<OptionException>(() => Read(line));
            Assert.Contains("exclude each other", error.Message, StringComparison.Ordinal);
        }
    }

    private static SeparateRequest Read(string[] words)
    {
        SeparateOptions options = new();
        Command command = new("separate");
        options.AddWork(command);
        options.AddRun(command);
        Command root = new("stemsharp") { command };
        IReadOnlyList<string> line = CommandLineHost.WithCommand(root, words);
        Assert.Equal("separate", line[0]);
        ParseResult result = root.Parse(line);
        Assert.Empty(UsageFaults.Of(result));
        using StringWriter error = new();
        result.InvocationConfiguration.Error = error;
        SeparateRequest request = SeparateRequests.From(result, options);
        Assert.Equal(["song.mp3"], request.Inputs);
        return request;
    }

    private static string[] Words(string cell) => [.. Quoted().Matches(cell).Select(m => m.Groups[1].Value)];

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted();
}
