using Stemsharp.Graph;

namespace Stemsharp.Export.Onnx.Lowering;

/// <summary>How a value of the model's graph lies in an ONNX tensor. N is the batch, P the positions.</summary>
internal enum Layout
{
    /// <summary>[N, C, F, T] or [N, C, T]: convolutions.</summary>
    ChannelsFirst,

    /// <summary>[N, F, T, C] or [N, T, C]: norms over channels, positional tables.</summary>
    ChannelsLast,

    /// <summary>[N·P, C]: linear layers.</summary>
    Tokens,
}

/// <summary>
/// Where each value of the model's graph is in the ONNX graph. A value is converted to another layout or
/// type when a node asks for it, once.
/// </summary>
internal sealed class LoweredValues(OnnxGraph graph, int batch)
{
    private readonly Dictionary<Value, List<(Layout Layout, Tensor Tensor)>> _values = [];

    public void Set(Value value, Layout layout, Tensor tensor) => _values.Add(value, [(layout, tensor)]);

    /// <summary>The layout in which the value was computed.</summary>
    public Layout LayoutOf(Value value) => _values[value][0].Layout;

    /// <summary>The type in which the value was computed.</summary>
    public ElementType TypeOf(Value value) => _values[value][0].Tensor.Type;

    /// <summary>The value in its own layout.</summary>
    public Tensor Get(Value value, ElementType type) => graph.Cast(_values[value][0].Tensor, type);

    public Tensor Get(Value value, Layout layout, ElementType type)
    {
        List<(Layout Layout, Tensor Tensor)> known = _values[value];
        foreach ((Layout l, Tensor t) in known)
        {
            if (l == layout)
            {
                return graph.Cast(t, type);
            }
        }

        // Between the outer two layouts the way leads through the middle one.
        Layout from = known[0].Layout;
        Tensor source = known[0].Tensor;
        if (from != Layout.ChannelsLast && layout != Layout.ChannelsLast)
        {
            source = Get(value, Layout.ChannelsLast, source.Type);
            from = Layout.ChannelsLast;
        }

        Tensor made = Convert(value, from, source, layout);
        known.Add((layout, made));
        return graph.Cast(made, type);
    }

    /// <summary>The dimensions of a shape in a layout.</summary>
    public int[] Dims(Shape shape, Layout layout) => layout switch
    {
        Layout.ChannelsFirst => [batch, .. shape.Dims],
        Layout.ChannelsLast => [batch, .. shape.Dims.AsSpan()[1..], shape.Channels],
        _ => [batch * shape.Positions, shape.Channels],
    };

    /// <summary>The axis on which channels lie.</summary>
    public static int ChannelAxis(Layout layout, Tensor tensor) => layout == Layout.ChannelsFirst ? 1 : tensor.Rank - 1;

    private Tensor Convert(Value value, Layout from, Tensor tensor, Layout to)
    {
        bool frequency = value.Shape.Rank == 3;
        return (from, to) switch
        {
            (Layout.ChannelsFirst, _) => graph.Transpose($"{value.Name}/channels_last", tensor, frequency ? [0, 2, 3, 1] : [0, 2, 1]),
            (Layout.Tokens, _) => graph.Reshape($"{value.Name}/channels_last", tensor, Dims(value.Shape, Layout.ChannelsLast)),
            (_, Layout.Tokens) => graph.Reshape($"{value.Name}/tokens", tensor, Dims(value.Shape, Layout.Tokens)),
            _ => graph.Transpose($"{value.Name}/channels_first", tensor, frequency ? [0, 3, 1, 2] : [0, 2, 1]),
        };
    }
}
