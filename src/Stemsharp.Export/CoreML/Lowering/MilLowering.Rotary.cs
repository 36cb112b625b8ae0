using Stemsharp.Export.CoreML.Mil;
using Stemsharp.Graph;

namespace Stemsharp.Export.CoreML.Lowering;

/// <content>
/// Gated attention with rotary positions along one axis, the other one as batch. Queries' and keys' channels are taken with the even
/// ones of each head before the odd ones, by the order of the weights' rows: what is turned together are then two halves, and the
/// products of queries and keys are the same.
/// </content>
internal sealed partial class MilLowering
{
    // Attention's result until its gates are known, [sequences, heads, length, D].
    private readonly Dictionary<Value, MilValue> _mixed = [];

    /// <summary>Written with the attention behind it.</summary>
    public void Rotary(Node node, RotaryOp op)
    {
        if (_uses.Next<AttentionOp>(node) is null)
        {
            throw Alone(node);
        }
    }

    public void HeadGate(Node node, HeadGateOp op)
    {
        if (!_mixed.Remove(node.Inputs[0], out MilValue? mixed) || _uses.Producer(node.Inputs[0]) is not { Op: AttentionOp attention })
        {
            throw Alone(node);
        }

        string name = node.Name;
        MilValue gates = Sequences(node.Inputs[1], attention.Axis, mixed.Type);
        MilValue open = _mil.Add("sigmoid", $"{name}_open", gates.Type, gates.Shape.AsSpan(), ("x", gates));
        open = _mil.Reshape($"{name}_heads", _mil.Transpose($"{name}_by_head", open, 0, 2, 1), mixed.Shape[0], op.Heads, mixed.Shape[2], 1);
        MilValue gated = _mil.Transpose($"{name}_back", _mil.Binary("mul", name, mixed, open), 0, 2, 1, 3);
        SetSequences(node.Output, attention.Axis, _mil.Reshape($"{name}_sequences", gated, mixed.Shape[0], mixed.Shape[2], node.Output.Shape.Channels));
    }

    private void RotaryAttention(Node node, AttentionOp op)
    {
        Node[] turned = [.. node.Inputs.Take(2).Select(v => _uses.Producer(v) is { Op: RotaryOp } rotary ? rotary : throw Alone(node))];
        Node[] projections = [ProjectionOf(turned[0].Inputs[0]), ProjectionOf(turned[1].Inputs[0]), ProjectionOf(node.Inputs[2])];
        Value input = projections[0].Inputs[0];
        LinearOp packed = (LinearOp)projections[0].Op;
        if (_uses.Next<HeadGateOp>(node) is null || packed.Bias is not null || projections.Index().Any(p =>
                p.Item.Op is not LinearOp part || part.Weight != packed.Weight || part.FirstRow != p.Index * packed.Rows || p.Item.Inputs[0] != input))
        {
            throw Alone(node);
        }

        string name = node.Name;
        MilType type = _options.Policy.For(node);
        int inner = packed.Rows, heads = op.Heads, width = inner / heads;
        float[] weight = new float[packed.Weight.Shape.Elements];
        RotaryRows.Halve(_weights.Read(packed.Weight), weight, packed.Weight.Shape[1], inner, width);
        MilValue x = Sequences(input, op.Axis, _options.Policy.For(projections[0]));
        MilValue y = _mil.As(Project($"{name}_qkv", x, packed.Weight, weight, new float[3 * inner], x.Type), type);
        y = _mil.Reshape($"{name}_heads", y, x.Shape[0], x.Shape[1], 3 * heads, width);
        MilValue[] parts = _mil.Split($"{name}_part", _mil.Transpose($"{name}_forward", y, 0, 2, 1, 3), 3, 1);

        // Where there is no operation for attention, its 1/sqrt(d) is in the queries' cosines and sines.
        float[] frequencies = _weights.Read(((RotaryOp)turned[0].Op).Frequencies);
        MilValue q = Turned($"{name}_query", parts[0], frequencies, _options.Target < CoreMLTarget.IOS18 ? QueryScale(width) : 1);
        MilValue k = Turned($"{name}_key", parts[1], frequencies, 1);
        _mixed.Add(node.Output, Attend(name, q, k, parts[2], type, _options.Policy.For($"{name}.softmax", PrecisionPolicy.Softmax)));
    }

    // (a, b) to (a·cos − b·sin, b·cos + a·sin), a and b the halves of the channels.
    private MilValue Turned(string name, MilValue x, float[] frequencies, double factor)
    {
        int length = x.Shape[2], width = x.Shape[3], half = width / 2;
        float[] cosines = new float[length * width], sines = new float[length * width];
        for (int i = 0; i < cosines.Length; i++)
        {
            (double sin, double cos) = Math.SinCos(i / width * (double)frequencies[i % half]);
            (cosines[i], sines[i]) = ((float)(factor * cos), (float)(factor * (i % width < half ? -sin : sin)));
        }

        MilValue[] halves = _mil.Split($"{name}_halves", x, 2, 3);
        MilValue other = _mil.Concat($"{name}_exchanged", 3, [halves[1], halves[0]]);
        return _mil.Binary(
            "add", name, _mil.Binary("mul", $"{name}_by_cosines", x, _mil.Floats($"{name}_cosines", x.Type, [length, width], cosines)),
            _mil.Binary("mul", $"{name}_by_sines", other, _mil.Floats($"{name}_sines", x.Type, [length, width], sines)));
    }
}
