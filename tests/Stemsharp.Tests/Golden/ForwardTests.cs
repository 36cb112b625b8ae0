using System.Globalization;
using Stemsharp.Graph;
using Stemsharp.Graph.Interpretation;
using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.Separation;
using Stemsharp.Simd;
using Stemsharp.Tests.Signal;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Tests.Golden;

/// <summary>One forward pass of each golden model against the original's, computed in double precision.</summary>
public class ForwardTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("tiny4", "tiny4-cf67fb40.th", "tiny4.io.safetensors", 85_995)]
    [InlineData("tiny4", "tiny4-cf67fb40.th", "tiny4.io.safetensors", 5_000)]
    [InlineData("tiny6", "tiny6-18285eff.th", "tiny6.io.safetensors", 85_995)]
    [InlineData("mixed-storage", "mixed-7b6ab67f.th", "mixed.io.safetensors", 20_000)]
    public void The_engine_is_as_exact_as_the_original_in_single_precision(string folder, string model, string file, int samples)
    {
        GoldenTensors golden = GoldenTensors.Open(folder, file);
        double original = double.Parse(golden.Metadata[$"pytorch_fp32_snr_db.{samples}"], CultureInfo.InvariantCulture);
        double snr = Forward(RepositoryFiles.Golden(folder, model), golden, samples);
        output.WriteLine($"{snr:F2} dB, the original {original:F2} dB");
        Assert.True(snr > original - Below(SimdTier.Chosen), $"{snr:F2} dB, the original {original:F2} dB");
    }

    /// <summary>
    /// How far below the original's single precision a tier may be, in dB. A sum of n terms in vectors of w lanes is w sums of n / w terms, and
    /// the rounding errors of a sum grow with its terms: on x64 the four cases lose at most 0.9, 1.7, 9.1 and 18.7 dB from the widest tier to the
    /// scalar one, on ARM 9.7 with 128 bits. Most is lost by mixed-storage.
    /// </summary>
    private static double Below(SimdTier tier) => tier.Bits switch
    {
        >= 256 => 3,
        128 => 11,
        _ => 20,
    };

    [Theory]
    [InlineData("tiny4", "tiny4-cf67fb40.th", "tiny4.io.safetensors", 5_000)]
    [InlineData("tiny6", "tiny6-18285eff.th", "tiny6.io.safetensors", 85_995)]
    [InlineData("mixed-storage", "mixed-7b6ab67f.th", "mixed.io.safetensors", 20_000)]
    public void The_interpreter_agrees_beyond_130_decibels(string folder, string model, string file, int samples)
    {
        double snr = Interpret(RepositoryFiles.Golden(folder, model), GoldenTensors.Open(folder, file), samples);
        output.WriteLine($"{snr:F2} dB");
        Assert.True(snr > 130, $"{snr:F2} dB");
    }

    /// <summary>The network and the transforms around it, all in double precision.</summary>
    private static double Interpret(string model, GoldenTensors golden, int samples)
    {
        CheckpointNetwork network = FamilyTable.All.Open(model);
        int length = network.Definition.Cut.Samples, nfft = network.Definition.Transform!.Nfft, stems = network.Definition.Stems.Length;
        Graph.Graph graph = network.Record(length);
        using INetworkWeights weights = network.OpenWeights(graph);
        RoundPositions(graph, Convert.ToSingle(network.Arguments["t_max_period"], CultureInfo.InvariantCulture));
        float[] mix = golden[$"mix.{samples}"].Lengthened(length);

        double[][] outputs = new Interpreter(graph, weights).Run(
        [
            [.. ReferenceStft.Forward(mix.AsSpan(0, length), nfft, true), .. ReferenceStft.Forward(mix.AsSpan(length), nfft, true)],
            Array.ConvertAll(mix, value => (double)value),
        ]);
        int plane = outputs[0].Length / (2 * stems);
        return GoldenModel.Snr(golden[$"stems.{samples}"].Values, Enumerable.Range(0, 2 * stems).Select(i =>
        {
            double[] stem = ReferenceStft.Inverse(outputs[0].AsSpan(i * plane, plane), nfft, length, true);
            return (ReadOnlyMemory<float>)stem.Take(samples).Select((value, n) => (float)(value + outputs[1][i * length + n])).ToArray();
        }));
    }

    /// <summary>The original computes positions in single precision even where all else is double, and so is the truth.</summary>
    private static void RoundPositions(Graph.Graph graph, float period)
    {
        foreach (Table table in graph.Nodes.Select(node => node.Op).OfType<AddTableOp>().Select(op => op.Table))
        {
            int channels = table.Shape.Channels, positions = table.Data.Length / channels, half = channels / 2;
            for (int i = 0; i < table.Data.Length; i++)
            {
                (int c, int at) = Math.DivRem(i, positions);
                if (table.Name.EndsWith("positions_t", StringComparison.Ordinal))
                {
                    float phase = at / MathF.Pow(period, c % half / (half - 1f));
                    table.Data[i] = c < half ? MathF.Cos(phase) : MathF.Sin(phase);
                }
                else if (c < half == table.Name.EndsWith("time", StringComparison.Ordinal))
                {
                    float phase = at * MathF.Exp((c % half & ~1) * (float)-(Math.Log(period) / half));
                    table.Data[i] = c % 2 == 0 ? MathF.Sin(phase) : MathF.Cos(phase);
                }
            }
        }
    }

    private static double Forward(string model, GoldenTensors golden, int samples)
    {
        using SeparatorEngines engines = new(
            GoldenModel.Source(model),
            new SeparatorOptions { Threads = 2 },
            Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        BagMember member = engines.Members[0];
        int whole = member.Definition.Cut.Samples;
        IEngine engine = member.Engines.Open(whole, 1);

        float[] stems = PieceTrial.Run(engine, member.Definition, golden[$"mix.{samples}"].Lengthened(whole), default);
        return GoldenModel.Snr(
            golden[$"stems.{samples}"].Values,
            Enumerable.Range(0, stems.Length / whole).Select(row => (ReadOnlyMemory<float>)stems.AsMemory(row * whole, samples)));
    }
}
