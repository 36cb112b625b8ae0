using Stemsharp.Graph;

namespace Stemsharp.Export.Onnx.Lowering;

/// <summary>Positional tables as constants.</summary>
internal static class Tables
{
    /// <summary>The table [C, …] with its channels moved to the last axis.</summary>
    public static Tensor ChannelsLast(OnnxGraph graph, Table table, ElementType type)
    {
        int channels = table.Shape.Channels, positions = table.Shape.Positions;
        var turned = new double[table.Data.Length];
        for (int c = 0; c < channels; c++)
        {
            for (int p = 0; p < positions; p++) turned[p * channels + c] = table.Data[c * positions + p];
        }

        return graph.Constant(type, [.. table.Shape.Dims.AsSpan()[1..], channels], turned);
    }
}
