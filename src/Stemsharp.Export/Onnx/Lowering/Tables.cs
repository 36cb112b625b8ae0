using Stemsharp.Graph;

namespace Stemsharp.Export.Onnx.Lowering;

/// <summary>Positional tables as constants.</summary>
internal static class Tables
{
    /// <summary>Tables smaller than this are stored as they are.</summary>
    private const int FactorFrom = 1 << 18;

    /// <summary>The table [C, …] with its channels moved to the last axis.</summary>
    public static Tensor ChannelsLast(OnnxGraph graph, Table table, ElementType type)
    {
        int channels = table.Shape.Channels, positions = table.Shape.Positions;
        if (table.Data.Length >= FactorFrom && table.Shape.Rank == 2 && Waves(graph, table, type) is { } factored)
        {
            return factored;
        }

        double[] turned = new double[table.Data.Length];
        for (int c = 0; c < channels; c++)
        {
            for (int p = 0; p < positions; p++)
            {
                turned[p * channels + c] = table.Data[c * positions + p];
            }
        }

        return graph.Constant(type, [.. table.Shape.Dims.AsSpan()[1..], channels], turned);
    }

    /// <summary>
    /// A table whose first half of channels are cosines and whose second half are sines of the same phases
    /// t·rate, computed in the graph from two small tables by the addition theorems, with t = step·a + b:
    /// cos = cos·cos − sin·sin, sin = sin·cos + cos·sin. Saves megabytes in the file; null when the table is
    /// no such one.
    /// </summary>
    private static Tensor? Waves(OnnxGraph graph, Table table, ElementType type)
    {
        int channels = table.Shape.Channels, half = channels / 2, length = table.Shape.Last;
        double[] data = table.Data;
        double weight = data[0];
        double[] rates = new double[half];
        for (int i = 0; i < half; i++)
        {
            rates[i] = Math.Atan2(data[(half + i) * length + 1], data[i * length + 1]);
        }

        for (int c = 0; c < channels; c++)
        {
            for (int t = 0; t < length; t++)
            {
                double phase = t * rates[c % half];
                if (Math.Abs(data[c * length + t] - weight * (c < half ? Math.Cos(phase) : Math.Sin(phase))) > 1e-10)
                {
                    return null;
                }
            }
        }

        int step = (int)Math.Sqrt(length);
        while (length % step != 0)
        {
            step--;
        }

        int coarse = length / step;
        double[] first = new double[coarse * channels], second = new double[coarse * channels], cosines = new double[step * channels], sines = new double[step * channels];
        for (int c = 0; c < channels; c++)
        {
            double rate = rates[c % half];
            for (int a = 0; a < coarse; a++)
            {
                (double sin, double cos) = Math.SinCos(a * step * rate);
                first[a * channels + c] = weight * (c < half ? cos : sin);
                second[a * channels + c] = weight * (c < half ? -sin : cos);
            }

            for (int b = 0; b < step; b++)
            {
                (sines[b * channels + c], cosines[b * channels + c]) = Math.SinCos(b * rate);
            }
        }

        int[] coarseDims = [coarse, 1, channels], fineDims = [1, step, channels];
        Tensor left = graph.Mul($"{table.Name}/left", graph.Constant(type, coarseDims, first), graph.Constant(type, fineDims, cosines));
        Tensor right = graph.Mul($"{table.Name}/right", graph.Constant(type, coarseDims, second), graph.Constant(type, fineDims, sines));
        return graph.Reshape($"{table.Name}/table", graph.Add($"{table.Name}/waves", left, right), length, channels);
    }
}
