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
    [InlineData("tiny4", "tiny4-cf67fb40.th", "tiny4.io.safetensors", 5_000)]
    [InlineData("tiny6", "tiny6-18285eff.th", "tiny6.io.safetensors", 85_995)]
    [InlineData("mixed-storage", "mixed-7b6ab67f.th", "mixed.io.safetensors", 20_000)]
    public void The_emulation_keeps_what_is_promised(string folder, string model, string file, int samples)
    {
        GoldenTensors golden = GoldenTensors.Open(folder, file);
        CheckpointNetwork network = FamilyTable.All.Open(RepositoryFiles.Golden(folder, model));
        int whole = network.Definition.Cut.Samples;
        float[] stems = Run(network, golden[$"mix.{samples}"].Lengthened(whole), PairKernels.Emulated);
        Judge(Promised, golden[$"stems.{samples}"].Values, Enumerable.Range(0, stems.Length / whole).Select(row => (ReadOnlyMemory<float>)stems.AsMemory(row * whole, samples)));
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
        float[] emulated = Run(network, mix, PairKernels.Emulated);
        foreach (int threads in (int[])[1, 2, 3])
        {
            Assert.Equal(emulated, Run(network, mix, PairKernels.Native, threads));
        }
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
        EngineSettings settings = new() { Threads = threads, Precision = EnginePrecision.Mixed };
        CpuRuntime runtime = new(network, settings, SimdTier.Chosen, pairs ?? throw new InvalidOperationException(PairKernels.Refusal));
        Assert.Equal(EnginePrecision.Mixed, runtime.Identity.Precision);
        using SpectralEngine engine = new(network.Definition, runtime, threads);
        return PieceTrial.Run(engine, network.Definition, mix, default);
    }

    private void Judge(double promised, float[] truth, IEnumerable<ReadOnlyMemory<float>> stems)
    {
        double snr = GoldenModel.Snr(truth, stems);
        output.WriteLine($"{snr:F2} dB");

        // Far from single precision as well: it has been mixed.
        Assert.InRange(snr, promised, 100);
    }
}
