using Stemsharp.Graph;

namespace Stemsharp.Vulkan.Planning;

/// <summary>Who reads a graph's values.</summary>
internal sealed class Uses
{
    private readonly Dictionary<Value, List<Node>> _readers = [];
    private readonly HashSet<Value> _outputs;

    public Uses(Graph.Graph graph)
    {
        _outputs = [.. graph.Outputs.Select(o => o.Value)];
        foreach (Node node in graph.Nodes)
        {
            foreach (Value input in node.Inputs)
            {
                if (!_readers.TryGetValue(input, out List<Node>? list))
                {
                    _readers.Add(input, list = []);
                }

                list.Add(node);
            }
        }
    }

    public IReadOnlyList<Node> Readers(Value value) => _readers.TryGetValue(value, out List<Node>? list) ? list : [];

    public bool IsOutput(Value value) => _outputs.Contains(value);

    /// <summary>The only reader of a value; null when there are more, or none, or it is an output.</summary>
    public Node? Only(Value value) => Readers(value) is [{ } node] && !IsOutput(value) ? node : null;

    /// <summary>The same, where it is of the wanted kind.</summary>
    public Node? Only<TOp>(Value value)
        where TOp : Op => Only(value) is { Op: TOp } node ? node : null;

    /// <summary>Whether products alone read a value, so that it may be rounded to what they take.</summary>
    public bool IsOperand(Value value) => !IsOutput(value) && Readers(value).Count > 0 && Readers(value).All(r =>
        r.Op is LinearOp or AttentionOp or ConvTransposeOp
        || (r.Op is ConvOp && MatchDConv(r) == null)
        || (r.Op is PadOp && Only<ConvOp>(r.Output) != null));

    /// <summary>A layer of DConv that begins with this convolution, from it to the residual sum; null where none does.</summary>
    public Node[]? MatchDConv(Node conv)
    {
        if (conv.Op is not ConvOp { Stride: [1], Bias: not null } op || op.Weight.Shape.Last != 3 || op.Padding[0] != op.Dilation[0])
        {
            return null;
        }

        Node? norm1 = Only<GroupNormOp>(conv.Output);
        Node? gelu = norm1 == null ? null : Only<GeluOp>(norm1.Output);
        Node? expand = gelu == null ? null : Only<ConvOp>(gelu.Output);
        Node? norm2 = expand == null ? null : Only<GroupNormOp>(expand.Output);
        Node? glu = norm2 == null ? null : Only<GluOp>(norm2.Output);
        Node? scale = glu == null ? null : Only<ChannelScaleOp>(glu.Output);
        Node? add = scale == null ? null : Only<AddOp>(scale.Output);
        bool matches = add != null && add.Inputs[0] == conv.Inputs[0]
            && ((GroupNormOp)norm1!.Op).Groups == 1 && ((GroupNormOp)norm2!.Op).Groups == 1
            && expand!.Op is ConvOp { Bias: not null } second && second.Weight.Shape.Last == 1;
        return matches ? [conv, norm1!, gelu!, expand!, norm2!, glu!, scale!, add!] : null;
    }
}
