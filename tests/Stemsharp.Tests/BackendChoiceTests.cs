using Stemsharp.Cpu;
using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.Tests.Golden;
using Stemsharp.Tests.Separation;
using Xunit;

namespace Stemsharp.Tests;

/// <summary>Which backends run a network: the one that was named, those that may be chosen unnamed, and who takes whose place.</summary>
public class BackendChoiceTests
{
    private static readonly Network Model = FamilyTable.All.Open(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"));
    private static readonly EngineSettings Settings = new() { Threads = 1, Device = "7" };

    private static readonly Backend Vulkan = new Named("vulkan"), Onnx = new Named("onnxruntime") { ByNameOnly = true }, Broken = new Named("broken") { Absent = "There is no driver." },
        Small = new Named("small") { Refused = "The network is too large." }, Last = new Named("last");

    [Fact]
    public void The_one_that_was_named_runs_and_no_other_takes_its_place() => Choose("vulkan", [Onnx, Vulkan, Last], ["vulkan 7"]);

    [Fact]
    public void Auto_takes_what_may_be_chosen_in_the_tables_order() =>
        Choose(Engines.Auto, [Onnx, Broken, Small, Vulkan, Last], ["vulkan 7", "last 7"], "broken: There is no driver. small: The network is too large.");

    [Fact]
    public void One_that_is_not_worth_it_is_passed_over_and_still_runs_when_it_is_named()
    {
        Named slow = new("slow") { Advice = new EngineAdvice(false, "a trial took 9 ms on it and 8 ms on the processor.") };
        Choose(Engines.Auto, [slow, Last], ["last 7"], "slow: a trial took 9 ms on it and 8 ms on the processor.");
        Choose("broken", [Broken, slow, Last], ["last"], "There is no driver. slow: a trial took 9 ms on it and 8 ms on the processor.", fallback: true);
        Choose("slow", [slow, Last], ["slow 7"]);
    }

    [Fact]
    public void One_that_is_worth_it_says_why()
    {
        Named fast = new("fast") { Advice = new EngineAdvice(true, "a trial took 1 ms on it and 8 ms on the processor.") };
        Choose(Engines.Auto, [fast, Last], ["fast 7", "last 7"], "fast: a trial took 1 ms on it and 8 ms on the processor.");

        // Behind one that was named nobody asks why.
        Choose("last", [fast, Last], ["last 7", "fast"], fallback: true);
    }

    [Fact]
    public async Task What_auto_chose_and_why_is_told_once()
    {
        List<string> said = [];
        Backend slow = new Named("slow") { Advice = new EngineAdvice(false, "it is slower.") };
        SeparatorOptions options = new() { Engine = Engines.Auto, Backends = [slow, new CpuBackend()], Notices = new Told(said), Threads = 2 };
        ModelMember member = FakeModel.Source.Members[0];
        await using Separator separator = Separator.Open(new ModelSource("bag", FakeModel.Source.Stems, 44_100, [member, member]), options);
        await separator.SeparateAsync(FakeModel.Noise(9000));
        await separator.SeparateAsync(FakeModel.Noise(9000));
        Assert.Equal(["The engine cpu was chosen. slow: it is slower."], said);
    }

    [Fact]
    public void With_a_fallback_the_others_stand_behind_it_without_its_device() =>
        Choose("onnxruntime", [Vulkan, Onnx, Broken, Last], ["onnxruntime 7", "vulkan", "last"], "broken: There is no driver.", fallback: true);

    [Fact]
    public void With_a_fallback_others_go_where_it_cannot() =>
        Choose("small", [Vulkan, Small], ["vulkan"], "The network is too large.", fallback: true);

    [Theory]
    [InlineData("broken", false, "There is no driver.")]
    [InlineData("small", false, "The network is too large.")]
    [InlineData("broken", true, "There is no driver. small: The network is too large.")]
    [InlineData("auto", false, "broken: There is no driver. small: The network is too large.")]
    public void Where_none_is_left_the_reasons_are_told(string engine, bool fallback, string expected)
    {
        SeparatorOptions options = new() { Engine = engine, Backends = [Broken, Small, Onnx], Fallback = fallback };
        EngineException error = Assert.Throws<EngineException>(() => BackendChoice.Of(options, Model, Settings, out _));
        Assert.Equal(EngineFailure.Refused, error.Failure);
        Assert.Equal(expected, error.Message);
    }

    [Fact]
    public void An_absent_one_is_refused_before_a_model_is_looked_for()
    {
        SeparatorOptions options = new() { Engine = "broken", Backends = [Broken, Last], Model = "no-such-model" };
        Assert.Equal("There is no driver.", Assert.Throws<EngineException>(() => BackendChoice.RequirePresent(options)).Message);
        BackendChoice.RequirePresent(options with { Fallback = true });
        BackendChoice.RequirePresent(options with { Engine = "last" });
        BackendChoice.RequirePresent(options with { Engine = Engines.Auto });
    }

    [Theory]
    [InlineData(EnginePrecision.Mixed, 1)]
    [InlineData(EnginePrecision.Fp32, 0)]
    public async Task A_better_precision_than_was_asked_for_is_said(EnginePrecision precision, int notices)
    {
        List<string> said = [];
        SeparatorOptions options = new() { Precision = precision, Notices = new Told(said), Threads = 2 };
        await using Separator separator = Separator.Open(GoldenModel.Source(RepositoryFiles.Golden("roformer", "bs4.ckpt")), options);
        SeparationResult result = await separator.SeparateAsync(FakeModel.Noise(9000));
        Assert.Equal(EnginePrecision.Fp32, Assert.Single(result.Summary.Engines).Engine.Precision);
        Assert.Equal(notices, said.Count);
        Assert.All(said, text => Assert.Equal(
            $"cpu runs in fp32 precision and not in mixed: {CpuBackend.WhySingleHere ?? "this model is not one that 16-bit products leave accurate enough"}.", text));
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("cpu", true)]
    [InlineData("0", true)]
    [InlineData("cuda", false)]
    public void The_processor_is_one_device(string? device, bool taken)
    {
        string? refused = new CpuBackend().WhyRefused(Model, Settings with { Device = device });
        Assert.Equal(taken, refused is null);
        Assert.True(taken || refused!.Contains($"there is no '{device}'", StringComparison.Ordinal));
    }

    [Fact]
    public void The_processors_estimate_is_what_its_engine_takes()
    {
        CpuBackend backend = new();
        EngineSettings settings = new() { Threads = 2 };
        int samples = Model.Definition.Cut.Samples;
        EngineMemory estimate = backend.Estimate(Model, settings, samples);
        using IEngine engine = backend.Open(Model, settings);
        engine.Prepare(samples, 1);
        Assert.InRange(estimate.Host / (double)engine.HostBytes, 1, 1.15);
        Assert.Equal(0, estimate.Device);
        Assert.Equal(engine.RunsAtOnce, backend.PiecesAtOnce(Model, settings, samples));
        Assert.Equal(engine.Description, backend.Describe(settings));
    }

    private static void Choose(string engine, Backend[] table, string[] expected, string passedOver = "", bool fallback = false)
    {
        SeparatorOptions options = new() { Engine = engine, Backends = table, Fallback = fallback };
        IReadOnlyList<(Backend Backend, EngineSettings Settings)> found = BackendChoice.Of(options, Model, Settings, out string reasons);
        Assert.Equal(expected, found.Select(choice => $"{choice.Backend.Name} {choice.Settings.Device}".Trim()));
        Assert.Equal(passedOver, reasons);
    }

    private sealed class Told(List<string> said) : IProgress<string>
    {
        public void Report(string value) => said.Add(value);
    }

    /// <summary>A backend that is never opened.</summary>
    private sealed class Named(string name) : Backend
    {
        public string? Absent { get; init; }

        public string? Refused { get; init; }

        public bool ByNameOnly { get; init; }

        public override string Name => name;

        public override string Title => name;

        public override bool IsAutomatic => !ByNameOnly;

        public EngineAdvice Advice { get; init; } = new(true, "");

        public override EngineAdvice Advise(Network network, EngineSettings settings) => Advice;

        public override string? WhyAbsent => Absent;

        public override string? WhyRefused(Network network, EngineSettings settings) => Refused;

        public override EngineMemory Estimate(Network network, EngineSettings settings, int samples) => throw new NotSupportedException();

        public override int PiecesAtOnce(Network network, EngineSettings settings, int samples) => throw new NotSupportedException();

        public override string Describe(EngineSettings settings) => throw new NotSupportedException();

        public override IEngine Open(Network network, EngineSettings settings) => throw new NotSupportedException();
    }
}
