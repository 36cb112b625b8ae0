using Stemsharp.Graph;
using Xunit;

namespace Stemsharp.Tests.Graphs;

public class GraphUsesTests
{
    // x → gelu → relu, and gelu + relu → the output.
    private readonly Value _x, _gelu, _relu, _sum;
    private readonly Graph.Graph _graph;

    public GraphUsesTests()
    {
        GraphBuilder g = new();
        _x = g.Input("x", new Shape(2, 3));
        _gelu = g.Gelu(_x);
        _relu = g.Relu(_gelu);
        _sum = g.Add("sum", _gelu, _relu);
        g.Output("y", _sum);
        _graph = g.Build();
    }

    [Fact]
    public void Producers_and_readers_are_those_of_the_nodes()
    {
        GraphUses uses = _graph.Uses;
        Assert.Null(uses.Producer(_x));
        Assert.IsType<GeluOp>(uses.Producer(_gelu)!.Op);
        Assert.Equal(["relu", "sum"], uses.Readers(_gelu).Select(n => n.Name));
        Assert.Empty(uses.Readers(_sum));
    }

    [Fact]
    public void A_sole_reader_is_one_reader_and_no_output()
    {
        GraphUses uses = _graph.Uses;
        Assert.Equal("gelu", uses.SoleReader(_x)!.Name);
        Assert.Null(uses.SoleReader(_gelu));
        Assert.Equal("sum", uses.SoleReader<AddOp>(_relu)!.Name);
        Assert.Null(uses.SoleReader<ReluOp>(_relu));
        Assert.Null(uses.SoleReader(_sum));
        Assert.Equal("sum", uses.Next<AddOp>(uses.Producer(_relu)!)!.Name);
    }

    [Fact]
    public void A_value_ends_at_its_last_reader_unless_the_caller_reads_it()
    {
        GraphUses uses = _graph.Uses;
        Node relu = uses.Producer(_relu)!, sum = uses.Producer(_sum)!;
        Assert.False(uses.EndsAt(_gelu, relu));
        Assert.True(uses.EndsAt(_gelu, sum));
        Assert.False(uses.EndsAt(_sum, sum));
        Assert.True(uses.IsOutput(_sum));
    }
}
