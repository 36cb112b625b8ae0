using Stemsharp.Export.Interpretation;

namespace Stemsharp.Export.Onnx.Interpretation;

/// <summary>
/// Runs an exported graph as its file says. Rule of rounding: a node computes in single precision from its
/// inputs' values, sums included, and rounds its result once to the type that the file declares for it. (A runtime
/// may keep more between two nodes; onnxruntime does on processors without halves.)
/// </summary>
/// <param name="file">The graph.</param>
/// <param name="order">
/// How it sums. As a chain it does to the graph what the worst runtimes do: see <see cref="RuntimeMerges"/>.
/// </param>
internal sealed class OnnxInterpreter(OnnxGraphFile file, Summation order = Summation.Blocks)
{
    private readonly List<OnnxNode> _nodes = order == Summation.Chain ? RuntimeMerges.Apply(file) : file.Nodes;
    private readonly Dictionary<string, OnnxValue> _values = [];

    /// <summary>Runs the graph on its inputs in order and returns its outputs in order, row-major.</summary>
    /// <param name="inputs">One array per input.</param>
    /// <param name="cancellationToken">Asked between nodes.</param>
    public float[][] Run(IReadOnlyList<float[]> inputs, CancellationToken cancellationToken = default)
    {
        _values.Clear();
        foreach ((string name, OnnxValue constant) in file.Constants)
        {
            _values.Add(name, constant);
        }

        for (int i = 0; i < inputs.Count; i++)
        {
            OnnxDeclaration input = file.Inputs[i];
            OnnxValue value = new(input.Type, input.Shape, inputs[i]);
            if (value.Elements != inputs[i].Length)
            {
                throw new ArgumentException($"Input {input.Name} takes {value.Elements} elements, not {inputs[i].Length}.", nameof(inputs));
            }

            _values.Add(input.Name, value);
        }

        Dictionary<string, int> lastUse = [];
        for (int i = 0; i < _nodes.Count; i++)
        {
            foreach (string input in _nodes[i].Inputs)
            {
                lastUse[input] = i;
            }
        }

        foreach (OnnxDeclaration output in file.Outputs)
        {
            lastUse[output.Name] = int.MaxValue;
        }

        for (int i = 0; i < _nodes.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Evaluate(_nodes[i]);
            foreach (string input in _nodes[i].Inputs)
            {
                if (lastUse[input] == i)
                {
                    _values.Remove(input);
                }
            }
        }

        return [.. file.Outputs.Select(o => _values[o.Name].Data)];
    }

    private void Evaluate(OnnxNode node)
    {
        OnnxDeclaration result = file.Declared(node.Outputs[0]);
        switch (node.Operator)
        {
            case "Reshape":
                _values.Add(result.Name, In(node, 0).Reshaped(result.Shape));
                return;
            case "Split":
                Split(node);
                return;
            case "Cast" when result.Type is not (ElementType.Float or ElementType.Half):
                throw new NotSupportedException($"{node.Name} casts to {result.Type}.");
            case "DynamicQuantizeLinear":
                Quantized.Quantize(In(node, 0), out OnnxValue quantized, out OnnxValue scale, out OnnxValue zero);
                _values.Add(node.Outputs[0], quantized);
                _values.Add(node.Outputs[1], scale);
                _values.Add(node.Outputs[2], zero);
                return;
            case "MatMulInteger":
                _values.Add(result.Name, Quantized.MatMul(In(node, 0), In(node, 1), In(node, 2), result.Shape));
                return;
        }

        float[] y = new float[result.Shape.Aggregate(1, (n, d) => checked(n * d))];
        switch (node.Operator)
        {
            case "Add": Elementwise.Binary("add", In(node, 0), In(node, 1), result.Shape, y); break;
            case "Sub": Elementwise.Binary("sub", In(node, 0), In(node, 1), result.Shape, y); break;
            case "Mul": Elementwise.Binary("mul", In(node, 0), In(node, 1), result.Shape, y); break;
            case "Max": Elementwise.Binary("maximum", In(node, 0), In(node, 1), result.Shape, y); break;
            case "Div": Elementwise.Binary("real_div", In(node, 0), In(node, 1), result.Shape, y); break;
            case RuntimeMerges.MulByBatch: MulByBatch(node, y); break;
            case "Sum": Sum(node, result, y); break;
            case "Sqrt" or "Sigmoid" or "Erf" or "Relu" or "Gelu" or "Tanh": Elementwise.Unary(node.Operator.ToLowerInvariant(), In(node, 0).Data, y, 0); break;
            case "Elu": Elu(In(node, 0), node.Attributes["alpha"].Number, y); break;
            case "Cast": Cast(In(node, 0), y); break;
            case "Conv": OnnxConvolutions.Conv(node, In(node, 0), In(node, 1), Bias(node), result.Shape, y, order); break;
            case "ConvTranspose": OnnxConvolutions.Transposed(node, In(node, 0), In(node, 1), Bias(node), result.Shape, y, order); break;
            case "Gemm": Gemm(node, result, y); break;
            case "MatMul": MatMul(node, result, y); break;
            case "LayerNormalization": Norms.Layer(In(node, 0), In(node, 0).Shape[^1], In(node, 1).Data, In(node, 2).Data, node.Attributes["epsilon"].Number, y, order); break;
            case "Softmax": Norms.Softmax(In(node, 0), y, order); break;
            case "ReduceMean": Reduce(node, "reduce_mean", y); break;
            case "ReduceSum": Reduce(node, "reduce_sum", y); break;
            case "ReduceSumSquare": Reduce(node, "reduce_sum_square", y); break;
            case "LSTM": OnnxRecurrence.Lstm(node, In(node, 0), In(node, 1), In(node, 2), In(node, 3), y, order); break;
            case "Transpose": Movement.Transpose(In(node, 0), [.. node.Attributes["perm"].Integers.Select(a => (int)a)], y); break;
            case "Concat": Concat(node, result, y); break;
            case "Slice": Slice(node, y); break;
            case "Pad": Pad(node, y); break;
            default: throw new NotSupportedException($"{node.Name}: the operator {node.Operator} is not known.");
        }

        if (result.Type == ElementType.Half && node.Operator is not ("Transpose" or "Concat" or "Slice" or "Pad"))
        {
            Ranges.RoundToHalf(y, y.Length);
        }

        _values.Add(result.Name, new OnnxValue(result.Type, result.Shape, y));
    }

    private OnnxValue In(OnnxNode node, int index) => _values[node.Inputs[index]];

    private float[]? Bias(OnnxNode node) => node.Inputs.Count > 2 ? In(node, 2).Data : null;

    private static int Axis(OnnxNode node, int rank) => (int)(node.Attributes["axis"].Integer is var axis && axis < 0 ? axis + rank : axis);

    private static void Cast(OnnxValue x, float[] y)
    {
        if (x.Type is ElementType.Float or ElementType.Half)
        {
            x.Data.AsSpan(0, y.Length).CopyTo(y);
        }
        else
        {
            for (int i = 0; i < y.Length; i++)
            {
                y[i] = x.Integers[i];
            }
        }
    }

    private static void Elu(OnnxValue x, float alpha, float[] y)
    {
        for (int i = 0; i < y.Length; i++)
        {
            y[i] = x.Data[i] > 0 ? x.Data[i] : alpha * (MathF.Exp(x.Data[i]) - 1);
        }
    }

    private void MulByBatch(OnnxNode node, float[] y)
    {
        OnnxValue x = In(node, 0), factors = In(node, 1);
        int size = x.Elements / x.Shape[0];
        for (int i = 0; i < y.Length; i++)
        {
            y[i] = x.Data[i] * factors.Data[i / size % factors.Elements];
        }
    }

    private void Sum(OnnxNode node, OnnxDeclaration result, float[] y)
    {
        Elementwise.Binary("add", In(node, 0), In(node, 1), result.Shape, y);
        for (int i = 2; i < node.Inputs.Count; i++)
        {
            Elementwise.Binary("add", new OnnxValue(ElementType.Float, result.Shape, [.. y]), In(node, i), result.Shape, y);
        }
    }

    // x·w (or x·wᵀ) + bias
    private void Gemm(OnnxNode node, OnnxDeclaration result, float[] y)
    {
        OnnxValue x = In(node, 0), w = In(node, 1);
        (int rows, int columns) = (result.Shape[0], result.Shape[1]);
        bool transposed = node.Attributes.TryGetValue("transB", out OnnxAttribute? flag) && flag.Integer != 0;
        Products.MatMul(x.Data, w.Data, rows, x.Shape[1], columns, false, transposed, y, order);
        if (Bias(node) is not { } bias)
        {
            return;
        }

        for (int i = 0; i < y.Length; i++)
        {
            y[i] += bias[bias.Length == 1 ? 0 : i % columns];
        }
    }

    // Batches as in numpy: axes that an operand lacks or has one element of serve all.
    private void MatMul(OnnxNode node, OnnxDeclaration result, float[] y)
    {
        OnnxValue a = In(node, 0), b = In(node, 1);
        (int m, int n, int k) = (result.Shape[^2], result.Shape[^1], a.Shape[^1]);
        for (int i = 0; i < y.Length / (m * n); i++)
        {
            int left = Matrix(a.Shape, i), right = Matrix(b.Shape, i);
            Products.MatMul(a.Data.AsSpan(left * m * k, m * k), b.Data.AsMemory(right * k * n, k * n), m, k, n, false, false, y.AsMemory(i * m * n, m * n), order);
        }

        int Matrix(int[] shape, int index)
        {
            int matrix = 0;
            for (int axis = result.Shape.Length - 3, stride = 1; axis >= 0; axis--)
            {
                (index, int position) = Math.DivRem(index, result.Shape[axis]);
                int own = axis - result.Shape.Length + shape.Length;
                if (own >= 0 && shape[own] > 1)
                {
                    matrix += position * stride;
                    stride *= shape[own];
                }
            }

            return matrix;
        }
    }

    private void Reduce(OnnxNode node, string type, float[] y)
    {
        OnnxValue x = In(node, 0);
        IReadOnlyList<long> axes = node.Attributes.TryGetValue("axes", out OnnxAttribute? attribute) ? attribute.Integers : In(node, 1).Integers;
        bool[] reduced = new bool[x.Shape.Length];
        foreach (long axis in axes)
        {
            reduced[axis < 0 ? axis + reduced.Length : axis] = true;
        }

        Norms.Reduce(type, x, reduced, y, order);
    }

    private void Split(OnnxNode node)
    {
        OnnxValue x = In(node, 0);
        int axis = Axis(node, x.Shape.Length), begin = 0;
        foreach (string output in node.Outputs)
        {
            OnnxDeclaration part = file.Declared(output);
            float[] y = new float[part.Shape.Aggregate(1, (n, d) => n * d)];
            Movement.CopyAxis(x.Data, x.Shape, axis, begin, part.Shape[axis], y, 0, part.Shape[axis]);
            begin += part.Shape[axis];
            _values.Add(output, new OnnxValue(part.Type, part.Shape, y));
        }
    }

    private void Concat(OnnxNode node, OnnxDeclaration result, float[] y)
    {
        int axis = Axis(node, result.Shape.Length), at = 0;
        for (int i = 0; i < node.Inputs.Count; i++)
        {
            OnnxValue x = In(node, i);
            Movement.CopyAxis(x.Data, x.Shape, axis, 0, x.Shape[axis], y, at, result.Shape[axis]);
            at += x.Shape[axis];
        }
    }

    // One axis, forwards by ones or the whole axis backwards.
    private void Slice(OnnxNode node, float[] y)
    {
        OnnxValue x = In(node, 0);
        int axis = (int)In(node, 3).Integers[0], length = x.Shape[axis];
        long step = node.Inputs.Count > 4 ? In(node, 4).Integers[0] : 1;
        if (step == 1)
        {
            int start = (int)In(node, 1).Integers[0], end = (int)Math.Min(length, In(node, 2).Integers[0]);
            Movement.CopyAxis(x.Data, x.Shape, axis, start, end - start, y, 0, end - start);
            return;
        }

        if (step != -1 || y.Length != x.Elements)
        {
            throw new NotSupportedException($"{node.Name} takes steps of {step}.");
        }

        for (int i = 0; i < length; i++)
        {
            Movement.CopyAxis(x.Data, x.Shape, axis, length - 1 - i, 1, y, i, length);
        }
    }

    private void Pad(OnnxNode node, float[] y)
    {
        OnnxValue x = In(node, 0);
        long[] pads = In(node, 1).Integers;
        int rank = x.Shape.Length;
        int[] axes = [.. Enumerable.Range(0, rank).Where(a => pads[a] != 0 || pads[a + rank] != 0)];
        if (axes is not [int axis])
        {
            throw new NotSupportedException($"{node.Name} pads {axes.Length} axes; one is supported.");
        }

        bool reflect = node.Attributes["mode"].Text == "reflect";
        int length = x.Shape[axis], before = (int)pads[axis], padded = length + before + (int)pads[axis + rank];
        int inner = x.Shape[(axis + 1)..].Aggregate(1, (n, d) => n * d);
        for (int row = 0; row < x.Elements / (length * inner); row++)
        {
            for (int i = 0; i < padded; i++)
            {
                int source = i - before;
                if (reflect)
                {
                    source = source < 0 ? -source : source >= length ? 2 * (length - 1) - source : source;
                }

                if ((uint)source < (uint)length)
                {
                    x.Data.AsSpan((row * length + source) * inner, inner).CopyTo(y.AsSpan((row * padded + i) * inner));
                }
            }
        }
    }
}
