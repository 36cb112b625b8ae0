using Stemsharp.Graph;
using Stemsharp.Inference;
using Stemsharp.Vulkan.Device;
using Stemsharp.Vulkan.Kernels;

namespace Stemsharp.Vulkan.Planning;

/// <content>Linear layers, attention and layer norms.</content>
internal sealed partial class GpuPlanBuilder
{
    // Where the queries, keys and values of an attention lie: tensors, and their first channels in them.
    private readonly Dictionary<Node, (GpuTensor Query, GpuTensor Key, int KeyChannel)> _projections = [];

    /// <summary>What attends to what: rows of positions from one sequence to the next, of which so many are queries and keys.</summary>
    private readonly record struct Sequences(int Count, int Length, int Queries, int Keys);

    private void Linear(Node node, LinearOp op)
    {
        if (TryRotaryAttention(node))
        {
            return;
        }

        if (_graph.Uses.Next<AttentionOp>(node) is { } attention && ArePacked(attention))
        {
            if (!_done.Contains(node))
            {
                Project(attention);
            }

            return;
        }

        EmitProduct(LinearProduct(node, [op], "linear", _tensors[node.Inputs[0]]), node, Follow(node));
    }

    private Product LinearProduct(Node node, LinearOp[] ops, string kind, GpuTensor input)
    {
        LinearOp first = ops[0];
        int rows = ops.Sum(o => o.Rows), cin = first.Weight.Shape[1];
        float[] bias = first.Bias is { } parameter ? Read(parameter)[first.FirstRow..(first.FirstRow + rows)] : new float[rows];
        return new Product(node.Name, kind, rows, cin, bias, reader => reader.Read(first.Weight).Slice(first.FirstRow * cin, rows * cin))
        {
            Input = input,
            Columns = (1, input.Positions),
        };
    }

    // Whether queries, keys and values are neighbouring rows of one layer, and nothing else reads them.
    private bool ArePacked(Node attention)
    {
        LinearOp?[] rows = [.. attention.Inputs.Select(i => _graph.Uses.SoleReader(i) == attention ? _graph.Uses.Producer(i)?.Op as LinearOp : null)];
        return ArePacked(rows)
            && _graph.Uses.Producer(attention.Inputs[1])!.Inputs[0] == _graph.Uses.Producer(attention.Inputs[2])!.Inputs[0];
    }

    private static bool ArePacked(LinearOp?[] rows) => rows is [{ } query, { } key, { } value]
        && query.Weight == key.Weight && key.Weight == value.Weight
        && key.FirstRow == query.FirstRow + query.Rows && value.FirstRow == key.FirstRow + key.Rows;

    // The projections in front of an attention: one product where they read the same value, else queries apart. They are
    // neighbouring rows of one tensor.
    private void Project(Node attention)
    {
        Node[] parts = [.. attention.Inputs.Select(i => _graph.Uses.Producer(i)!)];
        if (parts[0].Inputs[0] == parts[1].Inputs[0])
        {
            GpuTensor all = Projection(attention, parts, "q, k, v");
            _projections[attention] = (all, all, parts[0].Output.Shape.Channels);
            return;
        }

        GpuTensor query = Projection(attention, parts[..1], "q"), key = Projection(attention, parts[1..], "k, v");
        _projections[attention] = (query, key, 0);
    }

    private GpuTensor Projection(Node attention, Node[] parts, string what)
    {
        GpuTensor input = In(parts[0].Inputs[0], RowLayout.Dense);
        Product product = LinearProduct(parts[0], [.. parts.Select(p => (LinearOp)p.Op)], $"linear → {what}", input);
        Shape shape = new(product.M, input.Positions);
        GpuTensor output = New($"{attention.Name}.{what}", shape, IsMixed);
        Emit(Step(product, new Tail(), output, null, shape), parts);
        return output;
    }

    private void Attention(Node node, AttentionOp op)
    {
        if (op.Axis != SequenceAxis.All)
        {
            throw Alone(node);
        }

        if (!_projections.TryGetValue(node, out (GpuTensor Query, GpuTensor Key, int KeyChannel) projected))
        {
            throw Refusal($"attention whose queries, keys and values are not one layer's ({node.Name})");
        }

        EmitAttention(node.Name, op.Heads, projected, new Sequences(1, 0, projected.Query.Positions, projected.Key.Positions), Write(node.Output), null, node);
    }

    private void EmitAttention(string name, int heads, (GpuTensor Query, GpuTensor Key, int KeyChannel) projected, Sequences sequences, GpuTensor output, GpuTensor? gates, params ReadOnlySpan<Node> nodes)
    {
        (GpuTensor query, GpuTensor key, int keyChannel) = projected;
        int channels = output.Channels, width = channels / heads;
        PushValue[] push =
        [
            query, new PushValue(keyChannel * key.Pitch, key), new PushValue((keyChannel + channels) * key.Pitch, key), output,
            sequences.Queries, sequences.Keys, width, query.Pitch, key.Pitch, output.Pitch, PushValue.Of((float)(Math.Log2(Math.E) / Math.Sqrt(width))),
            sequences.Length, gates, gates?.Pitch ?? 0,
        ];
        (KernelKey kernel, int block) = AttentionKernel(width, query, output, gates != null);
        string text = $"attention, {heads} {(gates == null ? "" : "gated ")}heads, {(sequences.Count == 1 ? "" : $"{sequences.Count} × ")}{sequences.Keys} keys {Described(output.Shape, output)}";
        GpuTensor?[] reads = [query, query == key ? null : key, gates];
        Emit(
            new GpuStep(name, text, kernel, push, sequences.Count * Groups(sequences.Queries, block), heads)
            {
                Reads = [.. reads.OfType<GpuTensor>()],
                Writes = [output],
            },
            nodes);
    }

    // The kernel, and the queries of one of its workgroups.
    private (KernelKey Kernel, int Queries) AttentionKernel(int width, GpuTensor query, GpuTensor output, bool gated)
    {
        const int Subgroups = 4, Row = 64 + 8;
        bool fits = 2 * 2 * width * Row + Subgroups * 16 * Row * 6 <= _traits.SharedMemory && Subgroups * _traits.SubgroupSize <= _traits.MaxInvocations;
        if (UsesMatrices && width % 16 == 0 && fits && query.IsHalf && output.IsHalf)
        {
            CooperativeShape shape = _traits.Matrix!.Value;
            int[] constants = [width, Subgroups, gated ? 1 : 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, shape.M, shape.N, shape.K, _traits.SubgroupSize];
            return (new KernelKey(_traits.IsEmulated ? "matrixattention.emulated" : "matrixattention", [.. constants], Subgroups * _traits.SubgroupSize, FullSubgroups: true), Subgroups * 16);
        }

        int padded = Groups(width, 16) * 16;
        (int block, bool apart) = AttentionBlock(padded);
        return (new KernelKey(Shader("attention"), [block, padded, apart ? 1 : 0, Types(query, null, output), gated ? 1 : 0], 2 * block, FullSubgroups: true), block);
    }

    // Queries of a workgroup, and whether keys and values have room of their own.
    private (int Queries, bool Apart) AttentionBlock(int width)
    {
        foreach ((int queries, bool apart) in (ReadOnlySpan<(int, bool)>)[(64, true), (32, true), (32, false), (16, false)])
        {
            int values = 32 * (width + 2);
            int floats = width * queries + width * 32 + 64 + (apart ? values : 4) + 32 * queries;
            if (4 * floats <= _traits.SharedMemory && 2 * queries % Math.Max(8, _traits.SubgroupSize) == 0)
            {
                return (queries, apart);
            }
        }

        throw new VulkanException(EngineFailure.Refused, $"Attention heads of {width} channels do not fit into the GPU's {_traits.SharedMemory / 1024} KB of shared memory; take another engine.");
    }

    // Layer norm [+ tables]
    private void LayerNorm(Node node, LayerNormOp op)
    {
        List<Node> nodes = [node];
        while (nodes.Count < 3 && _graph.Uses.Next<AddTableOp>(nodes[^1]) is { } table)
        {
            nodes.Add(table);
        }

        GpuTensor input = In(node.Inputs[0], RowLayout.Dense);
        Value result = nodes[^1].Output;
        GpuTensor output = Write(result, DiesIn(node.Inputs[0], [.. nodes]) ? input : null);
        (int Offset, int C, int F, int T)[] tables = [.. nodes.Skip(1).Select(n => TableOf((AddTableOp)n.Op))];
        int count = tables.Length;
        Array.Resize(ref tables, 2);
        PushValue[] push =
        [
            input, output, _weights.AddFloats([.. Read(op.Weight), .. Read(op.Bias)]), input.Channels, input.Positions, result.Shape.Last, input.Pitch, output.Pitch,
            PushValue.Of((float)op.Epsilon), tables[0].Offset, tables[1].Offset, tables[0].C, tables[1].C, tables[0].F, tables[1].F, tables[0].T, tables[1].T, 0, 0,
        ];
        Emit(
            new GpuStep(node.Name, $"layer norm{(count > 0 ? ", positions" : "")} {Described(result.Shape, output)}",
                new KernelKey(Shader("layernorm"), [Types(input, null, output), count, 0], 256), push, Groups(input.Positions, 32), 1)
            {
                Reads = [input],
                Writes = [output],
            },
            [.. nodes]);
    }
}
