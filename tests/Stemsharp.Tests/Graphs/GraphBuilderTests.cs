using Stemsharp.Graph;
using Xunit;

namespace Stemsharp.Tests.Graphs;

public class GraphBuilderTests
{
    [Fact]
    public void Scopes_name_nodes_and_parameters()
    {
        GraphBuilder g = new();
        Value x = g.Input("x", new Shape(2, 8));
        using (g.Scope("encoder.0"))
        {
            x = g.Gelu(g.Conv("conv", x, 4, [3], [1], [1], [1]));
        }

        g.Output("y", x);
        Graph.Graph graph = g.Build();
        Assert.Equal(["encoder.0.conv", "encoder.0.gelu"], graph.Nodes.Select(n => n.Name));
        Assert.Equal(["encoder.0.conv.weight [4, 2, 3]", "encoder.0.conv.bias [4]"], graph.Parameters.Select(p => p.ToString()));
        Assert.Equal(new Shape(4, 8), x.Shape);
        Assert.Equal(2 * 4 * 8 * 2 * 3, graph.Flops);
    }

    [Fact]
    public void What_does_not_fit_together_is_refused_at_its_place()
    {
        GraphBuilder g = new();
        Value x = g.Input("x", new Shape(3, 4, 8)), other = g.Input("other", new Shape(3, 8));
        using (g.Scope("decoder.1"))
        {
            AssertRefused("shapes [3, 4, 8] and [3, 8] cannot be added", () => g.Add("sum", x, other));
            AssertRefused("GLU needs an even number of channels, not 3", () => g.Glu(x));
            AssertRefused("3 channels do not divide into 2 groups", () => g.GroupNorm("norm", x, 2));
            AssertRefused("[3, 4, 8] does not hold the numbers of [3, 33]", () => g.Reshape("flat", x, 3, 33));
        }

        static void AssertRefused(string problem, Action record)
        {
            string message = Assert.Throws<ModelException>(record).Message;
            Assert.Contains("at decoder.1", message, StringComparison.Ordinal);
            Assert.Contains(problem, message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_parameter_asked_for_twice_is_one_and_has_one_shape()
    {
        GraphBuilder g = new();
        Value x = g.Input("x", new Shape(2, 8));
        g.Output("a", g.Linear("shared", x, 4));
        g.Output("b", g.Linear("shared", x, 4));
        Assert.Equal(2, g.Build().Parameters.Count);
        Assert.Contains("used as", Assert.Throws<ModelException>(() => g.Linear("shared", x, 6)).Message, StringComparison.Ordinal);
    }
}
