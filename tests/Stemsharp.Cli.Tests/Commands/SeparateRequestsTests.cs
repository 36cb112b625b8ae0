using System.CommandLine;
using FsCheck;
using FsCheck.Fluent;
using Stemsharp.Audio;
using Stemsharp.Backends;
using Stemsharp.Cli.Commands;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Separating;
using Stemsharp.Inference;
using Stemsharp.Model;
using Xunit;

namespace Stemsharp.Cli.Tests.Commands;

public class SeparateRequestsTests
{
    private static SeparateRequest Parse(string line)
    {
        SeparateOptions options = new();
        Command command = new("separate");
        options.AddWork(command);
        options.AddRun(command);
        ParseResult result = command.Parse(line);
        Assert.Empty(result.Errors);
        return SeparateRequests.From(result, options);
    }

    [Fact]
    public void TheDefaultsAreTheOriginals()
    {
        SeparateRequest request = Parse("song.mp3");
        Assert.Equal(["song.mp3"], request.Inputs);
        Assert.Equal("htdemucs", request.Separator.Model);
        Assert.Equal("separated", request.OutputFolder);
        Assert.Equal("{track}/{stem}.{ext}", request.FileName.Pattern);
        Assert.Null(request.Separator.Defaults.Overlap);
        PieceCut cut = FamilyTable.All.Open("synthetic:htdemucs").Definition.Cut;
        Assert.Equal((int)((1 - 0.25) * cut.Samples), cut.Step);
        Assert.Equal(Engines.Auto, request.Separator.Engine);
        Assert.Equal((null, EnginePrecision.Fp32, false), (request.Separator.Device, request.Separator.Precision, request.Separator.Fallback));
        Assert.Null(request.Separator.Stems);
        Assert.Equal(AudioFormat.Wav, request.Files.Encoding.Format);
        Assert.Equal((SampleFormat.Int16, false), (request.Files.Encoding.SampleFormat, request.Files.KeepDepth));
        Assert.Equal(ClipMode.Rescale, request.Files.ClipMode);
        Assert.Equal((null, false), (request.Files.Encoding.SampleRate, request.Files.KeepSampleRate));
        Assert.Equal(Path.Combine("separated", "htdemucs"), request.Root("htdemucs"));
    }

    [Fact]
    public void TheOptionsOfAudioSeparatorAreUnderstood()
    {
        SeparateRequest request = Parse("song.wav -m model_bs_roformer_ep_317_sdr_12.9755.ckpt --output_dir out --output_format=MP3 --single_stem Vocals --layout audio-separator");
        Assert.Equal("model_bs_roformer_ep_317_sdr_12.9755.ckpt", request.Separator.Model);
        Assert.Equal("out", request.Root(request.Separator.Model));
        Assert.Equal(AudioFormat.Mp3, request.Files.Encoding.Format);
        Assert.Equal(["Vocals"], request.Separator.Stems);
        Assert.Equal((StemFileLayout.AudioSeparator, "{track}_({stem})_{model}.{ext}"), (request.Files.Layout, request.FileName.Pattern));
        Assert.Equal("a.ckpt", Parse("song.wav --model_filename a.ckpt").Separator.Model);
        Assert.NotNull(Parse("song.wav --output_format Stem").Files.Traktor);
    }

    [Theory]
    [InlineData("song.wav --output_format XYZ", "--output_format XYZ is not valid; choose")]
    [InlineData("song.wav --output_format MP3 --flac", "--flac and --output_format exclude each other")]
    [InlineData("song.wav --single_stem vocals --stems bass", "--stems and --single_stem exclude each other")]
    [InlineData("song.wav --layout audio-separator --filename {stem}.{ext}", "leave --filename out")]
    [InlineData("song.wav --layout audio-separator --format stem", "leave --format stem out")]
    public void WhatDoesNotGoTogetherThereIsRefused(string line, string expected) =>
        Assert.Contains(expected, Assert.Throws<OptionException>(() => Parse(line)).Message, StringComparison.Ordinal);

    [Fact]
    public void TheOriginalsOptionsAreUnderstood()
    {
        SeparateRequest request = Parse(
            "-n htdemucs_ft --repo models -v -o out --filename {stem}_{track}.{ext} -d cpu --shifts 5 --overlap 0.1 " +
            "--segment 7 -j 4 --two-stems vocals --other-method minus --clip-mode clamp --mp3 --mp3-bitrate 192 --mp3-preset 5 a.mp3 b.wav");
        Assert.Equal(["a.mp3", "b.wav"], request.Inputs);
        Assert.Equal("htdemucs_ft", request.Separator.Model);
        Assert.Equal("models", request.Separator.ModelFolder);
        Assert.Equal((Engines.Cpu, null), (request.Separator.Engine, request.Separator.Device));
        Assert.Equal(0.1, request.Separator.Defaults.Overlap);
        Assert.Equal(5, request.Separator.Defaults.Shifts);
        Assert.Equal(7, request.Separator.Defaults.Segment);
        Assert.Equal(["vocals"], request.Separator.Stems);
        Assert.Equal(OtherMethod.Minus, request.Files.OtherMethod);
        Assert.Equal(ClipMode.Clamp, request.Files.ClipMode);
        Assert.Equal((AudioFormat.Mp3, 192, 5), (request.Files.Encoding.Format, request.Files.Encoding.BitrateKbps!.Value, request.Files.Encoding.Mp3Preset));
        Assert.True(request.Verbose);
    }

    [Theory]
    [InlineData("x --int24", SampleFormat.Int24)]
    [InlineData("x --float32", SampleFormat.Float32)]
    [InlineData("x --depth 24", SampleFormat.Int24)]
    [InlineData("x --depth source", null)]
    [InlineData("x --flac --float32", SampleFormat.Int24)]
    public void Depths(string line, SampleFormat? depth)
    {
        StemFileOptions files = Parse(line).Files;
        Assert.Equal(depth, files.KeepDepth ? null : files.Encoding.SampleFormat);
    }

    [Theory]
    [InlineData("x --int24 --float32")]
    [InlineData("x --flac --mp3")]
    [InlineData("x --no-split --segment 5")]
    [InlineData("x --stems vocals --two-stems drums")]
    [InlineData("x --overwrite --resume")]
    [InlineData("x --overlap 1")]
    [InlineData("x --overlap -0.1")]
    [InlineData("x --shifts 101")]
    [InlineData("x --device 1")]
    [InlineData("x --device tesla")]
    [InlineData("x --device cuda:0:1")]
    [InlineData("x --device cuda --engine cpu")]
    [InlineData("x --device cpu --engine auto")]
    [InlineData("x --provider cuda")]
    [InlineData("x --mp3-preset 1")]
    [InlineData("x --mp3 --mp3-bitrate 999")]
    [InlineData("x --flac --bitrate 128")]
    [InlineData("x --rate fast")]
    [InlineData("x --rate 10")]
    [InlineData("x --format opus --rate 44100")]
    [InlineData("x --start soon")]
    [InlineData("x --duration 0")]
    [InlineData("x --max-memory lots")]
    [InlineData("x --filename {track}.{ext}")]
    [InlineData("x --filename ../{stem}.{ext}")]
    [InlineData("x --exact-sum --mp3")]
    [InlineData("x --exact-sum --stems vocals")]
    [InlineData("x --exact-sum --two-stems vocals --other-method none")]
    [InlineData("x --residual other")]
    [InlineData("x y -o -")]
    [InlineData("x -o - --json")]
    [InlineData("x -o - --pipe wav")]
    [InlineData("x -o - --pipe multichannel --flac")]
    public void WhatDoesNotFitIsRefused(string line) => Assert.Throws<OptionException>(() => Parse(line));

    [Theory]
    [InlineData("90", 90)]
    [InlineData("1.5", 1.5)]
    [InlineData("12s", 12)]
    [InlineData("1:30", 90)]
    [InlineData("1:02:03.5", 3723.5)]
    [InlineData("90:00", 5400)]
    public void Times(string text, double seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), Values.Time("--start", text));

    [Theory]
    [InlineData("")]
    [InlineData(":")]
    [InlineData("1:60")]
    [InlineData("-1")]
    [InlineData("1:2:3:4")]
    [InlineData("1e300")]
    [InlineData("NaN")]
    public void NoTimes(string text) => Assert.Throws<OptionException>(() => Values.Time("--start", text));

    [Theory]
    [InlineData("500M", 500_000_000)]
    [InlineData("2GB", 2_000_000_000)]
    [InlineData("1.5Gi", 1_610_612_736)]
    [InlineData("1 KiB", 1024)]
    [InlineData("300000000", 300_000_000)]
    public void Sizes(string text, long bytes) => Assert.Equal(bytes, SizeText.Bytes("--max-memory", text));

    [Theory]
    [InlineData("")]
    [InlineData("G")]
    [InlineData("12i")]
    [InlineData("-1G")]
    [InlineData("1P")]
    public void NoSizes(string text) => Assert.Throws<OptionException>(() => SizeText.Bytes("--max-memory", text));

    [Fact]
    public void DifferentSettingsHaveDifferentFingerprints()
    {
        string[] lines =
        [
            "x", "x --shifts 2", "x --shifts 2 --seed 1", "x --overlap 0.3", "x --segment 5", "x --int24", "x --flac", "x --mp3",
            "x --mp3 --mp3-bitrate 128", "x --clip-mode tanh", "x --clip-mode rescale-all", "x --no-dither", "x --no-tags",
            "x --stems drums", "x --two-stems drums", "x --two-stems drums --other-method none", "x --exact-sum",
            "x --exact-sum --residual drums", "x --start 1", "x --duration 1", "x --rate source", "x --no-split",
        ];
        Assert.Equal(lines.Length, lines.Select(l => Parse(l).Fingerprint()).Distinct().Count());

        // What made the files is recorded beside the settings.
        Assert.Equal(Parse("x").Fingerprint(), Parse("y --threads 3 --quiet -o elsewhere --engine auto --precision mixed --fallback").Fingerprint());
    }

    [Fact]
    public void TwoStemsNeedOnlyWhatTheyShow()
    {
        string[] stems = ["drums", "bass", "other", "vocals"];
        Assert.Equal(["vocals", "no_vocals"], Parse("x --two-stems vocals").Files.Names(stems));
        Assert.Null(Parse("x --two-stems vocals").Separator.Stems);
        Assert.Equal(["minus_vocals", "vocals"], Parse("x --two-stems vocals --other-method minus").Files.Names(["vocals"]));
        Assert.Equal(["vocals"], Parse("x --two-stems vocals --other-method none").Separator.Stems);
        Assert.Equal(["vocals", "drums"], Parse("x --stems vocals,drums").Separator.Stems);
    }

    [Fact]
    public async Task AWrongCommandLineEndsWithTheUsageCode()
    {
        foreach (string[] line in new string[][]
        {
            ["separate"], ["separate", "--nonsense"], ["nonsense"], ["separate", "x", "--shifts", "many"], ["separate", "x", "--clip-mode", "loud"],
        })
        {
            CommandLineRun run = await CommandLineRun.OfAsync(line);
            Assert.Equal(ExitCode.Usage, run.ExitCode);
            Assert.StartsWith("stemsharp: ", run.Error, StringComparison.Ordinal);
            Assert.Equal("", run.Output);
        }
    }

    [Fact]
    public async Task HelpIsShownWhenAskedFor()
    {
        Assert.Contains("separate", (await CommandLineRun.OfAsync()).Output, StringComparison.Ordinal);
        CommandLineRun run = await CommandLineRun.OfAsync("separate", "--help");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("stemsharp separate", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void AnyCommandLineIsParsedOrRefused()
    {
        Gen<string> word = Gen.OneOf(
            Gen.Elements(
                "separate", "-n", "-o", "-", "--", "--stems", "--shifts", "1", "-1", "1e9", "--filename", "{track}", "{", "@x", "--progress",
                "json", "--pipe", "tar", "-vvv", "--no-split", "--segment=3", "--two-stems", "=", "", "--exact-sum", "--depth", "\u0000"),
            ArbMap.Default.GeneratorFor<string>().Where(s => s is not null));
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(1000),
            Prop.ForAll(Gen.ListOf(word).ToArbitrary(), words =>
            {
                SeparateOptions options = new();
                Command command = new("separate");
                options.AddWork(command);
                options.AddRun(command);
                ParseResult result = command.Parse([.. words], new ParserConfiguration { ResponseFileTokenReplacer = null });
                if (result.Errors.Count > 0)
                {
                    return;
                }

                try
                {
                    SeparateRequests.From(result, options);
                }
                catch (OptionException)
                {
                }
            }));
    }

    [Fact]
    public void AnyWordsAreUnderstoodOrRefusedByEveryCommand()
    {
        static IEnumerable<string> Names(Command command) =>
            command.Subcommands.SelectMany(Names).Concat(command.Options.SelectMany(o => o.Aliases.Append(o.Name))).Append(command.Name);
        Gen<string> word = Gen.OneOf(
            Gen.Elements([.. Names(Program.CreateRoot()).Except(["--help", "-h", "-?", "/h", "/?", "--version"])]),
            Gen.Elements("demo", "-", "--", "0", "-1", "1e9", "NaN", "20G", "=", "", "--segments=x", "--port=99999999999", "@x", "\u0000", "\uD800"),
            ArbMap.Default.GeneratorFor<string>().Where(s => s is not null));
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(1000),
            Prop.ForAll(Gen.ListOf(word).ToArbitrary(), words =>
            {
                Command root = Program.CreateRoot();
                ParseResult result = root.Parse([.. CommandLineHost.WithCommand(root, [.. words])], new ParserConfiguration { ResponseFileTokenReplacer = null });
                if (result.Errors.Count == 0)
                {
                    return;
                }

                using StringWriter output = new();
                using StringWriter error = new();
                Assert.Equal(words.Count == 0 ? ExitCode.Success : ExitCode.Usage, CommandLineHost.RunAsync(root, [.. words], output, error, CancellationToken.None).GetAwaiter().GetResult());
                Assert.Equal(words.Count == 0, error.ToString().Length == 0);
            }));
    }
}
