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
        PushValue[] push = [input, output, rows, columns, input.Shape.Last, output.Shape.Last, input.Pitch, output.Pitch];
        return new GpuStep(name, $"turn {Described(output.Shape, output)}", new KernelKey(Shader("turn"), [Types(input, null, output)], 256), push, Groups(output.Shape.Last, 32) * Groups(columns, 32), shape.Channels)
        {
            Reads = [input],
            Writes = [output],
        };
    }
}
