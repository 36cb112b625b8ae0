using System.Collections.Immutable;
using Stemsharp.Graph;
using Stemsharp.Vulkan.Kernels;

namespace Stemsharp.Vulkan.Planning;

/// <content>Spectrograms as bands and back: what the builder of graphs records together is a few steps for all bands.</content>
internal sealed partial class GpuPlanBuilder
{
    // All bands at the first one: they are read from the spectrogram where they lie and normed, then a product for all of them.
    void IOpVisitor.Band(Node node, BandOp op)
    {
        Node stack = _graph.Uses.Next<RmsNormOp>(node) is { } first && _graph.Uses.Next<LinearOp>(first) is { } second && _graph.Uses.Next<StackOp>(second) is { } third ? third : throw Alone(node);
        (Node Band, Node Norm, Node Linear)[] rows = [.. stack.Inputs.Select(row =>
        {
            Node linear = Before<LinearOp>(row, node), norm = Before<RmsNormOp>(linear.Inputs[0], node), band = Before<BandOp>(norm.Inputs[0], node);
            return band.Inputs[0] == node.Inputs[0] ? (band, norm, linear) : throw Alone(node);
        })];
        GpuTensor input = In(node.Inputs[0], RowLayout.Dense);
        ImmutableArray<BandOp> bands = [.. rows.Select(r => (BandOp)r.Band.Op)];
        int frames = input.Shape.Last, length = Aligned(frames);
        int[] firsts = FirstLines(bands, input.Channels, out int count);
        GpuTensor lines = New($"{stack.Name}.lines", new Shape(count, length), IsMixed);
        float[] gammas = [.. rows.SelectMany(r => ScaledGamma((RmsNormOp)r.Norm.Op))];
        int[] sources = [.. bands.SelectMany(band => Enumerable.Range(0, band.Length * input.Channels).Select(i =>
            i % input.Channels * input.Pitch + (band.Start + i / input.Channels) * frames))];
        int[] places = [.. bands.SelectMany((band, k) => (int[])[firsts[k], band.Length * input.Channels])];
        Emit(
            RmsNormStep($"{stack.Name}.norm", $"{bands.Length} bands, rms norm", input, lines, gammas, 0, frames, length, (_weights.AddInts(places), _weights.AddInts(sources), bands.Length)),
            [.. rows.SelectMany(r => (Node[])[r.Band, r.Norm])]);

        GpuTensor output = New(stack.Output.Name, ShapeIn(stack.Output.Shape, RowLayout.Aligned), IsMixed && IsOperand(stack.Output), RowLayout.Aligned);
        _tensors.Add(stack.Output, output);
        Emit(
            GroupedStep(stack.Name, "linear", [.. rows.Select((r, k) => new Group(LinearProduct(r.Linear, [(LinearOp)r.Linear.Op], "linear", lines), firsts[k] * length, k * length))], default, lines, output, length),
            [.. rows.Select(r => r.Linear), stack]);
    }

    // All masks of all stems at the first row: for each stem products for all bands, then the bands' masks times the spectrogram.
    void IOpVisitor.Row(Node node, RowOp op)
    {
        Node? next = _graph.Uses.Readers(node.Output) is [{ } reader, ..] ? reader : null;
        while (next is { Op: not JoinBandsOp })
        {
            next = _graph.Uses.SoleReader(next.Output);
        }

        Node? product = next is null ? null : _graph.Uses.Next<ComplexMaskOp>(next);
        if (next?.Op is not JoinBandsOp join || product is null || product.Inputs[0] != next.Output)
        {
            throw Alone(node);
        }

        Value tokens = node.Inputs[0];
        GpuTensor input = In(tokens, RowLayout.Aligned), mix = In(product.Inputs[1], RowLayout.Dense), output = Write(product.Output);
        int[] firsts = FirstLines(join.Bands, mix.Channels, out int count);
        (int starts, int lines) = BandLines(join.Bands, firsts, mix);
        int stems = next.Inputs.Count / join.Bands.Length;
        for (int stem = 0; stem < stems; stem++)
        {
            Node[][] layers = MaskLayers([.. next.Inputs.Skip(stem * join.Bands.Length).Take(join.Bands.Length)], tokens, node);
            GpuTensor masks = EmitMaskLayers($"mask_estimators.{stem}", layers, input, firsts, count);
            PushValue[] push =
            [
                masks, mix, new PushValue(stem * mix.Channels * output.Pitch, output), mix.Shape.Last, masks.Pitch, mix.Pitch, output.Pitch,
                starts, lines, ((ComplexMaskOp)product.Op).ZeroFirst ? 1 : 0,
            ];
            GpuStep masked = new($"mask_estimators.{stem}.masked", $"mask {mix.Shape}", new KernelKey("mask", [], 64), push, Groups(mix.Shape.Last, 64) * (mix.Channels / 2), mix.Shape.Rows)
            {
                Reads = [masks, mix],
                Writes = [output],
            };
            Emit(masked, stem == stems - 1 ? [next, product] : []);
        }

        foreach (Node row in _graph.Uses.Readers(tokens).Where(r => r.Op is RowOp))
        {
            _done.Add(row);
        }
    }

    void IOpVisitor.Stack(Node node, StackOp op) => throw Alone(node);

    void IOpVisitor.JoinBands(Node node, JoinBandsOp op) => throw Alone(node);

    void IOpVisitor.ComplexMask(Node node, ComplexMaskOp op) => throw Alone(node);

    // A stem's layers, one product for all bands each; the last one's result, the bands' lines.
    private GpuTensor EmitMaskLayers(string name, Node[][] layers, GpuTensor input, int[] firsts, int lines)
    {
        int length = input.Shape.Last;
        foreach ((Node[] linears, int layer) in layers.Select((linears, layer) => (linears, layer)))
        {
            bool last = layer == layers.Length - 1;
            GpuTensor source = input;
            GpuTensor output = last
                ? New($"{name}.lines", new Shape(lines, length))
                : New($"{name}.hidden{layer}", new Shape(linears[0].Output.Shape.Channels, linears.Length, length), IsMixed, RowLayout.Aligned);
            Group[] groups = [.. linears.Select((linear, k) =>
                new Group(LinearProduct(linear, [(LinearOp)linear.Op], "linear", source), k * length, (last ? firsts[k] : k) * length))];
            Emit(
                GroupedStep($"{name}.layers.{layer}", last ? "linear, glu" : "linear, tanh", groups, last ? ProductEpilogue.Glu : ProductEpilogue.Tanh, input, output, length),
                [.. linears.SelectMany(linear => (Node[])[linear, _graph.Uses.SoleReader(linear.Output)!])]);
            input = output;
        }

        return input;
    }

    // The linear layers between a stem's tokens and the parts of its mask, first to last, each for all bands.
    private Node[][] MaskLayers(Value[] parts, Value tokens, Node node)
    {
        List<Node>[] bands = [.. parts.Select((part, k) =>
        {
            Node linear = Before<LinearOp>(Before<GluOp>(part, node).Inputs[0], node);
            List<Node> layers = [linear];
            while (_graph.Uses.Producer(linear.Inputs[0]) is { Op: TanhOp } tanh)
            {
                linear = Before<LinearOp>(tanh.Inputs[0], node);
                layers.Insert(0, linear);
            }

            Node row = Before<RowOp>(linear.Inputs[0], node);
            return row.Inputs[0] == tokens && ((RowOp)row.Op).Row == k ? layers : throw Alone(node);
        })];
        return bands.All(layers => layers.Count == bands[0].Count) ? [.. Enumerable.Range(0, bands[0].Count).Select(i => bands.Select(layers => layers[i]).ToArray())] : throw Alone(node);
    }

    // Where each band's lines begin when bands follow each other: a line is a channel of a bin, or of its mask.
    private static int[] FirstLines(ImmutableArray<BandOp> bands, int channels, out int count)
    {
        int[] firsts = new int[bands.Length];
        count = 0;
        for (int k = 0; k < bands.Length; k++)
        {
            firsts[k] = count;
            count += bands[k].Length * channels;
        }

        return firsts;
    }

    // Where the first line of each bin is, in all bands that hold it.
    private (int Starts, int Lines) BandLines(ImmutableArray<BandOp> bands, int[] firsts, GpuTensor mix)
    {
        List<int> starts = [], lines = [];
        for (int bin = 0; bin < mix.Shape.Rows; bin++)
        {
            starts.Add(lines.Count);
            for (int k = 0; k < bands.Length; k++)
            {
                int row = bin - bands[k].Start;
                if (row >= 0 && row < bands[k].Length)
                {
                    lines.Add(firsts[k] + row * mix.Channels);
                }
            }
        }

        starts.Add(lines.Count);
        return (_weights.AddInts([.. starts]), _weights.AddInts([.. lines]));
    }

    private Node Before<TOp>(Value value, Node node)
        where TOp : Op => _graph.Uses.Producer(value) is { Op: TOp } producer && (producer.Op is RowOp || _graph.Uses.SoleReader(value) != null) ? producer : throw Alone(node);

    // What the builder of graphs never records.
    private static VulkanException Alone(Node node) => Refusal($"the operation {node.Op.Kind} ({node.Name}) without those that stand around it in the networks it is known from");
}
