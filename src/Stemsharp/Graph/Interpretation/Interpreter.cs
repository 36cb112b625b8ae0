namespace Stemsharp.Graph.Interpretation;

/// <summary>
/// The executable reference: runs a graph in double precision with plain loops, one node after the other.
/// Kernels, fusions and exporters are tested against it; it is tested against golden data.
/// </summary>
internal sealed class Interpreter(Graph graph, IWeightSource weights)
{
    private readonly Dictionary<Parameter, double[]> _weights = [];

    /// <summary>Runs the graph on its inputs in order and returns its outputs in order, row-major.</summary>
    /// <param name="inputs">One array per graph input.</param>
    /// <param name="observe">Called with each node and its first output; null for none.</param>
    public double[][] Run(double[][] inputs, Action<Node, double[]>? observe = null)
    {
        Dictionary<Value, double[]> values = [];
        for (int i = 0; i < inputs.Length; i++)
        {
            Value input = graph.Inputs[i].Value;
            if (inputs[i].Length != input.Shape.Elements)
            {
                throw new ArgumentException($"Input {graph.Inputs[i].Name} has {inputs[i].Length} elements, not {input.Shape}.", nameof(inputs));
            }

            values[input] = inputs[i];
        }

        Evaluator evaluator = new(values, Read);
        foreach (Node node in graph.Nodes)
        {
            node.Accept(evaluator);
            observe?.Invoke(node, values[node.Output]);
            foreach (Value input in node.Inputs)
            {
                if (graph.Uses.EndsAt(input, node))
                {
                    values.Remove(input);
                }
            }
        }

        return [.. graph.Outputs.Select(o => values[o.Value])];
    }

    private double[] Read(Parameter parameter)
    {
        if (_weights.TryGetValue(parameter, out double[]? known))
        {
            return known;
        }

        float[] single = new float[parameter.Shape.Elements];
        weights.Read(parameter, single);
        double[] data = Array.ConvertAll(single, v => (double)v);
        _weights.Add(parameter, data);
        return data;
    }
}
