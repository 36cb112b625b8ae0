using Stemsharp.Graph;
using Xunit;

namespace Stemsharp.Tests.Graphs;

public class ShapeTests
{
    [Fact]
    public void Rows_positions_and_sequences_follow_from_the_axes()
    {
        Shape grid = new(6, 5, 4), line = new(6, 4), single = new(6);
        Assert.Equal((5, 4, 20, 120), (grid.Rows, grid.Last, grid.Positions, grid.Elements));
        Assert.Equal((1, 4, 4, 24), (line.Rows, line.Last, line.Positions, line.Elements));
        Assert.Equal((1, 6, 1, 6), (single.Rows, single.Last, single.Positions, single.Elements));
        Assert.Equal((5, 4, 20), (grid.Length(SequenceAxis.Rows), grid.Length(SequenceAxis.Last), grid.Length(SequenceAxis.All)));
    }

    [Fact]
    public void Shapes_are_equal_by_their_axes_and_change_one_at_a_time()
    {
        Shape shape = new(6, 5, 4);
        Assert.Equal(new Shape(6, 5, 4), shape);
        Assert.Equal(new Shape(6, 5, 4).GetHashCode(), shape.GetHashCode());
        Assert.NotEqual(new Shape(6, 20), shape);
        Assert.Equal(new Shape(2, 5, 4), shape.WithChannels(2));
        Assert.Equal(new Shape(6, 5, 7), shape.WithLast(7));
    }

    [Fact]
    public void An_axis_without_elements_is_refused_with_the_whole_shape() =>
        Assert.Contains("[6, 0, 4]", Assert.Throws<ModelException>(() => new Shape(6, 0, 4)).Message, StringComparison.Ordinal);
}
