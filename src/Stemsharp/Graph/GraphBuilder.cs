using System.Collections.Immutable;

namespace Stemsharp.Graph;

/// <summary>
/// Records a graph while straight-line model code runs. Each call checks shapes and appends one node named
/// after the open scopes.
/// </summary>
internal sealed partial class GraphBuilder
{
    private readonly List<Node> _nodes = [];
    private readonly List<(string, Value)> _inputs = [];
    private readonly List<(string, Value)> _outputs = [];
    private readonly Dictionary<string, Parameter> _parameters = [];
    private readonly List<Parameter> _order = [];
    private readonly HashSet<string> _names = [];
    private readonly List<string> _scopes = [];
    private int _values;

    /// <summary>Opens a scope: <c>encoder</c>, then <c>0</c>, make <c>encoder.0</c>. Dispose closes it.</summary>
    public Scoped Scope(string name)
    {
        _scopes.Add(name);
        return new Scoped(this);
    }

    public Value Input(string name, Shape shape)
    {
        Value value = new(_values++, shape, name);
        _inputs.Add((name, value));
        return value;
    }

    public void Output(string name, Value value) => _outputs.Add((name, value));

    public Graph Build() => new(_nodes, _inputs, _outputs, _order);

    public Value Conv(string name, Value x, int channels, ReadOnlySpan<int> kernel, ReadOnlySpan<int> stride, ReadOnlySpan<int> padding, ReadOnlySpan<int> dilation, bool hasBias = true)
    {
        int axes = kernel.Length;
        using (Scope(name))
        {
            Parameter weight = Parameter("weight", [channels, x.Shape.Channels, .. kernel]);
            Parameter? bias = hasBias ? Parameter("bias", [channels]) : null;
            int[] dims = [.. x.Shape.Dims];
            dims[0] = channels;
            for (int a = 0; a < axes; a++)
            {
                int axis = dims.Length - axes + a;
                int reach = dilation[a] * (kernel[a] - 1) + 1;
                Require(dims[axis] + 2 * padding[a] >= reach, $"a kernel of {reach} does not fit into {dims[axis]} elements");
                dims[axis] = (dims[axis] + 2 * padding[a] - reach) / stride[a] + 1;
            }

            return Add(new ConvOp(weight, bias, [.. stride], [.. padding], [.. dilation]), new Shape(dims), x);
        }
    }

    /// <summary>Transposed convolution along the first spatial axis, cropped to [start, start + length).</summary>
    public Value ConvTranspose(string name, Value x, int channels, int kernel, int stride, int start, int length)
    {
        using (Scope(name))
        {
            int[] shape = x.Shape.Rank == 3 ? [x.Shape.Channels, channels, kernel, 1] : [x.Shape.Channels, channels, kernel];
            Parameter weight = Parameter("weight", shape);
            Parameter bias = Parameter("bias", [channels]);
            int full = (x.Shape[1] - 1) * stride + kernel;
            Require(start >= 0 && length > 0 && start + length <= full, $"{length} elements from {start} were asked of a transposed convolution that gives {full}");
            int[] dims = [.. x.Shape.Dims];
            dims[0] = channels;
            dims[1] = length;
            return Add(new ConvTransposeOp(weight, bias, stride, start, length), new Shape(dims), x);
        }
    }

    public Value Linear(string name, Value x, int channels, bool hasBias = true)
    {
        using (Scope(name))
        {
            Parameter weight = Parameter("weight", [channels, x.Shape.Channels]);
            Parameter? bias = hasBias ? Parameter("bias", [channels]) : null;
            return Add(new LinearOp(weight, bias, 0, channels), x.Shape.WithChannels(channels), x);
        }
    }

    /// <summary>torch.nn.MultiheadAttention: packed input projections, attention, output projection.</summary>
    public Value MultiheadAttention(string name, Value query, Value key, int heads)
    {
        int channels = query.Shape.Channels;
        Require(key.Shape.Channels == channels, $"queries have {channels} channels and keys {key.Shape.Channels}");
        Require(channels % heads == 0, $"{channels} channels do not divide into {heads} heads");
        using (Scope(name))
        {
            Parameter weight = Parameter("in_proj_weight", [3 * channels, channels]);
            Parameter bias = Parameter("in_proj_bias", [3 * channels]);
            Value Project(string part, Value x, int index)
            {
                using (Scope(part))
                {
                    return Add(new LinearOp(weight, bias, index * channels, channels), x.Shape, x);
                }
            }

            Value q = Project("query", query, 0);
            Value k = Project("key", key, 1);
            Value v = Project("value", key, 2);
            Value mixed;
            using (Scope("attention"))
            {
                mixed = Add(new AttentionOp(heads), q.Shape, q, k, v);
            }

            return Linear("out_proj", mixed, channels);
        }
    }

    /// <summary>
    /// Gated attention with rotary positions, behind its norm: packed projections without bias, rotary positions, attention along an axis, a gate
    /// for each head, output projection.
    /// </summary>
    /// <param name="x">[C, F, T].</param>
    /// <param name="heads">Heads.</param>
    /// <param name="width">Channels of a head, an even number.</param>
    /// <param name="axis">What is a sequence.</param>
    public Value RotaryAttention(Value x, int heads, int width, SequenceAxis axis)
    {
        Require(width % 2 == 0, $"a head of {width} channels cannot be turned in pairs");
        int channels = heads * width;
        Parameter frequencies, weight;
        using (Scope("rotary_embed"))
        {
            frequencies = Parameter("freqs", [width / 2]);
        }

        using (Scope("to_qkv"))
        {
            weight = Parameter("weight", [3 * channels, x.Shape.Channels]);
        }

        Value q = Project("query", 0), k = Project("key", 1), v = Project("value", 2);
        q = Function("query_positions", new RotaryOp(frequencies, heads, axis), q.Shape, q);
        k = Function("key_positions", new RotaryOp(frequencies, heads, axis), k.Shape, k);
        Value mixed = Function("attention", new AttentionOp(heads, axis), q.Shape, q, k, v);
        Value gates = Linear("to_gates", x, heads);
        return Linear("to_out.0", Function("gated", new HeadGateOp(heads), mixed.Shape, mixed, gates), x.Shape.Channels, hasBias: false);

        Value Project(string part, int index) =>
            Function($"to_qkv.{part}", new LinearOp(weight, null, index * channels, channels), x.Shape.WithChannels(channels), x);
    }

    /// <summary>A bidirectional layer of torch.nn.LSTM; its state's keys end in _l and the layer's number.</summary>
    /// <param name="name">The module.</param>
    /// <param name="x">[C, T], or [C, F, T].</param>
    /// <param name="hidden">H: the result has 2·H channels.</param>
    /// <param name="axis">What is a sequence.</param>
    /// <param name="layer">Which of the module's layers.</param>
    public Value Lstm(string name, Value x, int hidden, SequenceAxis axis, int layer = 0)
    {
        using (Scope(name))
        {
            return Add(new LstmOp(Direction(""), Direction("_reverse"), axis), x.Shape.WithChannels(2 * hidden), x);
        }

        LstmWeights Direction(string suffix) => new(
            Parameter($"weight_ih_l{layer}{suffix}", [4 * hidden, x.Shape.Channels]),
            Parameter($"weight_hh_l{layer}{suffix}", [4 * hidden, hidden]),
            Parameter($"bias_ih_l{layer}{suffix}", [4 * hidden]),
            Parameter($"bias_hh_l{layer}{suffix}", [4 * hidden]));
    }

    public Value RmsNorm(string name, Value x)
    {
        using (Scope(name))
        {
            return Add(new RmsNormOp(Parameter("gamma", [x.Shape.Channels])), x.Shape, x);
        }
    }

    public Value GroupNorm(string name, Value x, int groups, bool perRow = false)
    {
        Require(groups > 0 && x.Shape.Channels % groups == 0, $"{x.Shape.Channels} channels do not divide into {groups} groups");
        using (Scope(name))
        {
            return Add(new GroupNormOp(Parameter("weight", [x.Shape.Channels]), Parameter("bias", [x.Shape.Channels]), groups, perRow, 1e-5), x.Shape, x);
        }
    }

    public Value LayerNorm(string name, Value x)
    {
        using (Scope(name))
        {
            return Add(new LayerNormOp(Parameter("weight", [x.Shape.Channels]), Parameter("bias", [x.Shape.Channels]), 1e-5), x.Shape, x);
        }
    }

    public Value Gelu(Value x) => Function("gelu", new GeluOp(), x.Shape, x);

    public Value Relu(Value x) => Function("relu", new ReluOp(), x.Shape, x);

    public Value Tanh(Value x) => Function("tanh", new TanhOp(), x.Shape, x);

    public Value Glu(Value x)
    {
        Require(x.Shape.Channels % 2 == 0, $"GLU needs an even number of channels, not {x.Shape.Channels}");
        return Function("glu", new GluOp(), x.Shape.WithChannels(x.Shape.Channels / 2), x);
    }

    public Value Add(string name, Value a, Value b)
    {
        Require(a.Shape.Equals(b.Shape), $"shapes {a.Shape} and {b.Shape} cannot be added");
        return Function(name, new AddOp(), a.Shape, a, b);
    }

    public Value ChannelScale(string name, Value x)
    {
        using (Scope(name))
        {
            return Add(new ChannelScaleOp(Parameter("scale", [x.Shape.Channels])), x.Shape, x);
        }
    }

    public Value FrequencyEmbedding(string name, Value x, double factor)
    {
        using (Scope(name))
        {
            return Add(new FrequencyEmbeddingOp(Parameter("embedding.weight", [x.Shape.Rows, x.Shape.Channels]), factor), x.Shape, x);
        }
    }

    public Value AddTable(string name, Value x, Table table) => Function(name, new AddTableOp(table), x.Shape, x);

    /// <summary>Some neighbouring rows of [C, F, T] as channels.</summary>
    public Value Band(string name, Value x, BandOp band)
    {
        Require(band.Start >= 0 && band.Length > 0 && band.Start + band.Length <= x.Shape.Rows, $"{band.Length} rows from {band.Start} were asked of {x.Shape.Rows}");
        return Function(name, band, new Shape(band.Length * x.Shape.Channels, x.Shape.Last), x);
    }

    /// <summary>Values [C, T] as the rows of one.</summary>
    public Value Stack(string name, params ReadOnlySpan<Value> rows)
    {
        foreach (Value row in rows)
        {
            Require(row.Shape.Equals(rows[0].Shape), $"shapes {row.Shape} and {rows[0].Shape} cannot be stacked");
        }

        return Function(name, new StackOp(), new Shape(rows[0].Shape.Channels, rows.Length, rows[0].Shape.Last), rows);
    }

    /// <summary>One row of [C, F, T].</summary>
    public Value Row(string name, Value x, int row)
    {
        Require(row >= 0 && row < x.Shape.Rows, $"row {row} was asked of {x.Shape.Rows}");
        return Function(name, new RowOp(row), new Shape(x.Shape.Channels, x.Shape.Last), x);
    }

    /// <summary>Bands as the rows that they were made of, for each group of so many channels.</summary>
    public Value JoinBands(string name, ReadOnlySpan<Value> parts, ImmutableArray<BandOp> bands, int channels)
    {
        int rows = 0;
        foreach (BandOp band in bands.OrderBy(b => b.Start))
        {
            Require(band.Start <= rows, $"row {rows} is in no band");
            rows = Math.Max(rows, band.Start + band.Length);
        }

        Require(parts.Length % bands.Length == 0, $"{parts.Length} parts are no whole number of times {bands.Length} bands");
        for (int i = 0; i < parts.Length; i++)
        {
            Shape expected = new(bands[i % bands.Length].Length * channels, parts[0].Shape.Last);
            Require(parts[i].Shape.Equals(expected), $"a band has the shape {parts[i].Shape} instead of {expected}");
        }

        return Function(name, new JoinBandsOp(bands), new Shape(parts.Length / bands.Length * channels, rows, parts[0].Shape.Last), parts);
    }

    /// <summary>A spectrogram [C, F, T], pairs of real and imaginary parts, times each group of a mask [groups·C, F, T].</summary>
    public Value ComplexMask(string name, Value mask, Value spectrogram, bool zeroFirst)
    {
        Require(
            spectrogram.Shape.Channels % 2 == 0 && mask.Shape.Channels % spectrogram.Shape.Channels == 0
            && mask.Shape.Equals(spectrogram.Shape.WithChannels(mask.Shape.Channels)),
            $"a mask {mask.Shape} does not fit a spectrogram {spectrogram.Shape}");
        return Function(name, new ComplexMaskOp(zeroFirst), mask.Shape, mask, spectrogram);
    }

    public Value Pad(Value x, int length, int before = 0) => Function("pad", new PadOp(length, before), x.Shape.WithLast(length), x);

    /// <summary>Keeps [start, start + length) of the first spatial axis.</summary>
    public Value Crop(Value x, int start, int length)
    {
        Require(start >= 0 && start + length <= x.Shape[1], $"{length} elements from {start} were asked of {x.Shape[1]}");
        int[] dims = [.. x.Shape.Dims];
        dims[1] = length;
        return Function("crop", new CropOp(start, length), new Shape(dims), x);
    }

    public (Value Result, Value Mean, Value Std) Standardize(string name, Value x, bool ofMean = false)
    {
        using (Scope(name))
        {
            Node node = AddNode(new StandardizeOp(1e-5, ofMean), [x], x.Shape, new Shape(1), new Shape(1));
            return (node.Outputs[0], node.Outputs[1], node.Outputs[2]);
        }
    }

    public Value Restore(string name, Value x, Value mean, Value std) => Function(name, new RestoreOp(), x.Shape, x, mean, std);

    private Value Function(string name, Op op, Shape shape, params ReadOnlySpan<Value> inputs)
    {
        using (Scope(name))
        {
            return Add(op, shape, inputs);
        }
    }

    private Value Add(Op op, Shape shape, params ReadOnlySpan<Value> inputs) => AddNode(op, inputs.ToArray(), shape).Output;

    private Node AddNode(Op op, Value[] inputs, params ReadOnlySpan<Shape> shapes)
    {
        string path = string.Join('.', _scopes);
        string name = path;
        for (int n = 2; !_names.Add(name); n++)
        {
            name = $"{path}.{n}";
        }

        Value[] outputs = new Value[shapes.Length];
        for (int i = 0; i < outputs.Length; i++)
        {
            outputs[i] = new Value(_values++, shapes[i], i == 0 ? name : $"{name}:{i}");
        }

        Node node = new(name, op, inputs, outputs);
        _nodes.Add(node);
        return node;
    }

    private Parameter Parameter(string name, ReadOnlySpan<int> dims)
    {
        string key = string.Join('.', _scopes.Append(name));
        Shape shape = new(dims);
        if (_parameters.TryGetValue(key, out Parameter? known))
        {
            Require(known.Shape.Equals(shape), $"parameter {key} is used as {known.Shape} and as {shape}");
            return known;
        }

        Parameter parameter = new(key, shape);
        _parameters.Add(key, parameter);
        _order.Add(parameter);
        return parameter;
    }

    private void Require(bool condition, string problem)
    {
        if (!condition)
        {
            throw new ModelException($"The model's configuration does not fit together at {string.Join('.', _scopes)}: {problem}. Check channels, kernel, stride, depth and segment in the checkpoint.");
        }
    }

    /// <summary>Closes the scope that <see cref="GraphBuilder.Scope"/> opened.</summary>
    public readonly struct Scoped(GraphBuilder builder) : IDisposable
    {
        public void Dispose() => builder._scopes.RemoveAt(builder._scopes.Count - 1);
    }
}
