using System.Globalization;
using Stemsharp.Evaluation;
using Stemsharp.Graph;
using Xunit;

namespace Stemsharp.Tests.Golden;

/// <summary>The golden data of HDemucs and time-only Demucs: inputs, truth and yardstick of each case.</summary>
internal static class GoldenDemucs
{
    public const string Folder = "demucs3";

    private static readonly Dictionary<string, string> s_files = new()
    {
        ["hd4"] = "hd4-f3818771.th",
        ["hd2"] = "hd2-0495953f.th",
        ["hda"] = "hda-7a8b1543.th",
        ["hdm"] = "hdm-98dff676.th",
        ["dm4"] = "dm4-20de21fd.th",
        ["dm2"] = "dm2-4eeda24c.th",
    };

    /// <summary>Model and samples of each case: the full segment, shorter ones, and long ones in which recurrent layers run in frames.</summary>
    public static TheoryData<string, int> Cases => new()
    {
        { "hd4", 8268 }, { "hd4", 2003 }, { "hd4", 700 }, { "hd4", 430_099 },
        { "hd2", 6615 }, { "hd2", 1235 }, { "hd2", 60_001 },
        { "hda", 3528 }, { "hda", 1001 }, { "hda", 20_001 },
        { "hdm", 3528 }, { "hdm", 1001 },
        { "dm4", 4778 }, { "dm4", 3001 }, { "dm4", 430_099 },
        { "dm2", 3528 }, { "dm2", 1001 },
    };

    /// <summary>Those that the interpreter is asked for: one of ten seconds takes it two minutes.</summary>
    public static TheoryData<string, int> Interpreted
    {
        get
        {
            TheoryData<string, int> cases = [];
            foreach (object[] one in Cases)
            {
                if (!IsLong((string)one[0], (int)one[1]))
                {
                    cases.Add((string)one[0], (int)one[1]);
                }
            }

            return cases;
        }
    }

    /// <summary>The checkpoint of a model.</summary>
    public static string File(string model) => RepositoryFiles.Golden(Folder, s_files[model]);

    /// <summary>Whether the interpreter would take minutes.</summary>
    public static bool IsLong(string model, int samples) => model == "hd4" && samples > 100_000;

    /// <summary>A case's mix, [2, samples]. Long ones repeat the longest stored one at three levels.</summary>
    public static float[] Mix(GoldenTensors golden, int samples)
    {
        if (golden.Contains($"mix.{samples}"))
        {
            return golden[$"mix.{samples}"].Values;
        }

        GoldenTensor full = golden.Names.Where(n => n.StartsWith("mix.", StringComparison.Ordinal)).Select(n => golden[n]).MaxBy(t => t.Shape[1])!;
        int period = full.Shape[1];
        float[] mix = new float[2 * samples];
        for (int i = 0; i < mix.Length; i++)
        {
            (int channel, int at) = Math.DivRem(i, samples);
            mix[i] = full.Values[channel * period + at % period] / (1 << at / period % 3);
        }

        return mix;
    }

    /// <summary>How near stems [S, 2, samples] are to the truth, which long cases hold in windows.</summary>
    public static double Snr(GoldenTensors golden, int samples, float[] stems) =>
        Snr(golden, $"stems.{samples}", [.. Enumerable.Range(0, stems.Length / samples).Select(row => (ReadOnlyMemory<float>)stems.AsMemory(row * samples, samples))]);

    /// <summary>How near the channels of all stems are to a result's truth, or to the windows that are stored of it.</summary>
    public static double Snr(GoldenTensors golden, string name, ReadOnlyMemory<float>[] channels)
    {
        SignalToNoise sums = new();
        foreach ((GoldenTensor truth, int start) in Parts(golden, name))
        {
            int length = truth.Shape[^1];
            Assert.Equal(channels.Length * length, truth.Values.Length);
            for (int row = 0; row < channels.Length; row++)
            {
                sums.Add(truth.Values.AsSpan(row * length, length), channels[row].Span.Slice(start, length));
            }
        }

        return sums.Ratio;
    }

    /// <summary>The stored windows of a result and where they begin; the whole of it where it is stored whole.</summary>
    private static IEnumerable<(GoldenTensor Truth, int Start)> Parts(GoldenTensors golden, string name) => golden.Contains(name)
        ? [(golden[name], 0)]
        : golden.Names.Where(n => n.StartsWith($"{name}.from.", StringComparison.Ordinal)).Select(n => (golden[n], int.Parse(n.AsSpan(n.LastIndexOf('.') + 1), CultureInfo.InvariantCulture)));

    /// <summary>What PyTorch's own single precision reaches.</summary>
    public static double Original(GoldenTensors golden, string name) => double.Parse(golden.Metadata[$"pytorch_fp32_snr_db.{name}"], CultureInfo.InvariantCulture);

    /// <summary>The loudness of each stem over the whole length, where it is stored.</summary>
    public static void CheckLoudness(GoldenTensors golden, string name, float[] stems)
    {
        if (!golden.Contains(name))
        {
            return;
        }

        float[] rms = golden[name].Values;
        for (int s = 0; s < rms.Length; s++)
        {
            float[] own = stems[(stems.Length / rms.Length * s)..(stems.Length / rms.Length * (s + 1))];
            Assert.Equal(1, Math.Sqrt(own.Sum(v => (double)v * v) / own.Length) / rms[s], 1e-5);
        }
    }

    /// <summary>The node whose output a tap is: a module's last one.</summary>
    public static string NodeOf(Graph.Graph graph, string tap)
    {
        string[] parts = tap.Split('.');
        int dconv = Array.IndexOf(parts, "layers");
        if (dconv >= 0 && parts[^3] == "layers")
        {
            IEnumerable<Node> own = graph.Nodes.Where(n => n.Name == tap || n.Name.StartsWith(tap + ".", StringComparison.Ordinal));
            string layer = string.Join('.', parts[..^1]);
            return own.Any() ? own.Last().Name : graph.Nodes.First(n => n.Name == $"{layer}.{(parts[^1] == "2" ? "gelu" : "glu")}").Name;
        }

        return graph.Nodes.Last(n => n.Name.StartsWith(tap + ".", StringComparison.Ordinal)).Name;
    }

    /// <summary>A tap as the graph's value lies: frequency layers' sequences are stored row by row, [rows, channels, T].</summary>
    public static float[] Arrange(GoldenTensor tap, Shape shape)
    {
        if (shape.Rank != 3 || tap.Shape.Length != 3 || (tap.Shape[0] == shape.Channels && tap.Shape[1] == shape.Rows && !tap.Name.Contains(".layers.", StringComparison.Ordinal)))
        {
            return tap.Values;
        }

        (int rows, int channels, int steps) = (tap.Shape[0], tap.Shape[1], tap.Shape[2]);
        if (!tap.Name.Contains(".layers.", StringComparison.Ordinal))
        {
            return tap.Values;
        }

        float[] result = new float[tap.Values.Length];
        for (int i = 0; i < result.Length; i++)
        {
            (int c, int rest) = Math.DivRem(i, rows * steps);
            (int r, int t) = Math.DivRem(rest, steps);
            result[i] = tap.Values[(r * channels + c) * steps + t];
        }

        return result;
    }
}
