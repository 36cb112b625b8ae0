using Stemsharp.Export.Interpretation;

namespace Stemsharp.Export.Onnx.Interpretation;

/// <summary>Convolutions of batches and groups, image by image and group by group.</summary>
internal static class OnnxConvolutions
{
    public static void Conv(OnnxNode node, OnnxValue x, OnnxValue w, float[]? bias, int[] result, float[] y, Summation order)
    {
        bool line = x.Shape.Length == 3;
        int[] strides = Axes(node, "strides", line, 1), dilations = Axes(node, "dilations", line, 1), pads = Axes(node, "pads", line, 0);
        int groups = Groups(node), channels = x.Shape[1] / groups, outputs = result[1] / groups;
        Convolutions.Plane plane = new(
            channels, line ? 1 : x.Shape[2], x.Shape[^1], outputs, line ? 1 : result[2], result[^1],
            line ? 1 : w.Shape[2], w.Shape[^1], strides[0], strides[1], pads[0], pads[1], dilations[0], dilations[1]);
        Convolutions.Each(x, w, bias, result[1], groups, y, y.Length, (image, weight, shift, target) => Convolutions.Conv(image, weight, shift, plane, target, order));
    }

    public static void Transposed(OnnxNode node, OnnxValue x, OnnxValue w, float[]? bias, int[] result, float[] y, Summation order)
    {
        bool line = x.Shape.Length == 3;
        int[] strides = Whole(node, "strides", line ? 1 : 2, 1), pads = Whole(node, "pads", line ? 2 : 4, 0);
        if (!line && (w.Shape[3] != 1 || strides[1] != 1 || pads[1] != 0 || pads[3] != 0))
        {
            throw new NotSupportedException($"{node.Name}: transposed convolutions run along the first spatial axis only.");
        }

        int width = line ? 1 : x.Shape[3], groups = Groups(node);
        Convolutions.Plane plane = new(x.Shape[1] / groups, x.Shape[2], width, result[1] / groups, result[2], width, w.Shape[2], 1, strides[0], 1, pads[0], 0, 1, 1);
        Convolutions.Each(x, w, bias, result[1], groups, y, y.Length, (image, weight, shift, target) => Convolutions.Transposed(image, weight, shift, plane, target, order));
    }

    private static int Groups(OnnxNode node) => node.Attributes.TryGetValue("group", out OnnxAttribute? group) ? (int)group.Integer : 1;

    // The first two numbers of an attribute for two axes; one axis has a first one of size 1 before it.
    private static int[] Axes(OnnxNode node, string name, bool line, int otherwise)
    {
        int[] given = Whole(node, name, line ? 1 : 2, otherwise);
        return line ? [otherwise, given[0]] : [given[0], given[1]];
    }

    private static int[] Whole(OnnxNode node, string name, int count, int otherwise) =>
        node.Attributes.TryGetValue(name, out OnnxAttribute? attribute) ? [.. attribute.Integers.Select(i => (int)i)] : [.. Enumerable.Repeat(otherwise, count)];
}
