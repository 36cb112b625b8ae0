namespace Stemsharp.Graph;

/// <summary>A trained tensor that the graph asks for, by state-dict key and expected shape.</summary>
internal sealed record Parameter(string Name, Shape Shape)
{
    public override string ToString() => $"{Name} {Shape}";
}

/// <summary>A table computed from the configuration (positions), not trained. Broadcast over axes of size 1.</summary>
internal sealed record Table(string Name, Shape Shape, double[] Data);

/// <summary>What a node computes; edges carry these.</summary>
internal sealed class Value(int id, Shape shape, string name)
{
    public int Id { get; } = id;

    public Shape Shape { get; } = shape;

    /// <summary>The producing node's name, with <c>:n</c> for its further outputs, or the input's name.</summary>
    public string Name { get; } = name;

    public override string ToString() => $"%{Id} {Shape}";
}

/// <summary>One operation at work: its inputs, its outputs, and the module path it belongs to.</summary>
internal sealed class Node(string name, Op op, Value[] inputs, Value[] outputs)
{
    /// <summary>Unique; the module's state-dict path (<c>encoder.0.conv</c>) or the path and the function.</summary>
    public string Name { get; } = name;

    public Op Op { get; } = op;

    public IReadOnlyList<Value> Inputs { get; } = inputs;

    public IReadOnlyList<Value> Outputs { get; } = outputs;

    /// <summary>The first output; the only one for all operations but <see cref="StandardizeOp"/>.</summary>
    public Value Output => Outputs[0];

    /// <summary>Calls the visitor's method for the node's operation.</summary>
    public void Accept(IOpVisitor visitor) => Op.Accept(visitor, this);

    public override string ToString() =>
        $"{string.Join(", ", Outputs)} = {Op.Kind}({string.Join(", ", Inputs.Select(i => $"%{i.Id}"))})  # {Name}";
}

/// <summary>
/// A network with static shapes, no control flow and no batch axis, in the order of execution.
/// </summary>
internal sealed class Graph
{
    internal Graph(List<Node> nodes, List<(string, Value)> inputs, List<(string, Value)> outputs, List<Parameter> parameters)
    {
        Nodes = nodes;
        Inputs = inputs;
        Outputs = outputs;
        Parameters = parameters;
        Uses = new GraphUses(nodes, outputs.Select(o => o.Item2));
    }

    public IReadOnlyList<Node> Nodes { get; }

    public IReadOnlyList<(string Name, Value Value)> Inputs { get; }

    public IReadOnlyList<(string Name, Value Value)> Outputs { get; }

    /// <summary>Each trained tensor once, in the order in which the model asks for them.</summary>
    public IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>Who computes and who reads each value.</summary>
    public GraphUses Uses { get; }

    /// <summary>
    /// Floating-point operations of one run as the model defines it (a multiply-add counts two; only
    /// convolutions, linear layers, attention's two products and those of recurrent layers count). STFT and inverse are not in it.
    /// </summary>
    public long Flops => Nodes.Sum(n => n.Op.Flops(n.Inputs, n.Outputs));

    public override string ToString() => string.Join('\n', Nodes);
}

/// <summary>Where a plan or an interpreter gets trained values from.</summary>
internal interface IWeightSource
{
    /// <summary>Reads a tensor, widened or rounded to single precision, row-major. Several threads may read at once.</summary>
    void Read(Parameter parameter, Span<float> destination);

    /// <summary>Reads a tensor as stored when it is stored in half precision; false (and nothing read) otherwise.</summary>
    bool TryReadHalf(Parameter parameter, Span<Half> destination);
}
