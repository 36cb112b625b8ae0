namespace Stemsharp.Export.Onnx.Interpretation;

/// <summary>
/// What some runtimes do to a graph before they run it. Reductions of one kind that follow each other become one over all
/// their axes (OpenVINO). A mean times a constant becomes one operation that takes the constant's element by batch
/// instead of by channel (OpenVINO again): with one image in the batch nobody notices.
/// </summary>
internal static class RuntimeMerges
{
    /// <summary>The operator that the second merge makes: each image of x times one element of the constant.</summary>
    public const string MulByBatch = "MulByBatch";

    public static List<OnnxNode> Apply(OnnxGraphFile file)
    {
        Dictionary<string, int> readers = file.Nodes.SelectMany(n => n.Inputs).Concat(file.Outputs.Select(o => o.Name)).GroupBy(n => n).ToDictionary(g => g.Key, g => g.Count());
        Dictionary<string, OnnxNode> made = [];
        List<OnnxNode> nodes = [];
        foreach (OnnxNode original in file.Nodes)
        {
            OnnxNode node = original;
            if (Sums(node.Operator) is { } kind)
            {
                node = WithAxes(file, node);
                if (node.Operator != "ReduceSumSquare" && Only(node.Inputs[0]) is { } before && Sums(before.Operator) == kind)
                {
                    nodes.Remove(before);
                    long[] axes = [.. before.Attributes["axes"].Integers.Union(node.Attributes["axes"].Integers).Order()];
                    node = node with { Operator = before.Operator, Inputs = [before.Inputs[0]], Attributes = Axes(axes) };
                }
            }
            else if (node.Operator == "Mul" && node.Inputs.Count == 2)
            {
                int reduced = made.TryGetValue(node.Inputs[0], out OnnxNode? left) && left.Operator == "ReduceMean" ? 0 : 1;
                bool merges = made.TryGetValue(node.Inputs[reduced], out OnnxNode? mean) && mean.Operator == "ReduceMean" && file.Declared(mean.Outputs[0]).Shape[0] > 1
                    && file.Constants.TryGetValue(node.Inputs[1 - reduced], out OnnxValue? constant) && constant.Elements > 1;
                node = merges ? node with { Operator = MulByBatch, Inputs = [node.Inputs[reduced], node.Inputs[1 - reduced]] } : node;
            }

            nodes.Add(node);
            foreach (string output in node.Outputs)
            {
                made[output] = node;
            }
        }

        return nodes;

        OnnxNode? Only(string value) => readers.GetValueOrDefault(value) == 1 ? made.GetValueOrDefault(value) : null;
    }

    private static OnnxNode WithAxes(OnnxGraphFile file, OnnxNode node)
    {
        if (node.Attributes.ContainsKey("axes"))
        {
            return node;
        }

        return node with { Inputs = [node.Inputs[0]], Attributes = Axes([.. file.Constants[node.Inputs[1]].Integers]) };
    }

    private static Dictionary<string, OnnxAttribute> Axes(long[] axes) => new() { ["axes"] = new OnnxAttribute(0, 0, "", axes) };

    private static string? Sums(string type) => type switch
    {
        "ReduceSum" or "ReduceSumSquare" => "sum",
        "ReduceMean" => "mean",
        _ => null,
    };
}
