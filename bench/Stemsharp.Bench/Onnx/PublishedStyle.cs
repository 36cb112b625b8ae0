using System.Runtime.InteropServices;
using Google.Protobuf;
using Stemsharp.Export.Onnx;
using Stemsharp.Export.Onnx.Schema;
using Attribute = Stemsharp.Export.Onnx.Attribute;

namespace Stemsharp.Bench.Onnx;

/// <summary>
/// Rewrites an exported graph into the form in which HTDemucs graphs are published, which is what tracing the
/// original gives: group norms as InstanceNormalization between reshapes, the frequency branch's DConv with its
/// rows moved into the batch, STFT and inverse as convolutions with 4096 taps. Where the published form would
/// do more than this (a layer scale of its own, the window's envelope), the rewrite is the faster one.
/// </summary>
internal sealed class PublishedStyle
{
    private static readonly string[] s_parts =
        ["mean", "mean_rows", "mean_hidden", "mean_pieces", "centred", "squared", "squares_rows", "variance", "variance_rows", "variance_pieces", "root", "factor", "scaled"];

    private readonly GraphProto _graph;
    private readonly Dictionary<string, long[]> _dims;
    private readonly Dictionary<string, TensorProto> _stored;
    private List<NodeProto> _nodes;

    private PublishedStyle(GraphProto graph)
    {
        _graph = graph;
        _nodes = [.. graph.Node];
        _stored = graph.Initializer.ToDictionary(i => i.Name);
        _dims = graph.ValueInfo.Concat(graph.Input).ToDictionary(v => v.Name, v => v.Type.TensorType.Shape.Dim.Select(d => d.DimValue).ToArray());
    }

    public static void Rewrite(ModelProto model)
    {
        PublishedStyle style = new(model.Graph);
        foreach (string norm in style.Norms())
        {
            style.ReplaceNorm(norm);
        }

        foreach (string scope in style.DConvScopes())
        {
            style.MoveRows(scope);
        }

        style.ReplaceTransform();
        model.Graph.Node.Clear();
        model.Graph.Node.AddRange(style._nodes);
        model.Graph.ValueInfo.Clear();
        HashSet<string> used = [.. style._nodes.SelectMany(n => n.Input)];
        foreach (TensorProto unused in model.Graph.Initializer.Where(i => !used.Contains(i.Name)).ToList())
        {
            model.Graph.Initializer.Remove(unused);
        }
    }

    private List<string> Norms() => [.. _nodes.Where(n => n.Name.EndsWith("/factor", StringComparison.Ordinal)).Select(n => n.Name[..^7])];

    private List<string> DConvScopes() => [.. _nodes.Where(n => n.Name.Contains(".dconv.", StringComparison.Ordinal) && !n.Name.StartsWith('t')).Select(n => n.Name[..n.Name.IndexOf(".dconv.", StringComparison.Ordinal)] + ".dconv.").Distinct()];

    private void ReplaceNorm(string norm)
    {
        NodeProto Find(string name) => _nodes.Single(n => n.Name == name);
        string x = Find($"{norm}/centred").Input[0], weight = Find($"{norm}/factor").Input[0], bias = Find(norm).Input[1];
        long[] dims = _dims[x];
        long rows = dims.Length == 4 ? dims[2] : 1;
        HashSet<string> parts = [norm, .. s_parts.Select(p => $"{norm}/{p}")];
        int at = _nodes.FindIndex(n => parts.Contains(n.Name));
        _nodes.RemoveAll(n => parts.Contains(n.Name));
        _nodes.InsertRange(at,
        [
            Node($"{norm}/rows", "Reshape", [x, Shape([rows, 1, dims.Aggregate(1L, (n, d) => n * d) / rows])]),
            Node($"{norm}/instance", "InstanceNormalization", [$"{norm}/rows", Floats("one", [1], 1), Floats("zero", [1], 0)], Attribute.Float("epsilon", 1e-5)),
            Node($"{norm}/whole", "Reshape", [$"{norm}/instance", Shape(rows > 1 ? [rows, dims[1], dims[3]] : dims)]),
            Node($"{norm}/scaled", "Mul", [$"{norm}/whole", Affine(weight, rows)]),
            Node(norm, "Add", [$"{norm}/scaled", Affine(bias, rows)]),
        ]);
    }

    // [1, C, F, T] becomes [F, C, T] for the length of a DConv, whose convolutions become one-dimensional.
    private void MoveRows(string scope)
    {
        List<NodeProto> inside = [.. _nodes.Where(n => n.Name.StartsWith(scope, StringComparison.Ordinal))];
        string entry = inside[0].Input[0], exit = inside[^1].Output[0];
        long[] dims = _dims[entry];
        foreach (NodeProto node in inside)
        {
            for (int i = 0; i < node.Input.Count; i++)
            {
                if (node.Input[i] == entry)
                {
                    node.Input[i] = $"{scope}in";
                }
            }

            if (node.OpType != "Conv")
            {
                continue;
            }

            TensorProto weight = _stored[node.Input[1]];
            if (weight.Dims.Count == 4)
            {
                weight.Dims.RemoveAt(2);
            }

            foreach (AttributeProto attribute in node.Attribute)
            {
                long[] kept = attribute.Name == "pads" ? [attribute.Ints[1], attribute.Ints[3]] : [.. attribute.Ints.Skip(1)];
                attribute.Ints.Clear();
                attribute.Ints.AddRange(kept);
            }
        }

        inside[^1].Output[0] = $"{scope}out";
        int first = _nodes.IndexOf(inside[0]), last = _nodes.IndexOf(inside[^1]);
        _nodes.InsertRange(last + 1,
        [
            Node($"{scope}out_rows", "Reshape", [$"{scope}out", Shape([1, dims[2], dims[1], dims[3]])]),
            Rename(Node($"{scope}out_turned", "Transpose", [$"{scope}out_rows"], Attribute.Ints("perm", 0, 2, 1, 3)), exit),
        ]);
        _nodes.InsertRange(first,
        [
            Node($"{scope}in_turned", "Transpose", [entry], Attribute.Ints("perm", 0, 2, 1, 3)),
            Node($"{scope}in", "Reshape", [$"{scope}in_turned", Shape([dims[2], dims[1], dims[3]])]),
        ]);
    }

    private void ReplaceTransform()
    {
        if (!_dims.TryGetValue("stft/padded", out long[]? padded))
        {
            return;
        }

        long[] spectrogram = _dims["stft/spectrogram"], stems = _dims["istft/padded"];
        int nfft = (int)spectrogram[2] * 2;
        float[] taps = new float[(long)nfft * nfft];
        for (int k = 0; k < nfft / 2; k++)
        {
            for (int n = 0; n < nfft; n++)
            {
                double window = (0.5 - 0.5 * Math.Cos(2 * Math.PI * n / nfft)) / Math.Sqrt(nfft), phase = 2 * Math.PI * ((long)k * n % nfft) / nfft;
                taps[(long)k * nfft + n] = (float)(window * Math.Cos(phase));
                taps[(long)(k + nfft / 2) * nfft + n] = (float)(-window * Math.Sin(phase));
            }
        }

        byte[] data = MemoryMarshal.AsBytes<float>(taps).ToArray();
        AttributeProto kernel = Attribute.Ints("kernel_shape", nfft), hop = Attribute.Ints("strides", nfft / 4);
        string restored = _nodes.Single(n => n.Name == "istft/folded").Input[0];
        Replace("stft/", ["stft/padded"],
        [
            Node("stft/rows", "Reshape", ["stft/padded", Shape([padded[0] * padded[1], 1, padded[2]])]),
            Node("stft/taps", "Conv", ["stft/rows", Store("stft/analysis", [nfft, 1, nfft], data)], kernel, hop),
            Node("stft/spectrogram", "Reshape", ["stft/taps", Shape(spectrogram)]),
        ]);
        Replace("istft/", ["istft/waveforms"],
        [
            Node("istft/rows", "Reshape", [restored, Shape([stems[0] * stems[1] * stems[2], nfft, spectrogram[3]])]),
            Node("istft/taps", "ConvTranspose", ["istft/rows", Store("istft/synthesis", [nfft, 1, nfft], data)], kernel, hop),
            Node("istft/padded", "Reshape", ["istft/taps", Shape(stems)]),
        ]);
    }

    private void Replace(string prefix, string[] kept, NodeProto[] replacement)
    {
        NodeProto first = _nodes.First(n => n.Name.StartsWith(prefix, StringComparison.Ordinal) && !kept.Contains(n.Name));
        _nodes.InsertRange(_nodes.IndexOf(first), replacement);
        _nodes = [.. _nodes.Where(n => !n.Name.StartsWith(prefix, StringComparison.Ordinal) || kept.Contains(n.Name) || replacement.Contains(n))];
    }

    // The constant of a norm inside a moved DConv loses the axis of the rows.
    private string Affine(string name, long rows)
    {
        TensorProto tensor = _stored[name];
        return rows == 1 ? name : Store($"{name}/rows", [.. tensor.Dims.Skip(1).Prepend(tensor.Dims[0]).Take(2)], tensor.RawData.ToByteArray());
    }

    private string Shape(long[] dims)
    {
        string name = $"shape.{string.Join('x', dims)}";
        return _stored.ContainsKey(name) ? name : Add(name, [dims.Length], MemoryMarshal.AsBytes<long>(dims).ToArray(), ElementType.Int64);
    }

    private string Floats(string name, long[] dims, float value) => Store(name, dims, BitConverter.GetBytes(value));

    private string Store(string name, long[] dims, byte[] data) => _stored.ContainsKey(name) ? name : Add(name, dims, data, ElementType.Float);

    private string Add(string name, long[] dims, byte[] data, ElementType type)
    {
        TensorProto tensor = new() { Name = name, DataType = (int)type, RawData = UnsafeByteOperations.UnsafeWrap(data) };
        tensor.Dims.AddRange(dims);
        _stored.Add(name, tensor);
        _graph.Initializer.Add(tensor);
        return name;
    }

    private static NodeProto Rename(NodeProto node, string output)
    {
        node.Output[0] = output;
        return node;
    }

    private static NodeProto Node(string name, string op, string[] inputs, params AttributeProto[] attributes)
    {
        NodeProto node = new() { Name = name, OpType = op };
        node.Input.AddRange(inputs);
        node.Output.Add(name);
        node.Attribute.AddRange(attributes);
        return node;
    }
}
