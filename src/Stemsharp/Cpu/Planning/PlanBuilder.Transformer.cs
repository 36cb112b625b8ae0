using Stemsharp.Cpu.Steps;
using Stemsharp.Graph;
using Stemsharp.Kernels.Elementary;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Kernels.Paired;

namespace Stemsharp.Cpu.Planning;

/// <content>Linear layers, attention and layer norms.</content>
internal sealed partial class PlanBuilder<TIsa, V>
{
    private readonly Dictionary<Node, ProjectionTargets> _projections = [];

    public void Linear(Node node, LinearOp op)
    {
        if (_uses.SoleReader<AttentionOp>(node.Output) is { } attention)
        {
            Project(attention);
        }
        else if (!TryRotaryAttention(node) && !TryFeedForward(node, op))
        {
            Residual(node, op);
        }
    }

    // Linear [+ LayerScale] + residual, or Linear [+ activation]. In single precision or nearly so: behind an attention it is a twentieth
    // of a transformer's work, and rounding it would cost another decibel.
    private void Residual(Node node, LinearOp op)
    {
        Value input = node.Inputs[0];
        int channels = op.Rows;
        Columns columns = new(1, input.Shape.Positions);
        PackedWeights weights = Pack(op, Threefold(op.Weight.Shape[1]));
        if (Tail(node) is { } tail)
        {
            Tensor residual = Read(tail.Residual);
            (Node? norm, Tensor source) = Source(input);
            Tensor target = Write(tail.Add.Output, residual.Root != source.Root && DiesIn(tail.Residual, tail.Nodes) ? residual : null);
            ResidualEpilogue<TIsa, V> epilogue = new(weights, _weights.Scale(tail.Scale, channels), residual, target, columns);
            string text = $"{NormText(norm)}linear, residual {target.Shape}";
            Emit(
                norm?.Op switch
                {
                    null => new ProductStep<TIsa, V, PointwisePacker<TIsa, V>, ResidualEpilogue<TIsa, V>>(node.Name, text, weights, columns, new(source), epilogue),
                    LayerNormOp layer => new ProductStep<TIsa, V, LayerNormPacker<TIsa, V>, ResidualEpilogue<TIsa, V>>(node.Name, text, weights, columns, NormPacker(layer, source), epilogue),
                    _ => new ProductStep<TIsa, V, RmsNormPacker<TIsa, V>, ResidualEpilogue<TIsa, V>>(node.Name, text, weights, columns, new(source, Gamma(norm)), epilogue),
                },
                tail.Nodes);
            return;
        }

        Node? activation = _uses.SoleReader<GeluOp>(node.Output) ?? _uses.SoleReader<ReluOp>(node.Output);
        (Node? before, Tensor x) = Source(input);
        Tensor result = Write((activation ?? node).Output);
        string description = $"{NormText(before)}linear{(activation == null ? "" : $", {activation.Op.Kind.ToLowerInvariant()}")} {result.Shape}";
        Emit(
            before?.Op switch
            {
                null => Stored(node.Name, description, [weights], columns, new PointwisePacker<TIsa, V>(x), result, activation?.Op),
                LayerNormOp layer => Stored(node.Name, description, [weights], columns, NormPacker(layer, x), result, activation?.Op),
                _ => Stored(node.Name, description, [weights], columns, new RmsNormPacker<TIsa, V>(x, Gamma(before)), result, activation?.Op),
            },
            activation == null ? [node] : [node, activation]);
    }

    // [norm +] linear + activation + linear [+ LayerScale] + residual
    private bool TryFeedForward(Node node, LinearOp op)
    {
        Node? activation = _uses.SoleReader<GeluOp>(node.Output) ?? _uses.SoleReader<ReluOp>(node.Output);
        if (activation == null || _uses.SoleReader<LinearOp>(activation.Output) is not { } second || Tail(second) is not { } tail)
        {
            return false;
        }

        Node[] nodes = [node, activation, .. tail.Nodes];
        Value input = node.Inputs[0];
        (Node? norm, Tensor source) = Source(input);
        Tensor residual = Read(tail.Residual);
        Tensor target = Write(tail.Add.Output, DiesIn(tail.Residual, nodes) ? residual : null);
        Columns columns = new(1, input.Shape.Positions);
        PackedWeights expand = Pack(op, _pairs), contract = Pack((LinearOp)second.Op, _pairs);
        ResidualEpilogue<TIsa, V> epilogue = new(contract, _weights.Scale(tail.Scale, target.Channels), residual, target, columns);
        string text = $"{NormText(norm)}linear, {activation.Op.Kind.ToLowerInvariant()}, linear, residual {target.Shape}";
        bool gelu = activation.Op is GeluOp;
        Emit(
            norm?.Op switch
            {
                null => gelu ? Make<PointwisePacker<TIsa, V>, Gelu<TIsa, V>>(new(source)) : Make<PointwisePacker<TIsa, V>, Relu<TIsa, V>>(new(source)),
                LayerNormOp layer => gelu ? Make<LayerNormPacker<TIsa, V>, Gelu<TIsa, V>>(NormPacker(layer, source)) : Make<LayerNormPacker<TIsa, V>, Relu<TIsa, V>>(NormPacker(layer, source)),
                _ => gelu ? Make<RmsNormPacker<TIsa, V>, Gelu<TIsa, V>>(new(source, Gamma(norm))) : Make<RmsNormPacker<TIsa, V>, Relu<TIsa, V>>(new(source, Gamma(norm))),
            },
            nodes);
        return true;

        Step Make<TPacker, TActivation>(TPacker packer)
            where TPacker : struct, IPacker
            where TActivation : struct, IActivation<TIsa, V> =>
            new FeedForwardStep<TIsa, V, TPacker, TActivation>(node.Name, text, expand, contract, columns, packer, epilogue);
    }

    // The projections in front of an attention: one product where they read the same value, else queries apart.
    private void Project(Node attention)
    {
        int heads = ((AttentionOp)attention.Op).Heads;
        Node[] parts = [.. attention.Inputs.Select(i => _uses.Producer(i)!)];
        int width = parts[0].Output.Shape.Channels / heads, keys = parts[1].Output.Shape.Positions;
        Value query = parts[0].Inputs[0], key = parts[1].Inputs[0];

        // The two steps' tensors; the keys' and values' are written by whichever step makes them.
        if (query == key)
        {
            _projections[attention] = Projection(attention, parts, heads, width, keys, query: true, key: true, null);
            return;
        }

        ProjectionTargets first = Projection(attention, parts[..1], heads, width, keys, query: true, key: false, null);
        _projections[attention] = Projection(attention, parts[1..], heads, width, keys, query: false, key: true, first.Query);
    }

    private ProjectionTargets Projection(Node attention, Node[] parts, int heads, int width, int keys, bool query, bool key, Tensor? queries)
    {
        Value input = parts[0].Inputs[0];
        (Node? norm, Tensor source) = Source(input);
        Tensor? q = query ? Write(parts[0].Output) : null;

        PairKernels? pairs = width % (_pairs?.HeadUnit ?? 1) == 0 ? _pairs : null;
        Tensor? k = key ? Temporary(ProjectionTargets.PackedKeys($"{attention.Name}.keys", heads, width, keys, pairs)) : null;
        Tensor? v = key ? Temporary(ProjectionTargets.PackedValues($"{attention.Name}.values", heads, width, keys, pairs)) : null;
        ProjectionTargets targets = new(heads, width, keys, q, k, v, pairs);
        Columns columns = new(1, input.Shape.Positions);

        // The model's projections are neighbouring rows of one tensor, in the order that RowOrder expects.
        int channels = heads * width, cin = input.Shape.Channels, rows = parts.Length * channels;
        LinearOp op = (LinearOp)parts[0].Op;
        float[] bias = op.Bias is null ? [] : _weights.Vector(op.Bias)[op.FirstRow..(op.FirstRow + rows)];
        PackedWeights weights = Packed(op.Weight, $"projected {op.FirstRow}", targets.RowOrder(), cin, bias, reader => reader.Read(op.Weight).Slice(op.FirstRow * cin, rows * cin), _pairs);
        ProjectionEpilogue<TIsa, V> epilogue = new(weights, targets, columns);
        string text = $"{NormText(norm)}linear → {(query ? key ? "q, k, v" : "q" : "k, v")} [{parts.Length * channels}, {columns.Width}]";
        Emit(
            norm?.Op switch
            {
                null => new ProductStep<TIsa, V, PointwisePacker<TIsa, V>, ProjectionEpilogue<TIsa, V>>(parts[0].Name, text, weights, columns, new(source), epilogue),
                LayerNormOp layer => new ProductStep<TIsa, V, LayerNormPacker<TIsa, V>, ProjectionEpilogue<TIsa, V>>(parts[0].Name, text, weights, columns, NormPacker(layer, source), epilogue),
                _ => new ProductStep<TIsa, V, RmsNormPacker<TIsa, V>, ProjectionEpilogue<TIsa, V>>(parts[0].Name, text, weights, columns, new(source, Gamma(norm)), epilogue),
            },
            parts);
        return targets with { Query = q ?? queries };
    }

    public void Attention(Node node, AttentionOp op)
    {
        ProjectionTargets source = _projections[node];
        Use(source.Query!);
        Use(source.Key!);
        Use(source.Value!);
        Tensor target = Write(node.Output, source.Query); // a task has copied its queries before it writes
        int keys = node.Inputs[1].Shape.Positions;
        Emit(new AttentionStep<TIsa, V>(node.Name, $"attention, {op.Heads} heads, {keys} keys {target.Shape}", source, keys, target), node);
    }

    // Layer norm [+ tables]
    public void LayerNorm(Node node, LayerNormOp op)
    {
        List<Node> nodes = [node];
        while (_uses.SoleReader<AddTableOp>(nodes[^1].Output) is { } table)
        {
            nodes.Add(table);
        }

        Tensor source = Read(node.Inputs[0]);
        Tensor target = Write(nodes[^1].Output, DiesIn(node.Inputs[0], [.. nodes]) ? source : null);
        string text = $"layer norm{(nodes.Count > 1 ? ", positions" : "")} {target.Shape}";
        Emit(new LayerNormStep<TIsa, V>(node.Name, text, source, target, _weights.Norm(op.Weight, op.Bias, op.Epsilon), [.. nodes.Skip(1).Select(n => ((AddTableOp)n.Op).Table)]), [.. nodes]);
    }

    // linear [+ LayerScale] + residual; null when that is not what follows.
    private (Parameter? Scale, Value Residual, Node Add, Node[] Nodes)? Tail(Node linear)
    {
        Node? scale = _uses.SoleReader<ChannelScaleOp>(linear.Output);
        Node end = scale ?? linear;
        if (Sum(end) is not { } sum)
        {
            return null;
        }

        (Node add, Value residual) = sum;
        return ((scale?.Op as ChannelScaleOp)?.Scale, residual, add, scale == null ? [linear, add] : [linear, scale, add]);
    }

    // The sum that alone reads a node's output, and its other part, when that is there already; null otherwise.
    private (Node Add, Value Residual)? Sum(Node node)
    {
        if (_uses.SoleReader<AddOp>(node.Output) is not { } add || _virtual.ContainsKey(add.Output))
        {
            return null;
        }

        Value residual = add.Inputs[0] == node.Output ? add.Inputs[1] : add.Inputs[0];
        return _tensors.ContainsKey(residual) ? (add, residual) : null;
    }

    // The tensor behind a value, and the virtual norm that stands in front of it.
    private (Node? Norm, Tensor Source) Source(Value value) =>
        _virtual.TryGetValue(value, out Node? norm) ? (norm, Read(norm.Inputs[0])) : (null, Read(value));

    private static string NormText(Node? norm) => norm?.Op switch
    {
        null => "",
        LayerNormOp => "layer norm, ",
        _ => "rms norm, ",
    };

    private LayerNormPacker<TIsa, V> NormPacker(LayerNormOp op, Tensor source) => new(source, _weights.Norm(op.Weight, op.Bias, op.Epsilon));

    private PackedWeights Pack(LinearOp op, PairKernels? pairs = null) =>
        Packed(op.Weight, $"rows {op.FirstRow}", [.. Enumerable.Range(op.FirstRow, op.Rows)], op.Weight.Shape[1], op.Bias is null ? [] : _weights.Vector(op.Bias), reader => reader.Read(op.Weight), pairs);
}
