using Stemsharp.Checkpoints;
using Stemsharp.Cpu;
using Stemsharp.Evaluation;
using Stemsharp.Inference;
using Stemsharp.Kernels.Paired;
using Stemsharp.Model;
using Stemsharp.Simd;

namespace Stemsharp.Bench;

/// <summary>
/// How far one forward pass is from the float64 golden data, beside PyTorch's own float32; and in mixed precision, where this processor has
/// it, and with tile registers, emulated.
/// </summary>
internal static class GoldenAccuracy
{
    public static void Print(string golden, SimdTier tier)
    {
        Report("tiny4/tiny4-cf67fb40.th", "tiny4/tiny4.io", "mix.85995", "stems.85995", 0, "119.39");
        Report("tiny6/tiny6-18285eff.th", "tiny6/tiny6.io", "mix.85995", "stems.85995", 0, "123.77");
        Report("synthetic:htdemucs", "htdemucs.synthetic", "mix", "window", 100_000, "117.19");

        void Report(string model, string file, string input, string output, int start, string pytorch)
        {
            bool synthetic = model.StartsWith(SyntheticCheckpoint.Scheme, StringComparison.Ordinal);
            CheckpointNetwork network = FamilyTable.All.Open(synthetic ? model : Path.Combine(golden, model));
            using Checkpoint data = Checkpoint.Open(Path.Combine(golden, file + ".safetensors"));
            float[] mix = Read(data, input), truth = Read(data, output);
            double single = Ratio(Forward(network, mix, tier, null));
            string mixed = PairKernels.Native is { } pairs && tier.Bits == 512 ? $"{Ratio(Forward(network, mix, tier, pairs)):F2} dB" : "none";
            double tiles = Ratio(Forward(network, mix, tier, TilePairs.Emulated));
            Console.WriteLine($"{model}: {single:F2} dB, mixed {mixed}, by tiles {tiles:F2} dB, PyTorch float32 {pytorch} dB");

            double Ratio(float[] stems)
            {
                int length = mix.Length / 2, width = truth.Length / (stems.Length / length);
                SignalToNoise sums = new();
                for (int plane = 0; plane * width < truth.Length; plane++)
                {
                    sums.Add(truth.AsSpan(plane * width, width), stems.AsSpan(plane * length + start, width));
                }

                return sums.Ratio;
            }
        }
    }

    /// <summary>A tensor of golden data.</summary>
    public static float[] Read(Checkpoint data, string name)
    {
        StoredTensor tensor = data.Tensors.First(t => t.Name == name);
        float[] values = new float[tensor.Shape.Aggregate(1, (a, b) => a * b)];
        tensor.CopyTo(values);
        return values;
    }

    private static float[] Forward(CheckpointNetwork network, float[] mix, SimdTier tier, PairKernels? pairs)
    {
        CpuRuntime runtime = new(network, new EngineSettings { Threads = 2 }, tier, pairs);
        using SpectralEngine engine = new(network.Definition, runtime, 2);
        return PieceTrial.Run(engine, network.Definition, mix, default);
    }
}
