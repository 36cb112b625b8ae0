using Stemsharp.Cpu;
using Stemsharp.Evaluation;
using Stemsharp.Export.CoreML;
using Stemsharp.Inference;
using Stemsharp.Simd;
using Stemsharp.Tests;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Export.Tests.CoreML;

/// <summary>
/// Packages of the official architectures with synthetic weights, read back from disk and interpreted: against the
/// original's stems in double precision where there are some, and against the managed engine, which is at 110 dB of it.
/// </summary>
public unsafe class FullSizePackageTests(ITestOutputHelper output)
{
    private static readonly GoldenTensors s_golden = GoldenTensors.Open("htdemucs.synthetic.safetensors");

    [Fact]
    public void Single_precision_is_the_original()
    {
        TestNetwork network = TestNetwork.Open("synthetic:htdemucs");
        float[][] outputs = network.Run(new CoreMLExportOptions { Target = CoreMLTarget.IOS18, Precision = CoreMLPrecision.Float32 }, s_golden["mix"].Values);
        CheckWindow(network, network.Stems(outputs, 4), 100);
    }

    [Fact]
    public void Mixed_packages_reach_sixty_decibels_in_both_branches_and_every_stem()
    {
        TestNetwork network = TestNetwork.Open("synthetic:htdemucs");
        CheckWindow(network, CheckMixed(network, 60), 60);
    }

    [Fact]
    public void Mixed_packages_of_six_stems_reach_that_too() => CheckMixed(TestNetwork.Open("synthetic:htdemucs_6s"), 60);

    private float[] CheckMixed(TestNetwork network, double least)
    {
        float[] mix = s_golden["mix"].Values, spectrogram = ReferenceStft.Forward(mix, network.Samples, network.Nfft);
        float[][] outputs = network.Run(new CoreMLExportOptions { Target = CoreMLTarget.IOS18 }, mix);
        float[][] truth = [new float[outputs[0].Length], new float[outputs[1].Length]];
        EngineSettings settings = new() { Threads = Environment.ProcessorCount, PiecesAtOnce = 1 };
        using (CpuRuntime runtime = new(network.Network, settings, SimdTier.Chosen))
        {
            INetworkSession session = runtime.Arrange(network.Samples, 1)[0];
            spectrogram.CopyTo(new Span<float>(session.Input(PortRole.Spectrogram), spectrogram.Length));
            mix.CopyTo(new Span<float>(session.Input(PortRole.Waveform), mix.Length));
            session.Run(default);
            new ReadOnlySpan<float>(session.Output(PortRole.Spectrogram), truth[0].Length).CopyTo(truth[0]);
            new ReadOnlySpan<float>(session.Output(PortRole.Waveform), truth[1].Length).CopyTo(truth[1]);
        }

        Check("frequency branch", truth[0], outputs[0], least);
        Check("time branch", truth[1], outputs[1], least);
        int count = network.Definition.Stems.Length, size = 2 * network.Samples;
        float[] stems = network.Stems(outputs, count), expected = network.Stems(truth, count);
        for (int i = 0; i < count; i++)
        {
            Check(network.Definition.Stems[i], expected.AsSpan(i * size, size), stems.AsSpan(i * size, size), least);
        }

        return stems;
    }

    // The golden stems are the half second from sample 100,000 on.
    private void CheckWindow(TestNetwork network, float[] stems, double least)
    {
        GoldenTensor window = s_golden["window"];
        int length = window.Shape[2];
        float[] ours = [.. Enumerable.Range(0, window.Shape[0] * 2).SelectMany(row => stems.AsSpan(row * network.Samples + 100_000, length).ToArray())];
        Check("window of the original's stems", window.Values, ours, least);
    }

    private void Check(string what, ReadOnlySpan<float> truth, ReadOnlySpan<float> ours, double least)
    {
        ParityReport parity = ParityReport.Compare(truth, ours);
        output.WriteLine($"{what}: {parity.Snr:F1} dB, SI-SDR {parity.SiSdr:F1}");
        Assert.True(parity.Snr >= least, $"{what}: {parity.Snr:F1} dB, at least {least} expected");
        Assert.InRange(parity.SiSdr, parity.Snr - 0.1, parity.Snr + 0.1);
    }
}
