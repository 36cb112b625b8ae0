using System.Text.Json;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Planning;
using Xunit;

namespace Stemsharp.Cli.Tests.Commands;

public sealed class PlanTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("htdemucs", "drums,bass,other,vocals", 1, "synthetic:htdemucs")]
    [InlineData("htdemucs_ft", "drums,bass,other,vocals", 4, "synthetic:htdemucs")]
    [InlineData("htdemucs_6s", "drums,bass,other,vocals,guitar,piano", 1, "synthetic:htdemucs_6s")]
    [InlineData("hdemucs_mmi", "drums,bass,other,vocals", 1, "synthetic:hdemucs_mmi")]
    public async Task AModelThatIsNotHereIsPlannedByItsArchitectureAndNotFetched(string model, string stems, int networks, string architecture)
    {
        using TemporaryFolder folder = new();
        ModelCatalogOptions options = new()
        {
            CacheFolder = folder.Path,
            EnvironmentVariable = name => name == "TORCH_HOME" ? folder.Path : null,
            HttpHandler = () => throw new InvalidOperationException("The network was used."),
        };
        ModelSource planned = await new ModelCatalog(options with { StandIns = true }).ResolveAsync(model);
        ModelSource same = await new ModelCatalog(options).ResolveAsync(architecture);
        Assert.Equal((model, stems), (planned.Name, string.Join(',', planned.Stems)));
        Assert.Equal(networks, planned.Members.Count);
        Assert.All(planned.Members, m => Assert.Equal((same.Members[0].Network.Family, same.Members[0].Definition.Cut.Normalization), (m.Network.Family, m.Definition.Cut.Normalization)));
        Assert.Empty(Directory.EnumerateFiles(folder.Path, "*", SearchOption.AllDirectories));

        // One stem of the bag needs one network.
        Assert.Single((await new ModelCatalog(options with { StandIns = true }).ResolveAsync(model, stems: ["vocals"])).Members);
        await Assert.ThrowsAsync<InvalidOperationException>(() => new ModelCatalog(options).ResolveAsync(model));
    }

    [Fact]
    public async Task APlanByMadeUpWeightsSaysSo()
    {
        string clip = Clip.Song(_folder.Combine("song.wav"), 1);
        string catalog = _folder.Make("catalog.json", """{"models": {"mine": {"files": ["https://models.example/mine.ckpt"], "bytes": [70000000], "stems": ["voice"], "stand_in": "mel-band-roformer-tiny"}}}""");
        Dictionary<string, string> environment = new() { ["STEMSHARP_CATALOG"] = catalog, ["STEMSHARP_CACHE"] = _folder.Combine("cache") };
        (int code, byte[] output, string error) = await ChildProcess.RunAsync(["plan", "--model", "mine", "--json", "--offline", clip], environment: environment);
        Assert.True(code == 0, error);
        JsonElement plan = JsonDocument.Parse(output).RootElement;
        Assert.Equal(["mine"], plan.GetProperty("made_up_weights").EnumerateArray().Select(m => m.GetString()));
        Assert.Contains("mine is not here; its architecture was measured with made-up weights. The first separation downloads 70 MB besides.", error, StringComparison.Ordinal);
        (code, output, error) = await ChildProcess.RunAsync(["plan", "--model", "demo", "--json", clip], environment: environment);
        Assert.True(code == 0, error);
        Assert.False(JsonDocument.Parse(output).RootElement.TryGetProperty("made_up_weights", out _));
    }

    [Fact]
    public async Task APlanNamesTimeMemoryAndDiskAndWritesNothing()
    {
        string clip = Clip.Song(_folder.Combine("in", "song.wav"), 3);
        _folder.Make("in/broken.wav", "no music");
        CommandLineRun run = await CommandLineRun.OfAsync(
            ["plan", "--model", "demo", "--stems", "drums,bass", "--json", "-o", _folder.Combine("out"), _folder.Combine("in")]);
        Assert.Equal(ExitCode.PartialFailure, run.ExitCode);
        JsonElement plan = JsonDocument.Parse(run.Output).RootElement;
        JsonElement track = Assert.Single(plan.GetProperty("tracks").EnumerateArray());
        Assert.Equal((clip, 3.0, 2), (track.GetProperty("input").GetString(), track.GetProperty("audio_seconds").GetDouble(), track.GetProperty("segments").GetInt32()));
        // Two stems of 3 s: 16-bit files, and the floats that wait until the gain is known.
        Assert.InRange(track.GetProperty("output_bytes").GetInt64(), 2 * 3 * 44100 * 4, 2 * 3 * 44100 * 4 + 20_000);
        Assert.Equal(track.GetProperty("output_bytes").GetInt64() + 2 * 3 * 44100 * 8, plan.GetProperty("disk_bytes").GetInt64());
        Assert.Equal(0.25, plan.GetProperty("overlap").GetDouble(), 3);
        Assert.InRange(plan.GetProperty("memory_bytes").GetInt64(), 50_000_000, 2_000_000_000);
        Assert.True(plan.GetProperty("seconds").GetDouble() > track.GetProperty("seconds").GetDouble());
        Assert.Single(plan.GetProperty("rejected").EnumerateArray());
        Assert.False(Directory.Exists(_folder.Combine("out")));
    }

    [Fact]
    public void WarmingUpIsPaidAsFarAsItIsNeeded()
    {
        Calibration calibration = new()
        {
            StartSeconds = 1,
            WarmUp = [(4, 2), (10, 1)],
            TrackSeconds = 0.5,
            PieceSeconds = 0.25,
            OwnBytes = 100,
            ProgramBytes = 10,
            Stride = 1000,
            Decodes = true,
            FileBytesPerSecond = 4 * 44_100 * 4,
            Encoders = (4, false),
            DecoderSeconds = 0.1,
            DecodingSeconds = 0.01,
        };
        Assert.Equal([1.0, 2.0, 3.0, 3.5, 4.0, 4.0], new long[] { 0, 2, 4, 9, 14, 99 }.Select(calibration.StartFor));
        Assert.Equal(0.5 + 3 * 0.25, calibration.SecondsFor(2001));
        Assert.Equal(2.2, calibration.DecodingFor(100), 9);
        // Decoder and encoders follow each other, unless files are encoded from the song's start.
        Assert.Equal((140, 110), (calibration.MemoryBytes, calibration.MemoryOneByOne));
        Assert.Equal(150, (calibration with { Encoders = (4, true) }).MemoryBytes);
        Assert.Equal(110, (calibration with { Encoders = (0, false) }).MemoryBytes);
    }

    [Fact]
    public async Task ALimitThatIsTooLowIsRefusedBeforeTheWork()
    {
        string clip = Clip.Song(_folder.Combine("song.wav"), 0.3);
        CommandLineRun run = await CommandLineRun.OfAsync(
            ["separate", "--model", "demo", "-o", _folder.Combine("out"), clip, "--max-memory", "20M", "--stems", "drums", "--quiet"]);
        Assert.Equal(ExitCode.Usage, run.ExitCode);
        Assert.Contains("demo needs", run.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder.Combine("out"), "*", SearchOption.AllDirectories));

        // A plan says the same.
        CommandLineRun plan = await CommandLineRun.OfAsync("plan", "--model", "demo", clip, "--max-memory", "20M", "--stems", "drums");
        Assert.Equal((ExitCode.Usage, ""), (plan.ExitCode, plan.Output));
        Assert.Contains("demo needs", plan.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WorkThatNeedsMoreThanForeseenIsStopped()
    {
        using MemoryLimit limit = new(1_000_000, CancellationToken.None);
        OptionException error = await Assert.ThrowsAsync<OptionException>(() => limit.RunAsync(async token =>
        {
            await Task.Delay(Timeout.Infinite, token);
            return 0;
        }));
        Assert.Contains("--max-memory", error.Message, StringComparison.Ordinal);
        using MemoryLimit ample = new(1L << 50, CancellationToken.None);
        Assert.Equal(7, await ample.RunAsync(_ => Task.FromResult(7)));
    }
}
