using System.CommandLine;
using Stemsharp.Cli.Commands;
using Xunit;

namespace Stemsharp.Cli.Tests.Commands;

/// <summary>What is given in vain is told, and only that.</summary>
public class UselessOptionsTests
{
    [Theory]
    [InlineData("--mp3 --int24", "--int24 means nothing for mp3")]
    [InlineData("--format opus --float32 --no-dither", "--float32 and --no-dither mean nothing for opus")]
    [InlineData("--flac --float32", "--float32 means nothing for flac")]
    [InlineData("--float32 --no-dither", "--no-dither means nothing for floats")]
    [InlineData("--format stem --no-dither", "--no-dither means nothing for AAC")]
    [InlineData("--format stem --depth 16 --bitrate 128", "--bitrate means nothing for a lossless stem file")]
    [InlineData("--flac --mp3-bitrate 192 --mp3-preset 5", "--mp3-bitrate and --mp3-preset mean nothing for flac")]
    [InlineData("--exact-sum --clip-mode clamp", "--clip-mode means nothing with --exact-sum")]
    [InlineData("--other-method minus", "--other-method means nothing without --two-stems")]
    [InlineData("--seed 3", "--seed means nothing without --shifts 2 or more")]
    [InlineData("--no-split --overlap 0.5", "--overlap means nothing with --no-split")]
    [InlineData("-j 4", "--jobs means nothing here")]
    [InlineData("--fallback", "--fallback means nothing with --engine auto")]
    [InlineData("--offline --accept-licence", "--accept-licence means nothing with --offline")]
    [InlineData("--pipe tar", "--pipe means nothing without -o -")]
    [InlineData("-o - --resume --no-model-folder", "--no-model-folder and --resume mean nothing with -o -")]
    public void ALineSaysSo(string line, string expected) =>
        Assert.StartsWith($"stemsharp: {expected}", Assert.Single(Said(line)), StringComparison.Ordinal);

    [Theory]
    [InlineData("")]
    [InlineData("--mp3 --mp3-bitrate 192 --mp3-preset 5")]
    [InlineData("--flac --int24 --no-dither")]
    [InlineData("--depth source --no-dither")]
    [InlineData("--format stem --depth 24 --no-dither")]
    [InlineData("--format stem --bitrate 192")]
    [InlineData("--two-stems vocals --other-method none")]
    [InlineData("--instrumental --other-method minus")]
    [InlineData("--shifts 2 --seed 3")]
    [InlineData("--overlap 0.5 --segment 2")]
    [InlineData("--engine vulkan --fallback")]
    [InlineData("-o - --pipe tar")]
    [InlineData("--accept-licence --resume")]
    [InlineData("--mp3 --int24 --quiet")]
    public void WhatHasAMeaningIsNotTold(string line) => Assert.Empty(Said(line));

    [Theory]
    [InlineData("--quiet --verbose", "--quiet and --verbose exclude each other")]
    [InlineData("--mp3 --bitrate 128 --mp3-bitrate 192", "--bitrate and --mp3-bitrate exclude each other")]
    [InlineData("--acapella --stems drums", "--stems and --acapella exclude each other")]
    [InlineData("--instrumental --two-stems drums", "--two-stems and --instrumental exclude each other")]
    public void WhatContradictsItselfIsRefused(string line, string expected) =>
        Assert.StartsWith(expected, Assert.Throws<OptionException>(() => Said(line)).Message, StringComparison.Ordinal);

    [Fact]
    public void OnlyWhatWasGivenIsNamed()
    {
        Option<int> given = new("--given"), left = new("--left");
        Command command = new("test") { given, left };
        ParseResult line = command.Parse("--given 1");
        Assert.Equal(["--given means nothing so."], UselessOptions.Sentences(line, [new([given, left], "so.", true), new([given], "else.", false), new([left], "so.", true)]));
    }

    private static string[] Said(string line)
    {
        SeparateOptions options = new();
        Command command = new("separate");
        options.AddWork(command);
        options.AddRun(command);
        ParseResult result = command.Parse($"song.wav {line}");
        Assert.Empty(result.Errors);
        using StringWriter error = new();
        result.InvocationConfiguration.Error = error;
        SeparateRequests.From(result, options);
        return error.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
    }
}
