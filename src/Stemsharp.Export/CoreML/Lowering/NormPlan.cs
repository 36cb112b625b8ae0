using Stemsharp.Export.CoreML.Mil;
using Stemsharp.Graph;

namespace Stemsharp.Export.CoreML.Lowering;

/// <summary>
/// Decides which norms are spelled out. Spelled out they are exact however a runtime sums, and cost six more
/// operations each; so the longest ones are, as far as the budget of operations goes.
/// </summary>
internal static class NormPlan
{
    public const int OperationBudget = 1000;
    private const int Saved = 6;

    public static readonly IReadOnlySet<string> None = new HashSet<string>();

    /// <summary>The names of the norms to leave to the runtime.</summary>
    public static IReadOnlySet<string> Choose(Graph.Graph graph, MilLoweringOptions options, CoreMLPrecision precision)
    {
        List<Node> candidates = [.. graph.Nodes.Where(n => n.Op is GroupNormOp { PerRow: false }).OrderBy(n => n.Output.Shape.Elements / ((GroupNormOp)n.Op).Groups)];
        // In half precision the steps of a spelled-out norm would be rounded one by one, and the Neural Engine has norms of its own.
        if (precision == CoreMLPrecision.Float16)
        {
            return candidates.Select(n => n.Name).ToHashSet();
        }

        using WeightFileWriter file = new(new MemoryStream());
        MilBuilder mil = new(file);
        MilLowering.Run(graph, mil, new WeightStore(mil, new Zeros(), options.Target, palettes: null), options);
        int native = (Math.Max(0, mil.OperationCount - OperationBudget) + Saved - 1) / Saved;
        return candidates.Take(native).Select(n => n.Name).ToHashSet();
    }

    // Counting operations needs no weights.
    private sealed class Zeros : IWeightSource
    {
        public void Read(Parameter parameter, Span<float> destination) => destination.Clear();

        public bool TryReadHalf(Parameter parameter, Span<Half> destination) => false;
    }
}
