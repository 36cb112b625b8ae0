using Stemsharp.Graph;
using Stemsharp.Vulkan.Kernels;

namespace Stemsharp.Vulkan.Planning;

/// <content>
/// How values with rows lie. Attention along an axis wants its sequences side by side, each from an aligned place on: along T rows are
/// lengthened, along F they are turned as well. What is computed position by position leaves its result as its input lies; what knows
/// where positions are asks for dense values.
/// </content>
internal sealed partial class GpuPlanBuilder
{
    private const int RowUnit = 16;

    // Values that were laid out a second way.
    private readonly Dictionary<(Value Value, RowLayout Layout), GpuTensor> _copies = [];

    private static int Aligned(int positions) => Groups(positions, RowUnit) * RowUnit;

    private static Shape ShapeIn(Shape shape, RowLayout layout) => layout switch
    {
        RowLayout.Aligned => new Shape(shape.Channels, shape.Rows, Aligned(shape.Last)),
        RowLayout.Turned => new Shape(shape.Channels, shape.Last, Aligned(shape.Rows)),
        _ => shape,
    };

    private static RowLayout LayoutFor(SequenceAxis axis) => axis == SequenceAxis.Rows ? RowLayout.Turned : RowLayout.Aligned;

    // How a value's readers want it; as it is where none of them minds.
    private RowLayout? WantedLayout(Value value)
    {
        foreach (Node reader in _graph.Uses.Readers(value))
        {
            if (reader.Op is RowOp)
            {
                return RowLayout.Aligned;
            }

            if (reader.Op is LinearOp && _graph.Uses.Next<RotaryOp>(reader) is { Op: RotaryOp { Axis: not SequenceAxis.All } rotary })
            {
                return LayoutFor(rotary.Axis);
            }
        }

        return null;
    }

    // A value's tensor that lies in a certain way; a copy where it does not.
    private GpuTensor In(Value value, RowLayout layout)
    {
        GpuTensor own = _tensors[value];
        if (own.Layout == layout)
        {
            return own;
        }

        if (_copies.TryGetValue((value, layout), out GpuTensor? copy))
        {
            return copy;
        }

        bool turns = own.Layout == RowLayout.Turned || layout == RowLayout.Turned;
        copy = New($"{value.Name}.{layout.ToString().ToLowerInvariant()}", ShapeIn(value.Shape, layout), own.IsHalf, layout);
        _copies.Add((value, layout), copy);
        Emit(turns ? TurnStep(copy.Name, own, copy, value.Shape) : MapStep(copy.Name, "rows", 0, own, copy, copy.Shape));
        return copy;
    }

    private GpuStep TurnStep(string name, GpuTensor input, GpuTensor output, Shape shape)
    {
        (int rows, int columns) = input.Layout == RowLayout.Turned ? (shape.Last, shape.Rows) : (shape.Rows, shape.Last);
        return TurnStep(name, shape.Channels, rows, columns, new Turned(input, 0, input.Shape.Last, input.Pitch), new Turned(output, 0, output.Shape.Last, output.Pitch), output.Shape.Last);
    }

    /// <summary>Where a turned value begins in its tensor, and how far its rows and its channels are from each other, in elements.</summary>
    private readonly record struct Turned(GpuTensor Tensor, int Start, int Row, int Channel);

    // For each channel rows of columns to columns of rows; what is behind the rows, up to a length, is zero.
    private GpuStep TurnStep(string name, int channels, int rows, int columns, Turned from, Turned to, int length, GpuTensor? add = null)
    {
        PushValue[] push =
        [
            new PushValue(from.Start, from.Tensor), new PushValue(to.Start, to.Tensor), rows, columns, from.Row, to.Row, from.Channel, to.Channel,
            length, add, add?.Pitch ?? 0,
        ];
        KernelKey key = new(Shader("turn"), [Types(from.Tensor, add, to.Tensor), add == null ? 0 : 1], 256);
        GpuTensor?[] reads = [from.Tensor, add];
        return new GpuStep(name, $"turn{(add == null ? "" : ", add")} {Described(to.Tensor.Shape, to.Tensor)}", key, push, Groups(length, 32) * Groups(columns, 32), channels)
        {
            Reads = [.. reads.OfType<GpuTensor>()],
            Writes = [to.Tensor],
        };
    }
}
