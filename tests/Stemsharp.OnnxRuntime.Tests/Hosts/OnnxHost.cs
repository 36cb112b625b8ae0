using System.Text.Json;
using Microsoft.ML.OnnxRuntime;

namespace Stemsharp.OnnxRuntime.Tests.Hosts;

/// <summary>A host of exported waveform graphs on the package Microsoft.ML.OnnxRuntime.</summary>
internal static class OnnxHost
{
    /// <summary>mix [2][n] → stems [S][2][n]. The network takes a window [2·length] and gives stems [S·2·length].</summary>
    public static float[][][] Separate(float[][] mix, int length, Func<float[], float[]> network)
    {
        int total = mix[0].Length;
        double mean = 0, squares = 0;
        for (int i = 0; i < total; i++)
        {
            mean += ((double)mix[0][i] + mix[1][i]) / 2 / total;
        }

        for (int i = 0; i < total; i++)
        {
            squares += Math.Pow(((double)mix[0][i] + mix[1][i]) / 2 - mean, 2);
        }

        double scale = Math.Sqrt(squares / Math.Max(1, total - 1)) + 1e-8;

        int top = length - length / 2, stride = (int)(length * 3L / 4);
        float[][][] stems = [];
        float[] added = new float[total];
        for (int start = 0; start < total; start += stride)
        {
            int size = Math.Min(length, total - start), left = (length - size) / 2;
            int first = Math.Max(0, start - left), last = Math.Min(total, start - left + length);
            float[] window = new float[2 * length];
            for (int c = 0; c < 2; c++)
            {
                for (int i = first; i < last; i++)
                {
                    window[c * length + i - start + left] = (float)((mix[c][i] - mean) / scale);
                }
            }

            float[] result = network(window);
            if (start == 0)
            {
                stems = [.. Enumerable.Range(0, result.Length / (2 * length)).Select(_ => new[] { new float[total], new float[total] })];
            }

            for (int i = 0; i < size; i++)
            {
                float weight = (float)Math.Min(i + 1, length - i) / top;
                added[start + i] += weight;
                for (int s = 0; s < stems.Length; s++)
                {
                    for (int c = 0; c < 2; c++)
                    {
                        stems[s][c][start + i] += weight * result[(s * 2 + c) * length + left + i];
                    }
                }
            }
        }

        foreach (float[] channel in stems.SelectMany(stem => stem))
        {
            for (int i = 0; i < total; i++)
            {
                channel[i] = (float)(channel[i] / added[i] * scale + mean);
            }
        }

        return stems;
    }

    /// <summary>Runs all networks of MODEL.json and combines them.</summary>
    public static Dictionary<string, float[][]> SeparateModel(string description, float[][] mix)
    {
        using JsonDocument model = JsonDocument.Parse(File.ReadAllBytes(description));
        int length = model.RootElement.GetProperty("segment_samples").GetInt32();
        Dictionary<string, float[][]> sums = [];
        Dictionary<string, float> weights = [];
        foreach (JsonElement member in model.RootElement.GetProperty("networks").EnumerateArray())
        {
            string file = Path.Combine(Path.GetDirectoryName(description)!, member.GetProperty("file").GetString()!);
            using SessionOptions options = new();        // options.AppendExecutionProvider_CUDA(), …
            using InferenceSession session = new(file, options);
            using RunOptions run = new();
            float[][][] stems = Separate(mix, length, window =>
            {
                using OrtValue input = OrtValue.CreateTensorValueFromMemory(window, [1, 2, length]);
                using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(run, ["mix"], [input], ["stems"]);
                return outputs[0].GetTensorDataAsSpan<float>().ToArray();
            });
            for (int s = 0; s < stems.Length; s++)
            {
                string stem = member.GetProperty("stems")[s].GetString()!;
                float weight = member.GetProperty("weights")[s].GetSingle();
                float[][] sum = sums.TryGetValue(stem, out float[][]? known) ? known : sums[stem] = [new float[mix[0].Length], new float[mix[0].Length]];
                weights[stem] = weights.GetValueOrDefault(stem) + weight;
                for (int c = 0; c < 2; c++)
                {
                    for (int i = 0; i < sum[c].Length; i++)
                    {
                        sum[c][i] += weight * stems[s][c][i];
                    }
                }
            }
        }

        foreach ((string stem, float[][] channels) in sums)
        {
            foreach (float[] channel in channels)
            {
                for (int i = 0; i < channel.Length; i++)
                {
                    channel[i] /= weights[stem];
                }
            }
        }

        return sums;
    }
}
