using Stemsharp.Cpu;
using Stemsharp.Inference;
using Stemsharp.Kernels.Paired;
using Stemsharp.Model;
using Stemsharp.Simd;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Tests.Golden;

/// <summary>Mixed precision on the processor against the originals in double precision: by emulation everywhere, and at full size where there are the instructions.</summary>
public class MixedTests(ITestOutputHelper output)
{
    private const double Promised = 60;

    [Theory]
    [InlineData("tiny4", "tiny4-cf67fb40.th", "tiny4.io.safetensors", 5_000, false)]
    [InlineData("tiny4", "tiny4-cf67fb40.th", "tiny4.io.safetensors", 5_000, true)]
    [InlineData("tiny6", "tiny6-18285eff.th", "tiny6.io.safetensors", 85_995, false)]
    [InlineData("tiny6", "tiny6-18285eff.th", "tiny6.io.safetensors", 85_995, true)]
    [InlineData("mixed-storage", "mixed-7b6ab67f.th", "mixed.io.safetensors", 20_000, false)]
    [InlineData("mixed-storage", "mixed-7b6ab67f.th", "mixed.io.safetensors", 20_000, true)]
    public void The_emulation_keeps_what_is_promised(string folder, string model, string file, int samples, bool tiles)
    {
        GoldenTensors golden = GoldenTensors.Open(folder, file);
        CheckpointNetwork network = FamilyTable.All.Open(RepositoryFiles.Golden(folder, model));
        int whole = network.Definition.Cut.Samples;
        float[] stems = Run(network, golden[$"mix.{samples}"].Lengthened(whole), tiles ? TilePairs.Emulated : VectorPairs.Emulated);
        Judge(Promised, golden[$"stems.{samples}"].Values, Enumerable.Range(0, stems.Length / whole).Select(row => (ReadOnlyMemory<float>)stems.AsMemory(row * whole, samples)));
    }

    // Nothing offers it to this network, which has no transformer; its convolutions are what is computed so.
    [Fact]
    public void Convolutions_in_three_products_stay_near_single_precision()
    {
        const int samples = 8_268;
        GoldenTensors golden = GoldenTensors.Open("demucs3", "hd4.io.safetensors");
        CheckpointNetwork network = FamilyTable.All.Open(RepositoryFiles.Golden("demucs3", "hd4-f3818771.th"));
        using SpectralEngine engine = new(network.Definition, Runtime(network, TilePairs.Emulated, 2), 2);
        float[] stems = PieceTrial.Run(engine, network.Definition, golden[$"mix.{samples}"].Values, default);
        Judge(90, golden[$"stems.{samples}"].Values, Enumerable.Range(0, stems.Length / samples).Select(row => (ReadOnlyMemory<float>)stems.AsMemory(row * samples, samples)), most: 115);
    }

    [Theory]
    [InlineData("roformer/bs4.ckpt")]
    [InlineData("mdx23c-scnet/mdxc1.ckpt")]
    [InlineData("demucs3/hd4-f3818771.th")]
    public void Networks_that_it_would_cost_too_much_run_in_single_precision_and_say_so(string model)
    {
        CheckpointNetwork network = FamilyTable.All.Open(RepositoryFiles.Golden(model));
        EngineSettings settings = new() { Threads = 1, Precision = EnginePrecision.Mixed };
        CpuBackend backend = new();
        using IEngine engine = backend.Open(network, settings);
        Assert.Equal(EnginePrecision.Fp32, engine.Identity.Precision);
        Assert.Equal(CpuBackend.WhySingleHere ?? "this model is not one that 16-bit products leave accurate enough", backend.WhyMorePrecise(network, settings));
        Assert.Null(backend.WhyMorePrecise(network, settings with { Precision = EnginePrecision.Fp32 }));
    }

    [PairFact]
    public void The_processor_gives_the_emulations_bits_with_any_number_of_threads()
    {
        GoldenTensors golden = GoldenTensors.Open("tiny4", "tiny4.io.safetensors");
        CheckpointNetwork network = FamilyTable.All.Open(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"));
        float[] mix = golden["mix.5000"].Lengthened(network.Definition.Cut.Samples);
        float[] emulated = Run(network, mix, VectorPairs.Emulated);
        foreach (int threads in (int[])[1, 2, 3])
        {
            Assert.Equal(emulated, Run(network, mix, PairTests.Vectors, threads));
        }
    }

    [Fact]
    public void Tiles_give_the_same_bits_with_any_number_of_threads()
    {
        GoldenTensors golden = GoldenTensors.Open("tiny4", "tiny4.io.safetensors");
        CheckpointNetwork network = FamilyTable.All.Open(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"));
        float[] mix = golden["mix.5000"].Lengthened(network.Definition.Cut.Samples), one = Run(network, mix, TilePairs.Emulated, 1);
        Assert.Equal(one, Run(network, mix, TilePairs.Emulated, 2));
        Assert.Equal(one, Run(network, mix, TilePairs.Emulated, 3));
    }

    [PairFact]
    public void Full_htdemucs_keeps_what_is_promised()
    {
        GoldenTensors golden = GoldenTensors.Open("htdemucs.synthetic.safetensors");
        CheckpointNetwork network = FamilyTable.All.Open("synthetic:htdemucs");
        float[] stems = Run(network, golden["mix"].Values, PairKernels.Native);
        int samples = network.Definition.Cut.Samples;
        Judge(Promised, golden["window"].Values, Enumerable.Range(0, 8).Select(row => (ReadOnlyMemory<float>)stems.AsMemory(row * samples + 100_000, 22_050)));
    }

    [Fact]
    public void The_backend_runs_mixed_where_the_processor_can_and_tells_its_memory()
    {
        CheckpointNetwork network = FamilyTable.All.Open(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"));
        EngineSettings settings = new() { Threads = 1, Precision = EnginePrecision.Mixed };
        CpuBackend backend = new();
        using IEngine engine = backend.Open(network, settings);
        Assert.Equal(CpuBackend.WhySingleHere is null ? EnginePrecision.Mixed : EnginePrecision.Fp32, engine.Identity.Precision);
        Assert.Equal(CpuBackend.WhySingleHere, backend.WhyMorePrecise(network, settings));
        int samples = network.Definition.Cut.Samples;
        EngineMemory mixed = backend.Estimate(network, settings, samples), single = backend.Estimate(network, settings with { Precision = EnginePrecision.Fp32 }, samples);
        Assert.True(mixed.Host <= single.Host, $"{mixed.Host} bytes mixed, {single.Host} in single precision");
        Assert.Equal(engine.Description.Contains("mixed", StringComparison.Ordinal), CpuBackend.WhySingleHere is null);
    }

    private static float[] Run(CheckpointNetwork network, float[] mix, PairKernels? pairs, int threads = 2)
    {
        CpuRuntime runtime = Runtime(network, pairs ?? throw new InvalidOperationException(PairKernels.Refusal), threads);
        Assert.Equal((EnginePrecision.Mixed, $"{SimdTier.Chosen.Name}, {pairs.Name}"), (runtime.Identity.Precision, runtime.Identity.Device));
        using SpectralEngine engine = new(network.Definition, runtime, threads);
        return PieceTrial.Run(engine, network.Definition, mix, default);
    }

    private static CpuRuntime Runtime(CheckpointNetwork network, PairKernels pairs, int threads) =>
        new(network, new EngineSettings { Threads = threads, Precision = EnginePrecision.Mixed }, SimdTier.Chosen, pairs);

    private void Judge(double promised, float[] truth, IEnumerable<ReadOnlyMemory<float>> stems, double most = 100)
    {
        double snr = GoldenModel.Snr(truth, stems);
        output.WriteLine($"{snr:F2} dB");

        // Far from single precision as well: it has been mixed.
        Assert.InRange(snr, promised, most);
    }
}
