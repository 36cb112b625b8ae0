using System.Globalization;
using Stemsharp.Export.Onnx.Schema;

namespace Stemsharp.Export.Onnx.Rules;

/// <summary>A form that loses accuracy or is refused in some runtime, and how to find it.</summary>
/// <param name="Name">What the rule is called.</param>
/// <param name="Why">What happens, where, and what to write instead.</param>
/// <param name="Broken">What is wrong with a node; null where nothing is.</param>
internal sealed record GraphRule(string Name, string Why, Func<RuleGraph, NodeProto, string?> Broken);

/// <summary>Where a rule is broken.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="Places">Each node, with what is wrong there.</param>
internal sealed record RuleFinding(GraphRule Rule, IReadOnlyList<string> Places);

/// <summary>
/// What exported graphs keep to, beside the operator set's own rules, so that they give the same numbers in other people's
/// runtimes. Each rule comes from a runtime that did otherwise; none of these can be had everywhere, so the graph is
/// checked instead.
/// </summary>
internal static class GraphRules
{
    /// <summary>Terms that a runtime may add one after the other in single precision.</summary>
    private const long LongestSum = 4096;

    /// <summary>The same over several axes at once, which more runtimes do badly.</summary>
    private const long LongestWideSum = 1024;

    private static readonly Dictionary<string, string> s_replacements = new()
    {
        ["ReduceSumSquare"] = "Mul and ReduceSum",
        ["ReduceL2"] = "Mul, ReduceSum and Sqrt",
        ["ReduceLogSumExp"] = "Exp, ReduceSum and Log",
        ["InstanceNormalization"] = "means and centred squares in stages",
        ["GroupNormalization"] = "means and centred squares in stages",
        ["MeanVarianceNormalization"] = "means and centred squares in stages",
    };

    /// <summary>All rules.</summary>
    public static IReadOnlyList<GraphRule> All { get; } =
    [
        new("long-sums", "onnxruntime on wasm and on the CPU adds such a reduction's terms in one chain or few: reduce axis by axis, long rows in pieces", LongSum),
        new("merged-sums", "OpenVINO merges reductions of one kind that follow each other into one long sum: let means and sums take turns", MergedSum),
        new("scaled-sums", "OpenVINO merges a mean with a multiplication by a constant and takes the constant's element by batch: use a product", ScaledSum),
        new("long-additions", "MNN gives wrong numbers for a Sum of more than two, WebGPU and CoreML have none: use Add", (_, node) => node.OpType == "Sum" && node.Input.Count > 2 ? $"{node.Input.Count} terms" : null),
        new("computed-kernels", "MNN's converter and onnx2tf fail on a convolution whose weights are computed, TensorRT may: store them", ComputedKernel),
        new("rare-operators", "some runtimes lack the operator, or sum badly in it", (_, node) => s_replacements.TryGetValue(node.OpType, out string? instead) ? $"{node.OpType}; write {instead}" : null),
    ];

    /// <summary>The rules that a graph breaks. Where a file declares no shapes, less is found.</summary>
    public static IReadOnlyList<RuleFinding> Check(GraphProto proto)
    {
        RuleGraph graph = new(proto);
        List<RuleFinding> findings = [];
        foreach (GraphRule rule in All)
        {
            List<string> places = [];
            foreach (NodeProto node in graph.Nodes)
            {
                if (rule.Broken(graph, node) is { } problem)
                {
                    places.Add($"{(node.Name.Length > 0 ? node.Name : node.Output[0])}: {problem}");
                }
            }

            if (places.Count > 0)
            {
                findings.Add(new RuleFinding(rule, places));
            }
        }

        return findings;
    }

    private static string? LongSum(RuleGraph graph, NodeProto node) => Sums(node) is null || graph.Axes(node) is not { } axes ? null : Judge(graph, node, axes);

    private static string? MergedSum(RuleGraph graph, NodeProto node)
    {
        if (Sums(node) is not { } kind || graph.Axes(node) is not { } axes)
        {
            return null;
        }

        HashSet<long> all = [.. axes];
        NodeProto first = node;
        while (first.OpType != "ReduceSumSquare" && graph.Producer(first.Input[0]) is { } before && Sums(before) == kind && graph.HasOneReader(first.Input[0]) && graph.Axes(before) is { } more && KeepsAxes(before))
        {
            all.UnionWith(more);
            first = before;
        }

        return first == node ? null : Judge(graph, first, [.. all]);
    }

    private static string? Judge(RuleGraph graph, NodeProto node, long[] axes)
    {
        if (graph.Shape(node.Input[0]) is not { } shape)
        {
            return null;
        }

        long terms = axes.Aggregate(1L, (n, axis) => n * shape[axis]);
        int wide = axes.Count(axis => shape[axis] > 1);
        return terms > (wide > 1 ? LongestWideSum : LongestSum) ? string.Create(CultureInfo.InvariantCulture, $"{terms:N0} terms over {wide} axes") : null;
    }

    private static string? ScaledSum(RuleGraph graph, NodeProto node)
    {
        if (node.OpType != "Mul")
        {
            return null;
        }

        for (int i = 0; i < 2; i++)
        {
            bool reduced = graph.Producer(node.Input[i]) is { } producer && Sums(producer) is not null;
            if (reduced && graph.Stored(node.Input[1 - i]) is { } constant && constant.Dims.Aggregate(1L, (n, d) => n * d) > 1)
            {
                return $"by {constant.Name} [{string.Join(", ", constant.Dims)}]";
            }
        }

        return null;
    }

    // Widening halves and taking a part of what was widened together is all that may stand before a kernel.
    private static string? ComputedKernel(RuleGraph graph, NodeProto node)
    {
        if (node.OpType is not ("Conv" or "ConvTranspose"))
        {
            return null;
        }

        string weight = node.Input[1];
        while (graph.Producer(weight) is { } producer)
        {
            if (producer.OpType is not ("Cast" or "Split"))
            {
                return $"by {producer.OpType}";
            }

            weight = producer.Input[0];
        }

        return graph.Stored(weight) is null ? "it is an input" : null;
    }

    // What a reduction adds up; a sum of squares is a sum to those who merge.
    private static string? Sums(NodeProto node) => node.OpType switch
    {
        "ReduceSum" or "ReduceSumSquare" => "sum",
        "ReduceMean" => "mean",
        _ => null,
    };

    private static bool KeepsAxes(NodeProto node) => node.Attribute.FirstOrDefault(a => a.Name == "keepdims") is not { I: 0 };
}
