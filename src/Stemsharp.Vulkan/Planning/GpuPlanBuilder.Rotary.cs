using Stemsharp.Graph;
using Stemsharp.Vulkan.Kernels;

namespace Stemsharp.Vulkan.Planning;

/// <content>Norms by the root of the mean square, and gated attention with rotary positions.</content>
internal sealed partial class GpuPlanBuilder
{
    /// <summary>The nodes of a gated attention but its output projection.</summary>
    private sealed record RotaryAttention(Node Query, Node Key, Node Value, Node TurnedQuery, Node TurnedKey, Node Attention, Node Gates, Node Gated);

    void IOpVisitor.Rotary(Node node, RotaryOp op) => throw Alone(node);

    void IOpVisitor.HeadGate(Node node, HeadGateOp op) => throw Alone(node);

    void IOpVisitor.RmsNorm(Node node, RmsNormOp op)
    {
        GpuTensor input = WantedLayout(node.Output) is { } layout ? In(node.Inputs[0], layout) : _tensors[node.Inputs[0]];
        GpuTensor output = Write(node.Output, DiesIn(node.Inputs[0], node) ? input : null, input);
        Emit(RmsNormStep(node.Name, "rms norm", input, output, ScaledGamma(op), input.Channels, input.Positions, input.Positions), node);
    }

    // The root of the number of channels is a part of the factors.
    private float[] ScaledGamma(RmsNormOp op)
    {
        double root = Math.Sqrt(op.Gamma.Shape[0]);
        return Array.ConvertAll(Read(op.Gamma), g => (float)(root * g));
    }

    private GpuStep RmsNormStep(
        string name, string text, GpuTensor input, GpuTensor output, float[] gammas, int channels, int columns, int length, (int Places, int Lines, int Count)? bands = null)
    {
        PushValue[] push = [input, output, _weights.AddFloats(gammas), channels, columns, length, input.Pitch, output.Pitch, bands?.Places ?? 0, bands?.Lines ?? 0];
        return new GpuStep(name, $"{text} {Described(output.Shape, output)}", new KernelKey(Shader("rmsnorm"), [Types(input, null, output), bands == null ? 0 : 1], 256), push, Groups(length, 32), bands?.Count ?? 1)
        {
            Reads = [input],
            Writes = [output],
        };
    }

    // Gates; queries, keys and values in one product that turns the first two; attention whose output leaves with its gates.
    private bool TryRotaryAttention(Node query)
    {
        if (MatchRotaryAttention(query) is not { } match)
        {
            return false;
        }

        RotaryOp rotary = (RotaryOp)match.TurnedQuery.Op;
        AttentionOp op = (AttentionOp)match.Attention.Op;
        GpuTensor input = In(query.Inputs[0], LayoutFor(rotary.Axis));
        GpuTensor gates = EmitProduct(LinearProduct(match.Gates, [(LinearOp)match.Gates.Op], "linear", input), match.Gates, new Tail());
        Node[] parts = [match.Query, match.Key, match.Value];
        int channels = query.Output.Shape.Channels, width = channels / op.Heads, rows = input.Shape.Rows, length = input.Shape.Last;
        Product product = LinearProduct(query, [.. parts.Select(p => (LinearOp)p.Op)], "linear, rotary → q, k, v", input) with
        {
            Columns = (rows, length),
            Epilogue = ProductEpilogue.Rotary,
            Rotary = (_weights.AddFloats(Angles(Read(rotary.Frequencies), length)), width, 2 * channels),
        };
        Shape shape = input.Shape.WithChannels(3 * channels);
        GpuTensor all = New($"{match.Attention.Name}.q, k, v", shape, IsMixed, input.Layout);
        Emit(Step(product, new Tail(), all, null, shape), [.. parts, match.TurnedQuery, match.TurnedKey]);

        GpuTensor output = Write(match.Gated.Output, like: input);
        EmitAttention(match.Attention.Name, op.Heads, (all, all, channels), new Sequences(rows, length, length, query.Output.Shape.Length(op.Axis)), output, gates, match.Attention, match.Gated);
        return true;
    }

    // Cosines, then sines, of each pair's angles at each position.
    private static float[] Angles(float[] frequencies, int positions)
    {
        float[] table = new float[2 * frequencies.Length * positions];
        for (int i = 0; i < frequencies.Length * positions; i++)
        {
            (int pair, int position) = Math.DivRem(i, positions);
            (double sin, double cos) = Math.SinCos(position * (double)frequencies[pair]);
            table[2 * pair * positions + position] = (float)cos;
            table[(2 * pair + 1) * positions + position] = (float)sin;
        }

        return table;
    }

    private RotaryAttention? MatchRotaryAttention(Node query)
    {
        GraphUses uses = _graph.Uses;
        if (uses.Next<RotaryOp>(query) is not { Op: RotaryOp { Axis: not SequenceAxis.All } rotary } turned
            || uses.Next<AttentionOp>(turned) is not { } attention || uses.Next<HeadGateOp>(attention) is not { } gated
            || Sole<RotaryOp>(attention.Inputs[1]) is not { } turnedKey || Sole<LinearOp>(turnedKey.Inputs[0]) is not { } key
            || Sole<LinearOp>(attention.Inputs[2]) is not { } value || Sole<LinearOp>(gated.Inputs[1]) is not { } gates)
        {
            return null;
        }

        bool together = turnedKey.Op == rotary && ((AttentionOp)attention.Op).Axis == rotary.Axis && attention.Inputs[0] == turned.Output
            && ArePacked([query.Op as LinearOp, key.Op as LinearOp, value.Op as LinearOp]) && ((LinearOp)query.Op).Bias is null
            && Array.TrueForAll([key, value, gates], n => n.Inputs[0] == query.Inputs[0]);
        return together ? new RotaryAttention(query, key, value, turned, turnedKey, attention, gates, gated) : null;

        Node? Sole<TOp>(Value input)
            where TOp : Op => uses.Producer(input) is { Op: TOp } producer && uses.SoleReader(input) != null ? producer : null;
    }
}
