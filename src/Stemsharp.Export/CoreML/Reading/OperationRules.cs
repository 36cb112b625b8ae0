using System.Collections.Frozen;
using static Stemsharp.Export.CoreML.Reading.OperationView;

namespace Stemsharp.Export.CoreML.Reading;

/// <summary>One kind of operation as this reader knows it.</summary>
/// <param name="Parameters">The parameters that it knows; which there are, and of what types, <see cref="OperationTypes"/> says.</param>
/// <param name="Infer">The results' types and shapes.</param>
internal sealed record OperationRule(string[] Parameters, Func<OperationView, TensorSpec[]> Infer);

/// <summary>The operations that this reader knows: their shapes, and what else they ask of their inputs.</summary>
internal static class OperationRules
{
    public static readonly FrozenDictionary<string, OperationRule> All = new Dictionary<string, OperationRule>
    {
        ["add"] = new(["x", "y"], Binary),
        ["sub"] = new(["x", "y"], Binary),
        ["mul"] = new(["x", "y"], Binary),
        ["real_div"] = new(["x", "y"], Binary),
        ["sqrt"] = new(["x"], Same),
        ["square"] = new(["x"], Same),
        ["sigmoid"] = new(["x"], Same),
        ["relu"] = new(["x"], Same),
        ["tanh"] = new(["x"], Same),
        ["abs"] = new(["x"], Same),
        ["silu"] = new(["x"], Same),
        ["elu"] = new(["x", "alpha"], v => Same(v, "alpha")),
        ["maximum"] = new(["x", "y"], Binary),
        ["pad"] = new(["x", "pad", "mode", "constant_val"], Pad),
        ["sliding_windows"] = new(["x", "axis", "size", "stride"], Windows),
        ["lstm"] = new(
            ["x", "initial_h", "initial_c", "weight_ih", "weight_hh", "bias", "weight_ih_back", "weight_hh_back", "bias_back", "direction", "output_sequence", "recurrent_activation", "cell_activation", "activation"],
            RecurrenceRules.Lstm),
        ["rsqrt"] = new(["x", "epsilon"], v => Same(v, "epsilon")),
        ["gelu"] = new(["x", "mode"], v =>
        {
            Require(v.Text("mode", "EXACT") == "EXACT", $"gelu's mode is {v.Text("mode", "EXACT")}; only EXACT is known");
            return Same(v);
        }),
        ["softmax"] = new(["x", "axis"], v => [Axis(v, v.Spec("x"), v.Int("axis", -1))]),
        ["cast"] = new(["x", "dtype"], v => [new TensorSpec(v.Text("dtype", "") switch
        {
            "fp16" => ElementKind.Float16,
            "fp32" => ElementKind.Float32,
            string other => throw new FormatException($"a cast to {other} is not known"),
        }, v.Spec("x").Shape)]),
        ["reshape"] = new(["x", "shape"], Reshape),
        ["transpose"] = new(["x", "perm"], Transpose),
        ["split"] = new(["x", "axis", "num_splits"], Split),
        ["concat"] = new(["values", "axis", "interleave"], Concat),
        ["slice_by_index"] = new(["x", "begin", "end"], Slice),
        ["reduce_mean"] = new(["x", "axes", "keep_dims"], Reduce),
        ["reduce_sum"] = new(["x", "axes", "keep_dims"], Reduce),
        ["reduce_sum_square"] = new(["x", "axes", "keep_dims"], Reduce),
        ["reduce_l2_norm"] = new(["x", "axes", "keep_dims"], Reduce),
        ["reduce_max"] = new(["x", "axes", "keep_dims"], Reduce),
        ["layer_norm"] = new(["x", "axes", "gamma", "beta", "epsilon"], LayerNorm),
        ["batch_norm"] = new(["x", "mean", "variance", "gamma", "beta", "epsilon"], BatchNorm),
        ["conv"] = new(["x", "weight", "bias", "strides", "pad_type", "pad", "dilations", "groups"], v => ConvolutionRules.Conv(v)),
        ["conv_transpose"] = new(["x", "weight", "bias", "strides", "pad_type", "pad", "dilations", "groups"], v => ConvolutionRules.ConvTranspose(v)),
        ["linear"] = new(["x", "weight", "bias"], Linear),
        ["matmul"] = new(["x", "y", "transpose_x", "transpose_y"], MatMul),
        ["scaled_dot_product_attention"] = new(["query", "key", "value"], Attention),
    }.ToFrozenDictionary();

    public static void RequireFloat(OperationView v, TensorSpec spec) => Require(spec.Kind.IsFloat(), $"it takes Float16 or Float32, not {spec.Kind}");

    private static TensorSpec[] Same(OperationView v) => Same(v, []);

    private static TensorSpec[] Same(OperationView v, params ReadOnlySpan<string> scalars)
    {
        TensorSpec x = v.Spec("x");
        RequireFloat(v, x);
        foreach (string key in scalars)
        {
            if (v.Has(key))
            {
                Require(v.Constant(key).Spec.Rank == 0, $"{key} is {v.Constant(key).Spec}, no scalar");
            }
        }

        return [x];
    }

    private static TensorSpec[] Binary(OperationView v)
    {
        TensorSpec x = v.Spec("x"), y = v.Spec("y");
        RequireFloat(v, x);
        int rank = Math.Max(x.Rank, y.Rank);
        int[] shape = new int[rank];
        for (int i = 0; i < rank; i++)
        {
            int a = i < rank - x.Rank ? 1 : x.Shape[i - rank + x.Rank], b = i < rank - y.Rank ? 1 : y.Shape[i - rank + y.Rank];
            Require(a == b || a == 1 || b == 1, $"the shapes {x} and {y} do not broadcast");
            shape[i] = Math.Max(a, b);
        }

        return [new TensorSpec(x.Kind, shape)];
    }

    private static int Normal(OperationView v, TensorSpec x, int axis)
    {
        Require(axis >= -x.Rank && axis < x.Rank, $"axis {axis} does not exist in {x}");
        return axis < 0 ? axis + x.Rank : axis;
    }

    private static TensorSpec Axis(OperationView v, TensorSpec x, int axis)
    {
        RequireFloat(v, x);
        Normal(v, x, axis);
        return x;
    }

    private static TensorSpec[] Reshape(OperationView v)
    {
        TensorSpec x = v.Spec("x");
        int[] shape = v.Ints("shape");
        Require(shape.All(d => d > 0), $"the shape [{string.Join(", ", shape)}] is not static");
        TensorSpec result = new(x.Kind, shape);
        Require(result.Elements == x.Elements, $"{x} has {x.Elements} elements, and the new shape [{string.Join(", ", shape)}] has {result.Elements}");
        return [result];
    }

    private static TensorSpec[] Transpose(OperationView v)
    {
        TensorSpec x = v.Spec("x");
        int[] order = v.Ints("perm");
        Require(order.Order().SequenceEqual(Enumerable.Range(0, x.Rank)), $"[{string.Join(", ", order)}] is no order of the axes of {x}");
        return [new TensorSpec(x.Kind, [.. order.Select(axis => x.Shape[axis])])];
    }

    private static TensorSpec[] Split(OperationView v)
    {
        TensorSpec x = v.Spec("x");
        int axis = Normal(v, x, v.Int("axis", 0)), parts = v.Int("num_splits", 0);
        Require(parts > 0 && x.Shape[axis] % parts == 0, $"axis {axis} of {x} does not split into {parts}");
        int[] shape = [.. x.Shape];
        shape[axis] /= parts;
        return [.. Enumerable.Repeat(new TensorSpec(x.Kind, shape), parts)];
    }

    private static TensorSpec[] Concat(OperationView v)
    {
        IReadOnlyList<TensorSpec> values = v.Specs("values");
        TensorSpec first = values[0];
        int axis = Normal(v, first, v.Int("axis", 0));
        Require(!v.Bool("interleave"), "interleaved concatenation is not known");
        int[] shape = [.. first.Shape];
        shape[axis] = 0;
        foreach (TensorSpec value in values)
        {
            bool fits = value.Rank == first.Rank && value.Kind == first.Kind && Enumerable.Range(0, first.Rank).All(i => i == axis || value.Shape[i] == first.Shape[i]);
            Require(fits, $"{value} cannot be joined to {first} along axis {axis}");
            shape[axis] += value.Shape[axis];
        }

        return [new TensorSpec(first.Kind, shape)];
    }

    private static TensorSpec[] Slice(OperationView v)
    {
        TensorSpec x = v.Spec("x");
        int[] begin = v.Ints("begin"), end = v.Ints("end");
        Require(begin.Length == x.Rank && end.Length == x.Rank, $"begin and end need {x.Rank} elements");
        int[] shape = new int[x.Rank];
        for (int i = 0; i < shape.Length; i++)
        {
            Require(begin[i] >= 0 && begin[i] < end[i] && end[i] <= x.Shape[i], $"[{begin[i]}, {end[i]}) does not lie in axis {i} of {x}");
            shape[i] = end[i] - begin[i];
        }

        return [new TensorSpec(x.Kind, shape)];
    }

    private static TensorSpec[] Pad(OperationView v)
    {
        TensorSpec x = v.Spec("x");
        int[] pad = v.Ints("pad"), shape = [.. x.Shape];
        string mode = v.Text("mode", "constant");
        Require(mode is "constant" or "replicate", $"the mode {mode} is not known");
        Require(pad.Length % 2 == 0 && pad.Length <= 2 * x.Rank && pad.All(p => p >= 0), $"[{string.Join(", ", pad)}] pads no axes of {x}");
        for (int i = 0; i < pad.Length / 2; i++)
        {
            int axis = x.Rank - pad.Length / 2 + i;
            Require(mode == "constant" || Math.Max(pad[2 * i], pad[2 * i + 1]) <= shape[axis], $"[{string.Join(", ", pad)}] repeats more than {x} has");
            shape[axis] += pad[2 * i] + pad[2 * i + 1];
        }

        return [new TensorSpec(x.Kind, shape)];
    }

    private static TensorSpec[] Windows(OperationView v)
    {
        TensorSpec x = v.Spec("x");
        int axis = Normal(v, x, v.Int("axis", 0)), size = v.Int("size", 0), stride = v.Int("stride", 1);
        Require(size > 0 && stride > 0 && size <= x.Shape[axis], $"windows of {size} elements every {stride} do not lie in axis {axis} of {x}");
        return [new TensorSpec(x.Kind, [.. x.Shape[..axis], (x.Shape[axis] - size) / stride + 1, size, .. x.Shape[(axis + 1)..]])];
    }

    private static TensorSpec[] Reduce(OperationView v)
    {
        TensorSpec x = v.Spec("x");
        RequireFloat(v, x);
        HashSet<int> axes = [.. v.Ints("axes", [.. Enumerable.Range(0, x.Rank)]).Select(a => Normal(v, x, a))];
        bool keep = v.Bool("keep_dims");
        return [new TensorSpec(x.Kind, [.. x.Shape.Select((d, i) => axes.Contains(i) ? 1 : d).Where((_, i) => keep || !axes.Contains(i))])];
    }

    private static TensorSpec[] LayerNorm(OperationView v)
    {
        TensorSpec[] result = Same(v, "epsilon");
        TensorSpec x = result[0];
        int[] axes = [.. v.Ints("axes", [.. Enumerable.Range(0, x.Rank)]).Select(a => Normal(v, x, a)).Order()];
        int[] shape = [.. axes.Select(a => x.Shape[a])];
        foreach (string key in (string[])["gamma", "beta"])
        {
            Parameter(v, key, shape);
        }

        return result;
    }

    private static TensorSpec[] BatchNorm(OperationView v)
    {
        TensorSpec[] result = Same(v, "epsilon");
        TensorSpec x = result[0];
        Require(x.Rank is >= 3 and <= 5, $"{x} has not 3 to 5 axes");
        foreach (string key in (string[])["mean", "variance", "gamma", "beta"])
        {
            Parameter(v, key, [x.Shape[1]]);
        }

        return result;
    }

    private static void Parameter(OperationView v, string key, int[] shape)
    {
        if (!v.Has(key))
        {
            return;
        }

        TensorSpec spec = v.Constant(key).Spec;
        Require(spec.Shape.AsSpan().SequenceEqual(shape), $"{key} is {spec}, and [{string.Join(", ", shape)}] is needed");
    }

    private static TensorSpec[] Linear(OperationView v)
    {
        TensorSpec x = v.Spec("x"), weight = v.Spec("weight");
        Require(x.Rank is >= 1 and <= 3 && weight.Rank == 2 && weight.Shape[1] == x.Shape[^1], $"a weight {weight} does not fit {x}");
        ConvolutionRules.RequireBias(v, x, weight.Shape[0]);
        return [new TensorSpec(x.Kind, [.. x.Shape[..^1], weight.Shape[0]])];
    }

    private static TensorSpec[] MatMul(OperationView v)
    {
        TensorSpec x = v.Spec("x"), y = v.Spec("y");
        RequireFloat(v, x);
        Require(x.Kind == y.Kind && x.Rank == y.Rank && x.Rank >= 2 && x.Shape.AsSpan(0, x.Rank - 2).SequenceEqual(y.Shape.AsSpan(0, y.Rank - 2)), $"{x} and {y} cannot be multiplied");
        (int m, int k) = v.Bool("transpose_x") ? (x.Shape[^1], x.Shape[^2]) : (x.Shape[^2], x.Shape[^1]);
        (int k2, int n) = v.Bool("transpose_y") ? (y.Shape[^1], y.Shape[^2]) : (y.Shape[^2], y.Shape[^1]);
        Require(k == k2, $"{x} and {y} cannot be multiplied: {k} columns meet {k2} rows");
        return [new TensorSpec(x.Kind, [.. x.Shape[..^2], m, n])];
    }

    private static TensorSpec[] Attention(OperationView v)
    {
        TensorSpec q = v.Spec("query"), k = v.Spec("key"), value = v.Spec("value");
        RequireFloat(v, q);
        bool fits = q.Kind == k.Kind && q.Kind == value.Kind && q.Rank >= 3 && q.Rank == k.Rank && q.Rank == value.Rank
            && q.Shape.AsSpan(0, q.Rank - 2).SequenceEqual(k.Shape.AsSpan(0, q.Rank - 2)) && q.Shape.AsSpan(0, q.Rank - 2).SequenceEqual(value.Shape.AsSpan(0, q.Rank - 2))
            && q.Shape[^1] == k.Shape[^1] && k.Shape[^2] == value.Shape[^2];
        Require(fits, $"query {q}, key {k} and value {value} do not fit together");
        return [new TensorSpec(q.Kind, [.. q.Shape[..^1], value.Shape[^1]])];
    }
}
