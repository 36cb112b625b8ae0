using System.Diagnostics;
using Google.Protobuf;
using Stemsharp.Checkpoints;
using Stemsharp.Evaluation;
using Stemsharp.Export.Interpretation;
using Stemsharp.Export.Onnx;
using Stemsharp.Export.Onnx.Interpretation;
using Stemsharp.Model;

namespace Stemsharp.Bench.Onnx;

/// <summary>
/// The question: what does each precision of a full-size waveform graph cost, rounded exactly as its file says?
/// <c>onnx-accuracy GOLDEN-FOLDER</c>: htdemucs with recreatable weights, in the interpreter of exported files,
/// against a window of the original's stems in double precision; the original in single precision is at 117.2 dB.
/// </summary>
internal static class OnnxAccuracy
{
    private const int Start = 100_000;

    public static void Print(string golden)
    {
        using Checkpoint data = Checkpoint.Open(Path.Combine(golden, "htdemucs.synthetic.safetensors"));
        float[] mix = Read(data, "mix"), truth = Read(data, "window");
        foreach (OnnxPrecision precision in Enum.GetValues<OnnxPrecision>())
        {
            string name = precision.ToString().ToLowerInvariant();
            Measure(name, new OnnxGraphOptions { Precision = precision });
            Measure($"{name}, form for GPUs", new OnnxGraphOptions { Precision = precision, Form = OnnxForm.Gpu, Opset = 20, ScoreLimit = long.MaxValue });
        }

        Measure("int8", new OnnxGraphOptions { Int8 = true });

        void Measure(string name, OnnxGraphOptions options)
        {
            string path = Path.Combine(Path.GetTempPath(), $"stemsharp-bench-{Guid.NewGuid():N}.onnx");
            try
            {
                using (FileStream file = File.Create(path))
                {
                    OnnxModelBuilder.Build(FamilyTable.All.Open("synthetic:htdemucs"), options).WriteTo(file);
                }

                long bytes = new FileInfo(path).Length, begin = Stopwatch.GetTimestamp();
                OnnxGraphFile graph = OnnxGraphFile.Open(path);
                double[] snr = [.. Enum.GetValues<Summation>().Select(order => Snr(truth, new OnnxInterpreter(graph, order).Run([mix])[0], mix.Length / 2))];
                Console.WriteLine($"{name}: {snr[0]:F1} dB, {snr[1]:F1} dB where sums are naive and merged, {graph.Nodes.Count} nodes, {bytes / 1e6:F1} MB, both interpreted in {Stopwatch.GetElapsedTime(begin).TotalSeconds:F0} s");
            }
            finally
            {
                File.Delete(path);
            }
        }
    }

    private static double Snr(float[] truth, float[] stems, int samples)
    {
        int rows = stems.Length / samples, width = truth.Length / rows;
        SignalToNoise sums = new();
        for (int row = 0; row < rows; row++)
        {
            sums.Add(truth.AsSpan(row * width, width), stems.AsSpan(row * samples + Start, width));
        }

        return sums.Ratio;
    }

    public static float[] Read(Checkpoint data, string name)
    {
        StoredTensor tensor = data.Tensors.First(t => t.Name == name);
        float[] values = new float[tensor.Shape.Aggregate(1, (a, b) => a * b)];
        tensor.CopyTo(values);
        return values;
    }
}
