using Stemsharp.Cpu.Steps;
using Stemsharp.Graph;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Kernels.Paired;
using Stemsharp.Simd;

namespace Stemsharp.Cpu.Planning;

/// <summary>
/// Walks the graph once. At each node it takes the longest run of nodes that a fused step knows, and makes
/// that step. Some nodes never become steps: they are virtual, and their readers read what they read (a skip
/// connection's sum, a layer norm in front of linear layers, zero padding in front of a convolution).
/// </summary>
internal sealed partial class PlanBuilder<TIsa, V> : IOpVisitor
    where TIsa : struct, ISimd<V>
    where V : struct
{
    private readonly Graph.Graph _graph;
    private readonly WeightReader _weights;
    private readonly WeightPacking _packing;
    private readonly PackedStore _store;
    private readonly SimdTier _tier;
    private readonly PairKernels? _pairs;
    private readonly GraphUses _uses;
    private readonly Dictionary<Value, Node> _virtual = [];
    private readonly Dictionary<Value, Tensor> _tensors = [];
    private readonly List<Tensor> _all = [];
    private readonly HashSet<Node> _done = [];
    private readonly List<Step> _steps = [];
    private readonly List<Tensor> _touched = [];

    /// <param name="graph">The network.</param>
    /// <param name="weights">Small tensors.</param>
    /// <param name="packing">Packs matrices.</param>
    /// <param name="store">Keeps what is packed.</param>
    /// <param name="tier">The instruction set.</param>
    /// <param name="pairs">What multiplies a transformer's linear layers and attention as pairs of bfloat16; null for single precision throughout.</param>
    public PlanBuilder(Graph.Graph graph, WeightReader weights, WeightPacking packing, PackedStore store, SimdTier tier, PairKernels? pairs)
    {
        _pairs = pairs;
        _graph = graph;
        _weights = weights;
        _packing = packing;
        _store = store;
        _tier = tier;
        _uses = graph.Uses;

        // The caller fills the inputs before the first step.
        foreach ((string name, Value value) in graph.Inputs)
        {
            Tensor tensor = new(name, value.Shape, dense: true) { First = -1, Last = -1 };
            _tensors.Add(value, tensor);
            _all.Add(tensor);
        }

        foreach (Node node in graph.Nodes)
        {
            if (IsVirtual(node))
            {
                _virtual.Add(node.Output, node);
            }
        }
    }

    /// <param name="own">The packed weights, where the plan is to own them.</param>
    public Plan Compile(PackedStore? own)
    {
        foreach (Node node in _graph.Nodes)
        {
            if (_done.Contains(node) || _virtual.ContainsKey(node.Output))
            {
                continue;
            }

            node.Accept(this);
        }

        _packing.Finish();

        // The caller reads the outputs after the last step.
        PlanPort[] outputs = [.. _graph.Outputs.Select(o => new PlanPort(o.Name, _tensors[o.Value]))];
        foreach (PlanPort output in outputs)
        {
            output.Tensor.Root.Last = _steps.Count;
        }

        return new Plan(_steps, _all, [.. _graph.Inputs.Select(i => new PlanPort(i.Name, _tensors[i.Value]))], outputs, _tier, own);
    }

    private bool IsVirtual(Node node) => node.Op switch
    {
        PadOp { Before: 0 } => _uses.Next<ConvOp>(node) is not null,
        LayerNormOp => !_uses.IsOutput(node.Output) && _uses.Readers(node.Output) is { Count: > 0 } readers && readers.All(r => r.Op is LinearOp),
        RmsNormOp => !_uses.IsOutput(node.Output) && _uses.Readers(node.Output) is { Count: > 0 } readers && readers.All(r => r.Op is LinearOp or RowOp),
        GeluOp or ReluOp or SiluOp => _uses.Next<LastAxisLinearOp>(node) is not null && _uses.Producer(node.Inputs[0])?.Op is GroupNormOp { PerRow: false } && _uses.SoleReader(node.Inputs[0]) == node,
        GroupNormOp { PerRow: false } => _uses.SoleReader(node.Output) is { } next && next.Op is GeluOp or ReluOp or SiluOp && IsVirtual(next),
        ConcatOp => IsDoubling(node),
        AddOp when node.Inputs.Any(IsDense) => false,
        AddOp when _uses.Readers(node.Output) is [{ Op: ConcatOp } doubled, ..] && IsDoubling(doubled) && !_uses.IsOutput(node.Output) && _uses.Readers(node.Output).All(r => r == doubled) => true,
        AddOp => _uses.Next<ConvOp>(node) is { Op: ConvOp op } && op.Stride.All(s => s == 1) && !EndsDConv(node),
        _ => false,
    };

    // Inputs and outputs of the engine have no room between their channels: those who read or write whole vectors or two values at one
    // stride have to leave them to others.
    private bool IsDense(Value value) => _uses.Producer(value) is null || _uses.IsOutput(value);

    // A value's channels twice in front of a convolution: the same convolution with half as many inputs and the sums of its weights.
    private bool IsDoubling(Node concat) =>
        concat is { Op: ConcatOp { Axis: 0 }, Inputs: [var one, var other] } && one == other && _uses.Next<ConvOp>(concat) is { Op: ConvOp op } && op.Stride.All(s => s == 1);

    // Whether nothing but the given nodes still reads a value, virtual readers counted by their own readers.
    private bool DiesIn(Value value, params ReadOnlySpan<Node> nodes)
    {
        if (_uses.IsOutput(value))
        {
            return false;
        }

        foreach (Node reader in _uses.Readers(value))
        {
            bool dead = _virtual.ContainsKey(reader.Output) ? DiesIn(reader.Output, nodes) : _done.Contains(reader) || nodes.Contains(reader);
            if (!dead)
            {
                return false;
            }
        }

        return true;
    }

    // The tensor of a value, read by the step that is being made.
    private Tensor Read(Value value) => Use(_tensors[value]);

    private Tensor Use(Tensor tensor)
    {
        Tensor root = tensor.Root;
        root.First = Math.Min(root.First, _steps.Count);
        root.Last = Math.Max(root.Last, _steps.Count);
        _touched.Add(tensor);
        return tensor;
    }

    // A new tensor for a value, written by the step that is being made; over the memory of another where allowed.
    private Tensor Write(Value value, Tensor? over = null)
    {
        Tensor tensor = new(value.Name, value.Shape, dense: _uses.IsOutput(value));
        _all.Add(tensor);
        _tensors.Add(value, tensor);

        // Inputs and outputs of the engine are dense, so that their channels lie elsewhere than other values'.
        if (over != null && over.Stride == tensor.Stride)
        {
            tensor.Overwrite(over);
        }

        return Use(tensor);
    }

    private Tensor Temporary(Tensor tensor)
    {
        _all.Add(tensor);
        return Use(tensor);
    }

    private void Emit(Step step, params ReadOnlySpan<Node> nodes)
    {
        foreach (Node node in nodes)
        {
            _done.Add(node);
            step.Flops += node.Op.Flops(node.Inputs, node.Outputs);
        }

        step.TensorBytes = _touched.Distinct().Sum(t => (long)t.Channels * t.Positions) * sizeof(float);
        _touched.Clear();

        _steps.Add(step);
    }

    // A matrix that some thread packs from what it reads, unless it is there already.
    private PackedWeights Packed(Parameter weight, string how, int[] rowOrder, int k, float[] bias, Func<WeightReader, Span<float>> read, PairKernels? pairs = null) =>
        _store.Matrices($"{weight.Name} {how}{(pairs is null ? "" : $" {pairs.Name}")}", 1, rowOrder.Length, k, parts => _packing.Add(reader => parts[0].Fill(rowOrder, read(reader), bias)), [weight], pairs)[0];

    // factor·weight as [rows, channels], or transposed as [channels, rows].
    private float[] RowTable(FrequencyEmbeddingOp op, bool transpose)
    {
        float[] weight = _weights.Vector(op.Weight), table = new float[weight.Length];
        int rows = op.Weight.Shape[0], channels = op.Weight.Shape[1];
        for (int i = 0; i < table.Length; i++)
        {
            table[transpose ? i % channels * rows + i / channels : i] = (float)(op.Factor * weight[i]);
        }

        return table;
    }

    // What a node writes, restored to the input's scale by the node behind it where there is one.
    private RestorableTensor Target(Node producer, Node? restore) =>
        new(Write((restore ?? producer).Output), restore == null ? null : Read(restore.Inputs[1]), restore == null ? null : Read(restore.Inputs[2]));
}
