using Stemsharp.Graph;

namespace Stemsharp.Export.Lowering;

/// <summary>Who produces and who consumes each value of a graph: what the writers' fusions ask about.</summary>
internal sealed class GraphUses
{
    private readonly Dictionary<Value, Node> _producers = [];
    private readonly Dictionary<Value, List<Node>> _consumers = [];
    private readonly HashSet<Value> _outputs;

    public GraphUses(Graph.Graph graph)
    {
        foreach (Node node in graph.Nodes)
        {
            foreach (Value output in node.Outputs)
            {
                _producers.Add(output, node);
            }

            foreach (Value input in node.Inputs.Distinct())
            {
                if (!_consumers.TryGetValue(input, out List<Node>? consumers))
                {
                    _consumers.Add(input, consumers = []);
                }

                consumers.Add(node);
            }
        }

        _outputs = [.. graph.Outputs.Select(o => o.Value)];
    }

    /// <summary>The node that computes the value; null for the graph's inputs.</summary>
    public Node? Producer(Value value) => _producers.GetValueOrDefault(value);

    /// <summary>The one node that reads the value, when there is exactly one and the value is no output of the graph.</summary>
    public Node? SoleConsumer(Value value) =>
        !_outputs.Contains(value) && _consumers.GetValueOrDefault(value) is [Node consumer] ? consumer : null;

    /// <summary>The sole consumer of the node's output when it does an operation of that kind.</summary>
    public Node? Next<TOp>(Node node) where TOp : Op => SoleConsumer(node.Output) is { Op: TOp } next ? next : null;
}
