using Stemsharp.Graph;
using Stemsharp.Inference;
using Stemsharp.Signal;

namespace Stemsharp.Vulkan.Planning;

/// <summary>
/// Walks the graph once, between the transforms that surround it. At each node it takes the longest run of nodes that one
/// kernel knows. Nothing is asked of a device here: its traits are enough.
/// </summary>
internal sealed partial class GpuPlanBuilder
{
    private readonly Graph.Graph _graph;
    private readonly IWeightSource _source;
    private readonly TransformDefinition? _transform;
    private readonly GpuTraits _traits;
    private readonly GpuPrecision _precision;
    private readonly Uses _uses;
    private readonly WeightStore _weights = new();
    private readonly Dictionary<Value, GpuTensor> _tensors = [];
    private readonly List<GpuTensor> _all = [];
    private readonly HashSet<Node> _done = [];
    private readonly List<GpuStep> _steps = [];
    private readonly Dictionary<Value, GpuTensor> _statistics = [];

    public GpuPlanBuilder(Graph.Graph graph, IWeightSource source, TransformDefinition? transform, GpuTraits traits, GpuPrecision precision)
    {
        _graph = graph;
        _source = source;
        _transform = transform;
        _traits = traits;
        _precision = precision;
        _uses = new Uses(graph);
    }

    public GpuPlan Compile()
    {
        GpuTensor[] inputs = _transform == null ? [.. _graph.Inputs.Select(Port)] : [Forward(_transform, ShapeOf(_graph))];
        foreach (Node node in _graph.Nodes)
        {
            if (!_done.Contains(node))
            {
                Take(node);
            }
        }

        int inverseFrom = _steps.Count;
        GpuTensor[] outputs = _transform == null ? [.. _graph.Outputs.Select(o => _tensors[o.Value])] : [Inverse(_transform, ShapeOf(_graph))];
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

    /// <summary>The shapes of a network between transforms.</summary>
    public static SegmentShape ShapeOf(Graph.Graph graph)
    {
        Shape spectrogram = graph.Inputs[0].Value.Shape, waveform = graph.Inputs[1].Value.Shape;
        int stems = graph.Outputs[0].Value.Shape.Channels / spectrogram.Channels;
        return new SegmentShape(stems, waveform.Channels, spectrogram.Rows, spectrogram.Last, waveform.Last);
    }

    private GpuTensor Port((string Name, Value Value) input)
    {
        GpuTensor tensor = New(input.Name, input.Value.Shape);
        _tensors.Add(input.Value, tensor);
        return tensor;
    }

    private void Take(Node node)
    {
        switch (node.Op)
        {
            case StandardizeOp op: Standardize(node, op); break;
            case ConvOp op: if (!TryDConv(node)) { Convolution(node, op); } break;
            case ConvTransposeOp op: ConvTranspose(node, op); break;
            case LinearOp op: Linear(node, op); break;
            case AttentionOp op: Attention(node, op); break;
            case LayerNormOp op: LayerNorm(node, op); break;
            case GroupNormOp op: GroupNorm(node, op); break;
            case PadOp when _uses.Only<ConvOp>(node.Output) != null: Alias(node); break;
            case GeluOp or ReluOp or GluOp or AddOp or ChannelScaleOp or AddTableOp or FrequencyEmbeddingOp or PadOp or CropOp or RestoreOp: Map(node); break;
            default: throw new VulkanException(VulkanFailure.Refused, $"The GPU engine does not know the operation {node.Op.Kind} of this network; take another engine.");
        }
    }

    // Zeros behind a value are what a convolution sees there anyway.
    private void Alias(Node node)
    {
        _tensors.Add(node.Output, _tensors[node.Inputs[0]]);
        _done.Add(node);
    }

    private bool IsMixed => _precision == GpuPrecision.Mixed;

    // Products of halves on the device's own matrix units.
    private bool UsesMatrices => IsMixed && _traits.Matrix != null;

    private string Shader(string name) => IsMixed ? name + ".half" : name;

    // A new tensor for a value, in half where nothing but products read it.
    private GpuTensor Write(Value value, GpuTensor? over = null)
    {
        GpuTensor tensor = New(value.Name, value.Shape, IsMixed && _uses.IsOperand(value));
        if (over != null && over.IsHalf == tensor.IsHalf && over.Pitch == tensor.Pitch)
        {
            tensor.Overwrite(over);
        }

        _tensors.Add(value, tensor);
        return tensor;
    }

    private GpuTensor New(string name, Shape shape, bool isHalf = false)
    {
        GpuTensor tensor = new(name, shape, isHalf);
        _all.Add(tensor);
        return tensor;
    }

    // Whether nothing but the given nodes still reads a value.
    private bool DiesIn(Value value, params ReadOnlySpan<Node> nodes)
    {
        if (_uses.IsOutput(value) || !_tensors.TryGetValue(value, out GpuTensor? tensor))
        {
            return false;
        }

        // Values that share a tensor (padding) count together.
        foreach ((Value other, GpuTensor held) in _tensors)
        {
            if (held.Root != tensor.Root)
            {
                continue;
            }

            foreach (Node reader in _uses.Readers(other))
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

    /// <summary>Compiles a network for a device.</summary>
    /// <param name="graph">The network.</param>
    /// <param name="source">Its trained tensors.</param>
    /// <param name="transform">The transform around it; null to run the bare graph, as tests do.</param>
    /// <param name="traits">What the device can do.</param>
    /// <param name="precision">The products' numbers.</param>
    public static GpuPlan Compile(Graph.Graph graph, IWeightSource source, TransformDefinition? transform, GpuTraits traits, GpuPrecision precision) =>
        new GpuPlanBuilder(graph, source, transform, traits, precision).Compile();
}
