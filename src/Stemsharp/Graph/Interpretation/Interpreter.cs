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

        Dictionary<Value, int> lastUse = LastUses();
        for (int n = 0; n < graph.Nodes.Count; n++)
        {
            Node node = graph.Nodes[n];
            double[][] outputs = Evaluate(node, [.. node.Inputs.Select(i => values[i])]);
            for (int i = 0; i < outputs.Length; i++)
            {
                values[node.Outputs[i]] = outputs[i];
            }

            observe?.Invoke(node, outputs[0]);
            foreach (Value input in node.Inputs)
            {
                if (lastUse[input] == n)
                {
                    values.Remove(input);
                }
            }
        }

        return [.. graph.Outputs.Select(o => values[o.Value])];
    }

    private Dictionary<Value, int> LastUses()
    {
        Dictionary<Value, int> last = [];
        for (int n = 0; n < graph.Nodes.Count; n++)
        {
            foreach (Value input in graph.Nodes[n].Inputs)
            {
                last[input] = n;
            }
        }

        foreach ((_, Value output) in graph.Outputs)
        {
            last[output] = int.MaxValue;
        }

        return last;
    }

    private double[][] Evaluate(Node node, double[][] x)
    {
        Shape shape = node.Inputs[0].Shape, result = node.Output.Shape;
        return node.Op switch
        {
            ConvOp op => [Convolutions.Conv(x[0], shape, Read(op.Weight), Optional(op.Bias), op, result)],
            ConvTransposeOp op => [Convolutions.ConvTranspose(x[0], shape, Read(op.Weight), Read(op.Bias), op, result)],
            LinearOp op => [Attention.Linear(x[0], shape, Read(op.Weight), Read(op.Bias), op)],
            AttentionOp op => [Attention.Run(x[0], x[1], x[2], shape, node.Inputs[1].Shape, op.Heads)],
            GroupNormOp op => [Norms.Group(x[0], shape, Read(op.Weight), Read(op.Bias), op)],
            LayerNormOp op => [Norms.Layer(x[0], shape, Read(op.Weight), Read(op.Bias), op)],
            StandardizeOp op => Norms.Standardize(x[0], op),
            GeluOp => [Elementwise.Gelu(x[0])],
            ReluOp => [Array.ConvertAll(x[0], v => Math.Max(v, 0))],
            GluOp => [Elementwise.Glu(x[0])],
            AddOp => [Elementwise.Add(x[0], x[1])],
            ChannelScaleOp op => [Elementwise.ChannelScale(x[0], shape, Read(op.Scale))],
            FrequencyEmbeddingOp op => [Elementwise.FrequencyEmbedding(x[0], shape, Read(op.Weight), op.Factor)],
            AddTableOp op => [Elementwise.AddTable(x[0], shape, op.Table)],
            PadOp op => [Elementwise.Pad(x[0], shape, op.Length)],
            CropOp op => [Elementwise.Crop(x[0], shape, op)],
            RestoreOp => [Array.ConvertAll(x[0], v => v * x[2][0] + x[1][0])],
            _ => throw new InvalidOperationException($"The interpreter does not know {node.Op.Kind}."),
        };
    }

    private double[]? Optional(Parameter? parameter) => parameter is null ? null : Read(parameter);

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
