using Stemsharp.Cpu;
using Stemsharp.Inference;
using Xunit;

namespace Stemsharp.Tests.Golden;

/// <summary>Bags of real networks: specialists in the manner of htdemucs_ft.</summary>
public class BagTests
{
    private static readonly string First = RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th");
    private static readonly string Second = RepositoryFiles.Golden("mixed-storage", "mixed-7b6ab67f.th");

    [Fact]
    public async Task Each_stem_comes_from_its_specialist()
    {
        AudioInput input = MadeInputs.Get("longer than a segment");
        await using Separator one = GoldenModel.Open(First), two = GoldenModel.Open(Second);
        await using Separator bag = Separator.Open(Specialists(), new SeparatorOptions { Threads = 2 });
        SeparationResult a = await one.SeparateAsync(input), b = await two.SeparateAsync(input), both = await bag.SeparateAsync(input);
        Assert.Equal(a["drums"][0], both["drums"][0]);
        Assert.Equal(b["vocals"][1], both["vocals"][1]);
        Assert.Equal(4, both.Summary.Segments);
    }

    [Fact]
    public async Task Only_the_specialists_that_are_needed_are_loaded_one_at_a_time()
    {
        List<string> loaded = [];
        SeparatorOptions options = new()
        {
            Threads = 2,
            Engine = "noted",
            Backends = [new NotedBackend(loaded)],
        };
        await using Separator separator = Separator.Open(Specialists(), options);
        SeparationResult vocals = await separator.SeparateAsync(MadeInputs.Get("impulse"), new SeparationOptions { Stems = ["vocals"] });
        Assert.Equal(["mixed"], loaded);
        Assert.Equal(["vocals"], vocals.StemNames);
        await separator.SeparateAsync(MadeInputs.Get("impulse"));
        Assert.Equal(["mixed", "tiny4", "mixed"], loaded);
    }

    [Fact]
    public async Task Stems_that_were_left_out_when_the_model_was_opened_are_refused()
    {
        await using Separator separator = Separator.Open(Specialists(), new SeparatorOptions { Stems = ["vocals"] });
        OptionException error = await Assert.ThrowsAsync<OptionException>(
            () => separator.SeparateAsync(MadeInputs.Get("impulse"), separator.Options.Defaults with { Stems = ["drums"] }));
        Assert.Contains("opened for vocals", error.Message, StringComparison.Ordinal);
    }

    private static ModelSource Specialists() => GoldenModel.Bag((First, [1, 0, 0, 0]), (Second, [0, 1, 1, 1]));

    /// <summary>The processor's, and a list of the networks that were opened.</summary>
    private sealed class NotedBackend(List<string> loaded) : Backend
    {
        private readonly CpuBackend _cpu = new();

        public override string Name => "noted";

        public override string Title => _cpu.Title;

        public override string? WhyRefused(Network network, EngineSettings settings) => _cpu.WhyRefused(network, settings);

        public override EngineMemory Estimate(Network network, EngineSettings settings, int samples) => _cpu.Estimate(network, settings, samples);

        public override int PiecesAtOnce(Network network, EngineSettings settings, int samples) => _cpu.PiecesAtOnce(network, settings, samples);

        public override string Describe(EngineSettings settings) => _cpu.Describe(settings);

        public override IEngine Open(Network network, EngineSettings settings)
        {
            loaded.Add(network.Signature);
            return _cpu.Open(network, settings);
        }
    }
}
