using Stemsharp.Cpu.Steps;
using Stemsharp.Graph;
using Stemsharp.Kernels.Elementary;
using Stemsharp.Kernels.Gemm;

namespace Stemsharp.Cpu.Planning;

/// <content>Spectrograms as bands, gated attention along an axis. What the builder of graphs records together is one step.</content>
internal sealed partial class PlanBuilder<TIsa, V>
{
    /// <summary>All bands of a split at the first of them: band + norm + linear, stacked.</summary>
    public void Band(Node node, BandOp op)
    {
        Node stack = Behind<StackOp>(Behind<LinearOp>(Behind<RmsNormOp>(node)));
        List<Node> nodes = [stack];
        List<BandInput> bands = [];
        foreach (Value row in stack.Inputs)
        {
            Node linear = Before<LinearOp>(row), norm = Before<RmsNormOp>(linear.Inputs[0]), band = Before<BandOp>(norm.Inputs[0]);
            Together(band.Inputs[0] == node.Inputs[0], node);
            nodes.AddRange([band, norm, linear]);
            bands.Add(new BandInput((BandOp)band.Op, Gamma(norm), Pack((LinearOp)linear.Op)));
        }

        Tensor source = Read(node.Inputs[0]), target = Write(stack.Output);
        Emit(new BandSplitStep<TIsa, V>(stack.Name, $"{bands.Count} bands, rms norm, linear {target.Shape}", bands, source, target), [.. nodes]);
    }

    /// <summary>All masks of all stems at the first row: linear layers with tanh, glu, joined, times the spectrogram; a step for each stem.</summary>
    public void Row(Node node, RowOp op)
    {
        Node next = _uses.Readers(node.Output)[0];
        while (next.Op is not JoinBandsOp)
        {
            next = _uses.SoleReader(next.Output) ?? throw Alone(node);
        }

        JoinBandsOp join = (JoinBandsOp)next.Op;
        Node product = Behind<ComplexMaskOp>(next);
        Value tokens = node.Inputs[0], mix = product.Inputs[1];
        Tensor? target = null;
        int channels = mix.Shape.Channels, rows = join.Bands.Sum(b => b.Length) * channels, stems = next.Inputs.Count / join.Bands.Length;
        for (int stem = 0; stem < stems; stem++)
        {
            List<Node> nodes = stem == stems - 1 ? [next, product] : [];
            List<BandOutput> bands = [];
            for (int k = 0; k < join.Bands.Length; k++)
            {
                (List<PackedWeights> layers, List<Node> chain) = MaskLayers(next.Inputs[stem * join.Bands.Length + k]);
                Together(chain[^1].Op is RowOp row && row.Row == k && chain[^1].Inputs[0] == tokens, node);
                nodes.AddRange(chain);
                bands.Add(new BandOutput(join.Bands[k], layers));
            }

            (Node? norm, Tensor source) = Source(tokens);
            target ??= Write(product.Output);
            Tensor masks = Temporary(new Tensor($"{product.Name}.mask", rows, mix.Shape.Last));
            string text = $"{NormText(norm)}{bands.Count} bands, {bands[0].Layers.Count} linear, glu, mask [{channels}, {mix.Shape.Rows}, {mix.Shape.Last}]";
            Emit(
                new BandMaskStep<TIsa, V>($"mask_estimators.{stem}", text, bands, norm is null ? null : Gamma(norm), source, masks, Read(mix), Use(target), stem, ((ComplexMaskOp)product.Op).ZeroFirst),
                [.. nodes]);
        }
    }

    public void Stack(Node node, StackOp op) => throw Alone(node);

    public void JoinBands(Node node, JoinBandsOp op) => throw Alone(node);

    public void ComplexMask(Node node, ComplexMaskOp op) => throw Alone(node);

    public void Rotary(Node node, RotaryOp op) => throw Alone(node);

    public void HeadGate(Node node, HeadGateOp op) => throw Alone(node);

    public void Tanh(Node node, TanhOp op) => Single(node, (text, source, target) =>
        new ActivationStep<TIsa, V, Tanh<TIsa, V>>(node.Name, text, source, target));

    public void RmsNorm(Node node, RmsNormOp op) => Single(node, (text, source, target) => new RmsNormStep<TIsa, V>(node.Name, text, source, target, Gamma(node)));

    // norm + q, k, v + rotary positions + attention along an axis + gates + linear + residual, at the queries' projection
    private bool TryRotaryAttention(Node query)
    {
        if (_uses.SoleReader<RotaryOp>(query.Output) is not { Op: RotaryOp rotary } turned)
        {
            return false;
        }

        Node attention = Behind<AttentionOp>(turned), gated = Behind<HeadGateOp>(attention), output = Behind<LinearOp>(gated);
        Node turnedKey = Before<RotaryOp>(attention.Inputs[1]), key = Before<LinearOp>(turnedKey.Inputs[0]), value = Before<LinearOp>(attention.Inputs[2]), gates = Before<LinearOp>(gated.Inputs[1]);
        Value input = query.Inputs[0];
        Node? norm = _virtual.GetValueOrDefault(input);
        Together(norm?.Op is RmsNormOp && key.Inputs[0] == input && value.Inputs[0] == input && gates.Inputs[0] == input && rotary.Axis != SequenceAxis.All, query);
        if (Tail(output) is not { Scale: null } tail)
        {
            throw Alone(query);
        }

        Node[] nodes = [query, key, value, turned, turnedKey, attention, gates, gated, .. tail.Nodes];
        int heads = rotary.Heads, width = query.Output.Shape.Channels / heads;
        LinearOp packed = (LinearOp)query.Op;
        RotaryAttentionWeights weights = new(
            heads,
            width,
            Gamma(norm!),
            Packed(packed.Weight, "heads", RotaryAttentionWeights.RowOrder(heads, width), packed.Weight.Shape[1], [], reader => reader.Read(packed.Weight)),
            Pack((LinearOp)gates.Op),
            Pack((LinearOp)output.Op),
            new RotaryTable(_weights.Vector(rotary.Frequencies), input.Shape.Length(rotary.Axis)));
        Tensor source = Read(norm!.Inputs[0]), residual = Read(tail.Residual);
        Tensor target = Write(tail.Add.Output, DiesIn(tail.Residual, nodes) && residual == source ? residual : null);
        string text = $"rms norm, {heads} gated heads along {(rotary.Axis == SequenceAxis.Last ? "time" : "rows")}, residual {target.Shape}";
        Emit(
            rotary.Axis == SequenceAxis.Last
                ? new RowAttentionStep<TIsa, V>(attention.Name, text, weights, source, new(weights.Output, _weights.Scale(null, target.Channels), residual, target, new(source.Shape.Rows, source.Shape.Last)))
                : new ColumnAttentionStep<TIsa, V>(attention.Name, text, weights, source, residual, target),
            nodes);
        return true;
    }

    // From a part of a mask back to the tokens: its linear layers first to last, and the nodes, the row last.
    private (List<PackedWeights> Layers, List<Node> Nodes) MaskLayers(Value part)
    {
        Node glu = Before<GluOp>(part), linear = Before<LinearOp>(glu.Inputs[0]);
        LinearOp last = (LinearOp)linear.Op;
        List<Node> nodes = [glu, linear];
        List<PackedWeights> layers = [Packed(last.Weight, "glu", GluEpilogue<TIsa, V>.RowOrder(last.Rows / 2), last.Weight.Shape[1], last.Bias is null ? [] : _weights.Vector(last.Bias), reader => reader.Read(last.Weight))];
        while (_uses.Producer(linear.Inputs[0]) is { Op: TanhOp } tanh)
        {
            linear = Before<LinearOp>(tanh.Inputs[0]);
            nodes.AddRange([tanh, linear]);
            layers.Insert(0, Pack((LinearOp)linear.Op));
        }

        nodes.Add(Before<RowOp>(linear.Inputs[0]));
        return (layers, nodes);
    }

    private NormWeights Gamma(Node norm) => new(_weights.Vector(((RmsNormOp)norm.Op).Gamma), []);

    private Node Behind<TOp>(Node node)
        where TOp : Op => _uses.Next<TOp>(node) ?? throw Alone(node);

    private Node Before<TOp>(Value value)
        where TOp : Op => _uses.Producer(value) is { Op: TOp } producer ? producer : throw new InvalidOperationException($"{value.Name} is not computed by {typeof(TOp).Name}, as the steps of bands expect it.");

    private static void Together(bool condition, Node node)
    {
        if (!condition)
        {
            throw Alone(node);
        }
    }

    private static InvalidOperationException Alone(Node node) =>
        new($"{node.Op.Kind} ({node.Name}) is computed together with what the builder of graphs records around it, and not alone.");
}
