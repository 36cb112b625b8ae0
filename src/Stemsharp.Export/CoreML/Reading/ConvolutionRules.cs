using static Stemsharp.Export.CoreML.Reading.OperationView;

namespace Stemsharp.Export.CoreML.Reading;

/// <summary>Shapes and types of convolutions.</summary>
internal static class ConvolutionRules
{
    public static TensorSpec[] Conv(OperationView v)
    {
        TensorSpec x = v.Spec("x"), weight = v.Spec("weight");
        Geometry g = Read(v, x, weight);
        RequireBias(v, x, weight.Shape[0]);
        int groups = v.Int("groups", 1);
        Require(groups > 0 && weight.Shape[1] * groups == x.Shape[1] && weight.Shape[0] % groups == 0, $"a weight {weight} in {groups} groups does not fit {x}");
        int[] shape = [x.Shape[0], weight.Shape[0], .. Enumerable.Repeat(0, g.Axes)];
        for (int a = 0; a < g.Axes; a++)
        {
            int room = x.Shape[2 + a] + g.Pad[2 * a] + g.Pad[2 * a + 1] - (weight.Shape[2 + a] - 1) * g.Dilations[a] - 1;
            Require(room >= 0, $"a weight {weight} is larger than {x}");
            shape[2 + a] = room / g.Strides[a] + 1;
        }

        return [new TensorSpec(x.Kind, shape)];
    }

    public static TensorSpec[] ConvTranspose(OperationView v)
    {
        TensorSpec x = v.Spec("x"), weight = v.Spec("weight");
        Geometry g = Read(v, x, weight);
        RequireBias(v, x, weight.Shape[1]);
        Require(weight.Shape[0] == x.Shape[1], $"a weight {weight} does not fit {x}");
        Require(v.Int("groups", 1) == 1, "grouped transposed convolutions are not known");
        Require(g.Dilations.All(d => d == 1), "dilated transposed convolutions are not known");
        int[] shape = [x.Shape[0], weight.Shape[1], .. Enumerable.Repeat(0, g.Axes)];
        for (int a = 0; a < g.Axes; a++)
        {
            shape[2 + a] = (x.Shape[2 + a] - 1) * g.Strides[a] + weight.Shape[2 + a] - g.Pad[2 * a] - g.Pad[2 * a + 1];
            Require(shape[2 + a] > 0, $"the padding leaves nothing of axis {2 + a}");
        }

        return [new TensorSpec(x.Kind, shape)];
    }

    /// <summary>A bias for each channel.</summary>
    public static void RequireBias(OperationView v, TensorSpec x, int channels)
    {
        OperationRules.RequireFloat(v, x);
        if (!v.Has("bias"))
        {
            return;
        }

        TensorSpec bias = v.Constant("bias").Spec;
        Require(bias.Rank == 1 && bias.Shape[0] == channels, $"the bias is {bias}, and [{channels}] is needed");
    }

    public static Geometry Read(OperationView v, TensorSpec x, TensorSpec weight)
    {
        int axes = x.Rank - 2;
        Require(axes is 1 or 2 && weight.Rank == x.Rank, $"a weight {weight} does not fit {x}");
        int[] ones = [.. Enumerable.Repeat(1, axes)];
        string padType = v.Text("pad_type", "valid");
        Require(padType is "valid" or "custom", $"the padding {padType} is not known");
        Geometry g = new(axes, v.Ints("strides", ones), padType == "custom" ? v.Ints("pad", new int[2 * axes]) : new int[2 * axes], v.Ints("dilations", ones));
        Require(g.Strides.Length == axes && g.Pad.Length == 2 * axes && g.Dilations.Length == axes, "strides, pad or dilations have the wrong number of elements");
        Require(g.Strides.All(s => s > 0) && g.Dilations.All(d => d > 0) && g.Pad.All(p => p >= 0), "strides and dilations have to be positive, pad not negative");
        return g;
    }

    /// <summary>How a kernel moves: strides and dilations per axis, zeros before and after each.</summary>
    internal sealed record Geometry(int Axes, int[] Strides, int[] Pad, int[] Dilations);
}
