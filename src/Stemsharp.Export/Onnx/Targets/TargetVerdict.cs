using Stemsharp.Export.Onnx.Schema;

namespace Stemsharp.Export.Onnx.Targets;

/// <summary>What a target makes of a graph.</summary>
/// <param name="Target">The target.</param>
/// <param name="Obstacles">Why it cannot run the file at all; empty when it can.</param>
/// <param name="Elsewhere">Nodes that it leaves to the CPU, with the reason, one line an operator.</param>
internal sealed record TargetVerdict(OnnxTarget Target, IReadOnlyList<string> Obstacles, IReadOnlyList<string> Elsewhere)
{
    /// <summary>Whether the file runs there.</summary>
    public bool Runs => Obstacles.Count == 0;

    /// <summary>Holds a graph against every target.</summary>
    public static IReadOnlyList<TargetVerdict> All(ModelProto model) => [.. OnnxTargets.All.Select(target => Of(model, target))];

    /// <summary>Holds a graph against a target. Types and shapes are the ones that the file declares; an axis that it leaves open counts as one long.</summary>
    public static TargetVerdict Of(ModelProto model, OnnxTarget target)
    {
        List<string> obstacles = [], elsewhere = [];
        foreach (OperatorSetIdProto set in model.OpsetImport)
        {
            if (set.Domain is not ("" or "ai.onnx"))
            {
                obstacles.Add($"operators of {set.Domain}");
            }
            else if (set.Version < target.Opsets.Lowest || set.Version > target.Opsets.Highest)
            {
                obstacles.Add($"operator set {set.Version}; it takes {target.Opsets.Lowest} to {target.Opsets.Highest}");
            }
        }

        int size = model.CalculateSize();
        if (size > target.MostFileBytes)
        {
            obstacles.Add($"a file of {size:N0} bytes; it takes {target.MostFileBytes:N0}");
        }

        Dictionary<string, ValueInfoProto> values = model.Graph.ValueInfo.Concat(model.Graph.Input).Concat(model.Graph.Output).ToDictionary(v => v.Name);
        Dictionary<string, int> stored = model.Graph.Initializer.ToDictionary(i => i.Name, i => i.DataType);
        foreach (IGrouping<(string OpType, string? Reason), (string OpType, string? Reason)> group in model.Graph.Node.Select(node => (node.OpType, Reason: Refusal(node))).Where(n => n.Reason is not null).GroupBy(n => n).OrderBy(g => g.Key.OpType, StringComparer.Ordinal))
        {
            (target.LeavesRest ? elsewhere : obstacles).Add($"{group.Key.OpType} ×{group.Count()}: {group.Key.Reason}");
        }

        // Providers take nodes by operator and type before they ask for memory: a tensor that is too large is not left to the CPU, but fails.
        Hold(target.MostElements, "elements", Elements);
        Hold(target.MostBytes, "bytes", v => Elements(v) * ((ElementType)v.Type.TensorType.ElemType).Size());
        return new TargetVerdict(target, obstacles, elsewhere);

        void Hold(long? most, string unit, Func<ValueInfoProto, long> sizeOf)
        {
            long[] large = [.. values.Values.Select(sizeOf).Where(n => n > most)];
            if (large.Length > 0)
            {
                obstacles.Add($"tensors of up to {large.Max():N0} {unit}, {large.Length} of them above the {most:N0} that it takes for certain: export with a shorter --segment where the network has no length of its own, or for another target");
            }
        }

        static long Elements(ValueInfoProto value) => value.Type.TensorType.Shape.Dim.Aggregate(1L, (n, d) => n * Math.Max(1, d.DimValue));

        string? Refusal(NodeProto node)
        {
            if (!target.Operators.TryGetValue(node.OpType, out ElementType[]? types))
            {
                return "not taken";
            }

            foreach (string name in node.Input.Take(1).Concat(node.Output.Take(1)))
            {
                int type = values.TryGetValue(name, out ValueInfoProto? value) ? value.Type.TensorType.ElemType : stored.GetValueOrDefault(name);
                if (type != 0 && !types.Contains((ElementType)type))
                {
                    return $"not taken in {(ElementType)type}";
                }

                if (value is null)
                {
                    continue;
                }

                int rank = value.Type.TensorType.Shape.Dim.Count;
                if (rank > target.HighestRank)
                {
                    return $"{rank} axes; {target.HighestRank} are taken";
                }
            }

            return null;
        }
    }
}
