using Stemsharp.Checkpoints;
using Stemsharp.Cpu;
using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.Separation;
using Stemsharp.Tests.Extending.Toy;
using Stemsharp.Tests.Separation;
using Stemsharp.ToyBackend;
using Xunit;

namespace Stemsharp.Tests.Extending;

/// <summary>The family and the backend of docs/extending.md at work.</summary>
public sealed class ExtendingTests : IDisposable
{
    private static readonly FamilyTable Families = new([.. FamilyTable.All.Families, new ToyFamily()]);

    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-extending").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(16_000, true)]
    [InlineData(9, false)]
    [InlineData(40_001, true)]
    [InlineData(40_001, false)]
    public async Task A_family_separates_tracks_of_any_length(int length, bool split)
    {
        await using Separator separator = Separator.Open(await ToyAsync(), new SeparatorOptions { Threads = 2, Defaults = new SeparationOptions { Split = split } });
        float[][] mix = Mix(length);
        SeparationResult result = await separator.SeparateAsync(AudioInput.FromSamples(SeparationHarness.Interleave(mix), 8000, 2));
        float[][] expected = Interpreted(mix);
        Assert.Equal(["voice", "rest"], result.StemNames);
        for (int row = 0; row < 4; row++)
        {
            ReadOnlySpan<float> found = result[result.StemNames[row / 2]][row % 2].AsSpan();
            Assert.Equal(length, found.Length);
            for (int i = 0; i < length; i++)
            {
                // A piece sees zeros where its neighbour lies: six samples at each of its ends, which the fades take part of.
                if (!split || i % 8000 is >= 6 and < 7994)
                {
                    Assert.Equal(expected[row][i], found[i], 2e-5f);
                }
            }
        }
    }

    [Fact]
    public async Task Its_checkpoints_are_saved_and_recognised_by_their_tensors()
    {
        string path = Path.Combine(_folder, "mine.safetensors");
        using (Checkpoint checkpoint = Families.OpenSynthetic("synthetic:toy"))
        {
            CheckpointConversion.Save(checkpoint, path, families: Families);
        }

        ModelSource source = await Catalog().ResolveAsync(path);
        Assert.Equal("Toy", Assert.Single(source.Members).Network.Family);
        float[][] mix = Mix(5000);
        AudioInput input = AudioInput.FromSamples(SeparationHarness.Interleave(mix), 8000, 2);
        await using Separator saved = Separator.Open(source), made = Separator.Open(await ToyAsync());
        SeparationResult a = await saved.SeparateAsync(input), b = await made.SeparateAsync(input);
        Assert.Equal(b["voice"][0].AsSpan(), a["voice"][0].AsSpan());
    }

    [Fact]
    public async Task A_bag_may_mix_families()
    {
        // The toy's voice, and half the mix by another network, which wants it normalised: one pass each, with its own cut.
        ModelMember toy = (await ToyAsync()).Members[0];
        NetworkDefinition other = SeparationHarness.Definition() with { Stems = toy.Definition.Stems, SampleRate = 8000 };
        float[][] mix = Mix(30_000);
        EngineSettings settings = new() { Threads = 2 };
        using IEngine first = new CpuBackend().Open(toy.Network, settings);
        using IEngine second = new FakeEngine(other, (_, x, _) => x / 2).ToEngine();
        float[][][] stems = SeparationHarness.Run(
            mix,
            new SeparationSettings(),
            [
                new(toy.Definition, [1, 0], new Prepared(first)),
                new(other, [0, 1], new Prepared(second)),
            ]);
        float[][] expected = Interpreted(mix);
        for (int i = 100; i < 7900; i++)
        {
            Assert.Equal(expected[0][i], stems[0][0][i], 2e-5f);
            Assert.Equal((mix[0][i] + Mean(mix)) / 2, stems[1][0][i], 2e-5f);
        }
    }

    [Fact]
    public async Task A_backend_runs_any_network()
    {
        EqualShareBackend backend = new();
        SeparatorOptions options = new() { Backends = [backend, new CpuBackend()], Engine = backend.Name, Threads = 1 };
        foreach (ModelSource source in (ModelSource[])[await ToyAsync(), FakeModel.Source])
        {
            await using Separator separator = Separator.Open(source, options);
            float[][] mix = Mix(100_000);
            SeparationResult result = await separator.SeparateAsync(AudioInput.FromSamples(SeparationHarness.Interleave(mix), source.SampleRate, 2));
            Assert.Equal("equal-share", Assert.Single(result.Summary.Engines).Engine.Backend);

            // Where a track is normalised for the network, its mean is shared out to each stem whole.
            bool isNormalised = source.Members[0].Definition.Cut.Normalization != TrackNormalization.None;
            float mean = isNormalised ? Mean(mix) : 0;
            foreach (string stem in result.StemNames)
            {
                for (int i = 0; i < mix[1].Length; i++)
                {
                    Assert.Equal((mix[1][i] - mean) / source.Stems.Count + mean, result[stem][1][i], 1e-5f);
                }
            }
        }
    }

    [Fact]
    public async Task What_a_backend_refuses_is_told_before_the_work()
    {
        EqualShareBackend backend = new();
        SeparatorOptions options = new() { Backends = [backend], Engine = backend.Name, Device = "cuda" };
        ModelSource source = await ToyAsync();
        EngineException error = Assert.Throws<EngineException>(() => Separator.Open(source, options));
        Assert.Equal(EngineFailure.Refused, error.Failure);
        Assert.Contains("there is no 'cuda'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_backend_that_is_not_automatic_is_never_chosen_unnamed()
    {
        SeparatorOptions options = new() { Backends = [new EqualShareBackend(), new CpuBackend()], Engine = Engines.Auto };
        await using Separator separator = Separator.Open(await ToyAsync(), options);
        SeparationResult result = await separator.SeparateAsync(AudioInput.FromSamples(new float[2000], 8000, 2));
        Assert.Empty(result.Summary.Engines);
        result = await separator.SeparateAsync(AudioInput.FromSamples(SeparationHarness.Interleave(Mix(1000)), 8000, 2));
        Assert.Equal("cpu", Assert.Single(result.Summary.Engines).Engine.Backend);
    }

    [Fact]
    public void The_page_shows_what_runs_here()
    {
        string[] folders = [RepositoryFiles.At("tests", "Stemsharp.Tests", "Extending"), RepositoryFiles.At("tests", "Stemsharp.ToyBackend")];
        PrintedExamples.StandIn(
            RepositoryFiles.At("docs", "extending.md"), 4, folders.SelectMany(folder => Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)));
    }

    private ModelCatalog Catalog() => new(new ModelCatalogOptions { Families = Families, CacheFolder = _folder, Offline = true });

    private async Task<ModelSource> ToyAsync() => await Catalog().ResolveAsync("synthetic:toy");

    private static float[][] Mix(int length) => [.. SeparationHarness.Noise(length, 4).Select(channel => (float[])[.. channel.Select(v => v / 2)])];

    private static float Mean(float[][] mix) => (mix[0].Average() + mix[1].Average()) / 2;

    private static float[][] Interpreted(float[][] mix)
    {
        Network network = Families.Open("synthetic:toy");
        using SpectralEngine engine = InterpretedRuntime.Engine(network);
        float[] stems = PieceTrial.Run(engine, network.Definition, [.. mix[0], .. mix[1]], default);
        return [.. stems.Chunk(mix[0].Length)];
    }

    /// <summary>An engine that is made ready when its first piece comes.</summary>
    private sealed class Prepared(IEngine engine) : IEngineSource
    {
        public bool ChecksResults => false;

        public IEngine Open(int samples, long pieces) => engine;

        public IEngine Retry(EngineException failure, int samples, long pieces) => engine;

        public IEngine? Replace(EngineException failure, int samples, long pieces) => null;
    }
}
