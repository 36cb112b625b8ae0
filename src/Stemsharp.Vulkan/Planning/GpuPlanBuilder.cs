using Stemsharp.Graph;
using Stemsharp.Inference;

namespace Stemsharp.Vulkan.Planning;

/// <summary>
/// Walks the graph once, between the transforms that surround it. At each node it takes the longest run of nodes that one
/// kernel knows. Nothing is asked of a device here: its traits are enough.
/// </summary>
internal sealed partial class GpuPlanBuilder : IOpVisitor
{
    // Kernels tell the wanted planes of the stems by the bits of a number.
    private const int MostPlanes = 31;

    private readonly Graph.Graph _graph;
    private readonly IWeightSource _source;
    private readonly NetworkDefinition? _definition;
    private readonly int _samples;
    private readonly GpuTraits _traits;
    private readonly EnginePrecision _precision;
    private readonly WeightStore _weights;
    private readonly Dictionary<Value, GpuTensor> _tensors = [];
    private readonly List<GpuTensor> _all = [];
    private readonly HashSet<Node> _done = [];
    private readonly List<GpuStep> _steps = [];
    private readonly Dictionary<Value, GpuTensor> _statistics = [];

    private GpuPlanBuilder(Graph.Graph graph, IWeightSource source, NetworkDefinition? definition, int samples, GpuTraits traits, EnginePrecision precision, WeightStore weights)
    {
        _graph = graph;
        _source = source;
        _definition = definition;
        _samples = samples;
        _traits = traits;
        _precision = precision;
        _weights = weights;
    }

    /// <summary>Compiles a network for a device.</summary>
    /// <param name="network">The network.</param>
    /// <param name="samples">Samples of a piece: a length that it takes.</param>
    /// <param name="graph">Its graph for that length.</param>
    /// <param name="source">Its trained tensors.</param>
    /// <param name="traits">What the device can do.</param>
    /// <param name="precision">The products' numbers.</param>
    /// <param name="weights">The network's weights on the device, which plans for other lengths share.</param>
    /// <exception cref="VulkanException">The engine does not know one of its operations, its transform or its shape.</exception>
    public static GpuPlan Compile(
        NetworkDefinition network, int samples, Graph.Graph graph, IWeightSource source, GpuTraits traits, EnginePrecision precision, WeightStore weights)
    {
        int planes = network.Stems.Length * network.Channels;
        return planes <= MostPlanes
            ? new GpuPlanBuilder(graph, source, network, samples, traits, precision, weights).Compile()
            : throw Refusal($"networks of {planes} channels in all stems; at most {MostPlanes} are possible");
    }

    /// <summary>Compiles a bare graph, whose inputs and outputs are copied as they are.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="source">Its trained tensors.</param>
    /// <param name="traits">What the device can do.</param>
    /// <param name="precision">The products' numbers.</param>
    public static GpuPlan Compile(Graph.Graph graph, IWeightSource source, GpuTraits traits, EnginePrecision precision) =>
        new GpuPlanBuilder(graph, source, null, 0, traits, precision, new WeightStore()).Compile();

    private GpuPlan Compile()
    {
        GpuTensor[] inputs = _definition == null ? [.. _graph.Inputs.Select(Port)] : [Forward(_definition)];
        foreach (Node node in _graph.Nodes)
        {
            if (!_done.Contains(node))
            {
                node.Accept(this);
            }
        }

        GpuTensor[] outputs = [.. _graph.Outputs.Select(o => In(o.Value, RowLayout.Dense))];
        int inverseFrom = _steps.Count;
        outputs = _definition == null ? outputs : [Inverse(_definition)];
        IReadOnlyList<GpuStep> steps = StepOrder.Arrange(_steps, inverseFrom, _all, () =>
        {
            foreach (GpuTensor input in inputs)
            {
                input.First = -1;
                input.Last = Math.Max(0, input.Last);
            }

            foreach (GpuTensor output in outputs)
            {
                output.Root.Last = _steps.Count;
            }
        });
        return new GpuPlan(steps, _all, _weights, _precision, inputs, outputs, inverseFrom);
    }

    private GpuTensor Port((string Name, Value Value) input)
    {
        GpuTensor tensor = New(input.Name, input.Value.Shape);
        _tensors.Add(input.Value, tensor);
        return tensor;
    }

    void IOpVisitor.Conv(Node node, ConvOp op)
    {
        if (!TryDConv(node))
        {
            Convolution(node, op);
        }
    }

    void IOpVisitor.ConvTranspose(Node node, ConvTransposeOp op) => ConvTranspose(node, op);

    void IOpVisitor.Linear(Node node, LinearOp op) => Linear(node, op);

    void IOpVisitor.Attention(Node node, AttentionOp op) => Attention(node, op);

    void IOpVisitor.GroupNorm(Node node, GroupNormOp op) => GroupNorm(node, op);

    void IOpVisitor.LayerNorm(Node node, LayerNormOp op) => LayerNorm(node, op);

    void IOpVisitor.Standardize(Node node, StandardizeOp op) => Standardize(node, op);

    void IOpVisitor.Restore(Node node, RestoreOp op) => Map(node, MapOps.Restore, statistics: _statistics[node.Inputs[1]]);

    void IOpVisitor.Gelu(Node node, GeluOp op) => Map(node, MapOps.Gelu);

    void IOpVisitor.Tanh(Node node, TanhOp op) => Map(node, MapOps.Tanh);

    void IOpVisitor.Relu(Node node, ReluOp op) => Map(node, MapOps.Relu);

    void IOpVisitor.Glu(Node node, GluOp op) => Map(node, MapOps.Glu);

    void IOpVisitor.Add(Node node, AddOp op) => Map(node, MapOps.Add);

    void IOpVisitor.Elu(Node node, EluOp op) => Map(node, MapOps.Elu, alpha: op.Alpha);

    void IOpVisitor.Silu(Node node, SiluOp op) => Map(node, MapOps.Silu);

    void IOpVisitor.Mul(Node node, MulOp op) => Map(node, MapOps.Mul);

    void IOpVisitor.BatchNorm(Node node, BatchNormOp op) => BatchNorm(node, op);

    void IOpVisitor.ChannelScale(Node node, ChannelScaleOp op) => Map(node, MapOps.Scale, vectors: _weights.AddFloats(Read(op.Scale)));

    void IOpVisitor.FrequencyEmbedding(Node node, FrequencyEmbeddingOp op) =>
        Map(node, MapOps.Table, table: (_weights.AddFloats(Scaled(op)), 1, node.Output.Shape.Channels, 0));

    void IOpVisitor.AddTable(Node node, AddTableOp op) => Map(node, MapOps.Table, table: TableOf(op));

    void IOpVisitor.Pad(Node node, PadOp op)
    {
        if (op.Before > 0 || _graph.Uses.Next<ConvOp>(node) is null)
        {
            Move(node, before: op.Before);
            return;
        }

        // Zeros behind a value are what a convolution sees there anyway.
        _tensors.Add(node.Output, In(node.Inputs[0], RowLayout.Dense));
        _done.Add(node);
    }

    void IOpVisitor.Crop(Node node, CropOp op)
    {
        if (!TryView(node))
        {
            Shape shape = node.Inputs[0].Shape;
            Move(node, op.Start * (shape.Positions / shape[1]));
        }
    }

    private static VulkanException Refusal(string what) => new(EngineFailure.Refused, $"The GPU engine does not know {what}; take another engine.");

    private bool IsMixed => _precision == EnginePrecision.Mixed;

    // Products of halves on the device's own matrix units.
    private bool UsesMatrices => IsMixed && _traits.Matrix != null;

    private string Shader(string name) => IsMixed ? name + ".half" : name;

    // A new tensor for a value, in half where nothing but products read it. Where it is computed position by position from another, its
    // positions lie as that one's do.
    private GpuTensor Write(Value value, GpuTensor? over = null, GpuTensor? like = null)
    {
        RowLayout layout = like?.Layout ?? RowLayout.Dense;
        Shape shape = layout == RowLayout.Dense ? value.Shape : like!.Shape.WithChannels(value.Shape.Channels);
        GpuTensor tensor = New(value.Name, shape, IsMixed && IsOperand(value), layout);
        if (over != null && over.IsHalf == tensor.IsHalf && over.Pitch == tensor.Pitch && over.Layout == layout)
        {
            tensor.Overwrite(over);
        }

        _tensors.Add(value, tensor);
        return tensor;
    }

    private GpuTensor New(string name, Shape shape, bool isHalf = false, RowLayout layout = RowLayout.Dense)
    {
        GpuTensor tensor = new(name, shape, isHalf, layout);
        _all.Add(tensor);
        return tensor;
    }

    // Whether nothing but the given nodes still reads a value.
    private bool DiesIn(Value value, params ReadOnlySpan<Node> nodes)
    {
        if (!_tensors.TryGetValue(value, out GpuTensor? tensor))
        {
            return false;
        }

        // Values that share a tensor (padding, views) count together.
        foreach ((Value other, GpuTensor held) in _tensors.Select(t => (t.Key, t.Value)).Concat(_views.Select(v => (v.Key, v.Value.Tensor))))
        {
            if (held.Root != tensor.Root)
            {
                continue;
            }

            if (_graph.Uses.IsOutput(other))
            {
                return false;
            }

            foreach (Node reader in _graph.Uses.Readers(other))
            {
                if (!_done.Contains(reader) && !nodes.Contains(reader))
                {
                    return false;
                }
            }
        }

        return true;
    }

    private GpuStep Emit(GpuStep step, params ReadOnlySpan<Node> nodes)
    {
        foreach (Node node in nodes)
        {
            _done.Add(node);
            step.Flops += node.Op.Flops(node.Inputs, node.Outputs);
        }

        _steps.Add(step);
        return step;
    }

    private static int Groups(int n, int size) => (n + size - 1) / size;

    private float[] Read(Parameter parameter)
    {
        float[] data = new float[parameter.Shape.Elements];
        _source.Read(parameter, data);
        return data;
    }

    private static int Types(GpuTensor? input, GpuTensor? add, GpuTensor? output) =>
        (input?.IsHalf == true ? 1 : 0) | (add?.IsHalf == true ? 2 : 0) | (output?.IsHalf == true ? 4 : 0);

    private static string Described(Shape shape, GpuTensor tensor) => $"{shape}{(tensor.IsHalf ? " half" : "")}";
}
