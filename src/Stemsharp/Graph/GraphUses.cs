namespace Stemsharp.Graph;

/// <summary>Who computes and who reads each value of a graph: what lifetimes and fusions ask about.</summary>
internal sealed class GraphUses
{
    private readonly Dictionary<Value, Node> _producers = [];
    private readonly Dictionary<Value, List<Node>> _readers = [];
    private readonly HashSet<Value> _outputs;

    public GraphUses(IEnumerable<Node> nodes, IEnumerable<Value> outputs)
    {
        _outputs = [.. outputs];
        foreach (Node node in nodes)
        {
            foreach (Value output in node.Outputs)
            {
                _producers.Add(output, node);
            }

            foreach (Value input in node.Inputs)
            {
                if (!_readers.TryGetValue(input, out List<Node>? readers))
                {
                    _readers.Add(input, readers = []);
                }

                readers.Add(node);
            }
        }
    }

    /// <summary>The node that computes the value; null for the graph's inputs.</summary>
    public Node? Producer(Value value) => _producers.GetValueOrDefault(value);

    /// <summary>The nodes that read the value in the order of execution, a node that reads it twice twice.</summary>
    public IReadOnlyList<Node> Readers(Value value) => _readers.TryGetValue(value, out List<Node>? readers) ? readers : [];

    /// <summary>Whether the value is an output of the graph, which the caller reads after the last node.</summary>
    public bool IsOutput(Value value) => _outputs.Contains(value);

    /// <summary>Whether nothing reads the value after the node does.</summary>
    public bool EndsAt(Value value, Node node) => !IsOutput(value) && Readers(value) is [.., Node last] && last == node;

    /// <summary>The one node that reads the value, when it is read exactly once and is no output of the graph.</summary>
    public Node? SoleReader(Value value) => !IsOutput(value) && Readers(value) is [Node reader] ? reader : null;

    /// <summary>The sole reader of the value when it does an operation of that kind.</summary>
    public Node? SoleReader<TOp>(Value value)
        where TOp : Op => SoleReader(value) is { Op: TOp } reader ? reader : null;

    /// <summary>The sole reader of the node's output when it does an operation of that kind.</summary>
    public Node? Next<TOp>(Node node)
        where TOp : Op => SoleReader<TOp>(node.Output);
}
