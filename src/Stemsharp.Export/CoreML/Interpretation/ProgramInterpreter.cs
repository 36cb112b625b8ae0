using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Stemsharp.Export.CoreML.Reading;
using Stemsharp.Export.Interpretation;

namespace Stemsharp.Export.CoreML.Interpretation;

/// <summary>
/// Runs a package's program. Rule of rounding: an operation computes in single precision from its inputs'
/// values, sums included, and rounds its result once to the type that the program declares for it; a recurrent layer
/// is one such operation a step, whose results are the states and cells.
/// </summary>
internal sealed class ProgramInterpreter
{
    private readonly PackageModel _model;
    private readonly Action<float[], int> _round;
    private readonly Dictionary<string, Tensor> _constants = [];
    private readonly Dictionary<string, Literal> _literals = [];
    private readonly Dictionary<string, int> _lastUse = [];
    private readonly Dictionary<string, Tensor> _values = [];
    private readonly Dictionary<int, Stack<float[]>> _free = [];

    /// <summary>Reads all constants; the package may be closed afterwards.</summary>
    /// <param name="package">The package.</param>
    /// <param name="round">What half precision does to results; null for the nearest half.</param>
    public ProgramInterpreter(Package package, Action<float[], int>? round = null)
    {
        (_model, _round) = (package.Model, round ?? Ranges.RoundToHalf);
        for (int i = 0; i < _model.Operations.Count; i++)
        {
            ProgramOperation operation = _model.Operations[i];
            if (operation.Type == "const")
            {
                Literal literal = operation.Attributes["val"];
                _literals.Add(operation.Name, literal);
                if (literal.Spec.Kind.IsFloat())
                {
                    _constants.Add(operation.Name, new Tensor(literal.Spec, new TensorBuffer(Floats(literal, package.Weights))));
                }
            }
            else if (operation.Type == "constexpr_lut_to_dense")
            {
                _constants.Add(operation.Name, Dense(operation, package));
            }

            else if (operation.Type == "constexpr_cast")
            {
                _constants.Add(operation.Name, new Tensor(operation.Outputs[0].Spec, new TensorBuffer(Floats(operation.Argument("source_val"), package.Weights))));
            }

            foreach (ParameterBinding binding in operation.Inputs.Values.SelectMany(b => b))
            {
                if (binding.Name is { } name)
                {
                    _lastUse[name] = i;
                }
            }
        }

        foreach (string result in _model.Results)
        {
            _lastUse[result] = int.MaxValue;
        }
    }

    /// <summary>Runs the program on its inputs in order and returns its results in order, row-major.</summary>
    /// <param name="inputs">One array per input.</param>
    /// <param name="observe">Called with every operation that is not constant and its first result; null for none.</param>
    /// <param name="cancellationToken">Asked between operations.</param>
    public float[][] Run(IReadOnlyList<float[]> inputs, Action<ProgramOperation, Tensor>? observe = null, CancellationToken cancellationToken = default)
    {
        _values.Clear();
        for (int i = 0; i < inputs.Count; i++)
        {
            TypedName argument = _model.Arguments[i];
            if (inputs[i].Length != argument.Spec.Elements)
            {
                throw new ArgumentException($"Input {argument.Name} has {inputs[i].Length} elements, not {argument.Spec}.", nameof(inputs));
            }

            _values.Add(argument.Name, new Tensor(argument.Spec, new TensorBuffer(inputs[i]) { Users = int.MaxValue / 2 }));
        }

        for (int i = 0; i < _model.Operations.Count; i++)
        {
            ProgramOperation operation = _model.Operations[i];
            if (operation.IsConstant)
            {
                continue;
            }

            cancellationToken.ThrowIfCancellationRequested();
            Evaluate(operation);
            observe?.Invoke(operation, _values[operation.Name]);
            foreach (ParameterBinding binding in operation.Inputs.Values.SelectMany(b => b))
            {
                if (binding.Name is { } name && _lastUse[name] == i)
                {
                    Release(name);
                }
            }

            foreach (TypedName output in operation.Outputs)
            {
                if (!_lastUse.ContainsKey(output.Name))
                {
                    Release(output.Name);
                }
            }
        }

        return [.. _model.Results.Select(r => _values[r].Span.ToArray())];
    }

    private void Evaluate(ProgramOperation operation)
    {
        string type = operation.Type;
        switch (type)
        {
            case "reshape":
                Tensor source = In(operation, "x");
                source.Buffer.Users++;
                _values.Add(operation.Name, new Tensor(operation.Outputs[0].Spec, source.Buffer));
                return;
            case "split":
                Split(operation);
                return;
            case "lstm":
                Lstm(operation);
                return;
        }

        TensorSpec spec = operation.Outputs[0].Spec;
        float[] y = Take(spec.Elements);
        switch (type)
        {
            case "add" or "sub" or "mul" or "real_div" or "maximum": Elementwise.Binary(type, In(operation, "x"), In(operation, "y"), spec.Shape, y); break;
            case "conv": Conv(operation, y); break;
            case "conv_transpose": ConvTranspose(operation, y); break;
            case "linear": Linear(operation, y); break;
            case "matmul": MatMul(operation, y); break;
            case "scaled_dot_product_attention": Attention(operation, y); break;
            case "softmax": Softmax(operation, y); break;
            case "reduce_mean" or "reduce_sum" or "reduce_sum_square" or "reduce_l2_norm" or "reduce_max": Reduce(operation, y); break;
            case "layer_norm": LayerNorm(operation, y); break;
            case "batch_norm": Norms.Batch(In(operation, "x"), Data(operation, "mean")!, Data(operation, "variance")!, Data(operation, "gamma"), Data(operation, "beta"), Epsilon(operation, 1e-5f), y); break;
            case "transpose": Movement.Transpose(In(operation, "x"), Ints(operation, "perm")!, y); break;
            case "concat": Concat(operation, y); break;
            case "pad": Pad(operation, y); break;
            case "sliding_windows": Windows(operation, y); break;
            case "elu": Elu(operation, y); break;
            case "slice_by_index": Slice(operation, y); break;
            default:
                Tensor x = In(operation, "x");
                Elementwise.Unary(type, x.Data.AsMemory(0, x.Spec.Elements), y, Epsilon(operation, 1e-12f));
                break;
        }

        bool exact = type is "transpose" or "concat" or "slice_by_index" or "pad" or "sliding_windows";
        if (spec.Kind == ElementKind.Float16 && !exact)
        {
            _round(y, spec.Elements);
        }

        _values.Add(operation.Name, new Tensor(spec, new TensorBuffer(y) { Users = 1 }));
    }

    private void Conv(ProgramOperation operation, float[] y)
    {
        Tensor x = In(operation, "x"), w = In(operation, "weight");
        int[] strides = Ints(operation, "strides")!, pad = Ints(operation, "pad")!, dilations = Ints(operation, "dilations")!, result = operation.Outputs[0].Spec.Shape;
        bool line = x.Shape.Length == 3;
        int groups = Ints(operation, "groups")?[0] ?? 1, channels = x.Shape[1] / groups, outputs = result[1] / groups;
        Convolutions.Plane plane = line
            ? new Convolutions.Plane(channels, 1, x.Shape[2], outputs, 1, result[2], 1, w.Shape[2], 1, strides[0], 0, pad[0], 1, dilations[0])
            : new Convolutions.Plane(channels, x.Shape[2], x.Shape[3], outputs, result[2], result[3], w.Shape[2], w.Shape[3], strides[0], strides[1], pad[0], pad[2], dilations[0], dilations[1]);
        Convolutions.Each(
            x, w, Data(operation, "bias"), result[1], groups, y, operation.Outputs[0].Spec.Elements,
            (image, weight, bias, target) => Convolutions.Conv(image, weight, bias, plane, target));
    }

    private void ConvTranspose(ProgramOperation operation, float[] y)
    {
        Tensor x = In(operation, "x"), w = In(operation, "weight");
        int[] strides = Ints(operation, "strides")!, pad = Ints(operation, "pad")!, result = operation.Outputs[0].Spec.Shape;
        bool line = x.Shape.Length == 3;
        if (!line && strides[0] == w.Shape[2] && strides[1] == w.Shape[3] && pad.All(p => p == 0))
        {
            Convolutions.Plane fields = new(x.Shape[1], x.Shape[2], x.Shape[3], result[1], result[2], result[3], w.Shape[2], w.Shape[3], strides[0], strides[1], 0, 0, 1, 1);
            Convolutions.Fields(x.Data, w.Data, Data(operation, "bias"), fields, y);
            return;
        }

        if (!line && (w.Shape[3] != 1 || strides[1] != 1 || pad[2] != 0 || pad[3] != 0))
        {
            throw new NotSupportedException("Transposed convolutions run along the first spatial axis, or have their kernel as their stride.");
        }

        int width = line ? 1 : x.Shape[3];
        Convolutions.Plane plane = new(x.Shape[1], x.Shape[2], width, result[1], result[2], width, w.Shape[2], 1, strides[0], 1, pad[0], 0, 1, 1);
        Convolutions.Transposed(x.Data, w.Data, Data(operation, "bias"), plane, y);
    }

    private void Linear(ProgramOperation operation, float[] y)
    {
        Tensor x = In(operation, "x"), w = In(operation, "weight");
        int columns = w.Shape[1];
        Products.Linear(x.Data, x.Spec.Elements / columns, columns, w.Span, w.Shape[0], Data(operation, "bias"), y);
    }

    private void MatMul(ProgramOperation operation, float[] y)
    {
        Tensor a = In(operation, "x"), b = In(operation, "y");
        bool transposeX = Flag(operation, "transpose_x"), transposeY = Flag(operation, "transpose_y");
        int[] shape = operation.Outputs[0].Spec.Shape;
        (int m, int n) = (shape[^2], shape[^1]);
        int k = transposeX ? a.Shape[^2] : a.Shape[^1];
        for (int i = 0; i < operation.Outputs[0].Spec.Elements / (m * n); i++)
        {
            Products.MatMul(a.Data.AsSpan(i * m * k, m * k), b.Data.AsMemory(i * k * n, k * n), m, k, n, transposeX, transposeY, y.AsMemory(i * m * n, m * n));
        }
    }

    private void Attention(ProgramOperation operation, float[] y)
    {
        Tensor q = In(operation, "query"), k = In(operation, "key"), v = In(operation, "value");
        int nq = q.Shape[^2], nk = k.Shape[^2], width = q.Shape[^1];
        if (v.Shape[^1] != width)
        {
            throw new NotSupportedException("Values are as wide as keys in all programs that this interpreter runs.");
        }

        for (int i = 0; i < q.Spec.Elements / (nq * width); i++)
        {
            Products.Attention(q.Data.AsMemory(i * nq * width, nq * width), k.Data.AsSpan(i * nk * width, nk * width), v.Data.AsSpan(i * nk * width, nk * width), nq, nk, width, y.AsMemory(i * nq * width, nq * width));
        }
    }

    private void Softmax(ProgramOperation operation, float[] y)
    {
        Tensor x = In(operation, "x");
        int axis = Ints(operation, "axis")?[0] ?? -1;
        if (axis != -1 && axis != x.Shape.Length - 1)
        {
            throw new NotSupportedException("Softmax runs along the last axis only.");
        }

        Norms.Softmax(x, y);
    }

    private void Reduce(ProgramOperation operation, float[] y)
    {
        Tensor x = In(operation, "x");
        bool[] reduced = new bool[x.Shape.Length];
        foreach (int axis in Ints(operation, "axes") ?? [.. Enumerable.Range(0, reduced.Length)])
        {
            reduced[axis < 0 ? axis + reduced.Length : axis] = true;
        }

        Norms.Reduce(operation.Type, x, reduced, y);
    }

    private void LayerNorm(ProgramOperation operation, float[] y)
    {
        Tensor x = In(operation, "x");
        int rank = x.Shape.Length;
        int[] axes = [.. (Ints(operation, "axes") ?? [.. Enumerable.Range(0, rank)]).Select(a => a < 0 ? a + rank : a).Order()];
        if (!axes.SequenceEqual(Enumerable.Range(rank - axes.Length, axes.Length)))
        {
            throw new NotSupportedException("Layer norms run over trailing axes only.");
        }

        Norms.Layer(x, axes.Aggregate(1, (n, a) => n * x.Shape[a]), Data(operation, "gamma"), Data(operation, "beta"), Epsilon(operation, 1e-5f), y);
    }

    private void Split(ProgramOperation operation)
    {
        Tensor x = In(operation, "x");
        int axis = Ints(operation, "axis")![0];
        if (axis < 0)
        {
            axis += x.Shape.Length;
        }

        int begin = 0;
        foreach (TypedName output in operation.Outputs)
        {
            int size = output.Spec.Shape[axis];
            float[] y = Take(output.Spec.Elements);
            Movement.CopyAxis(x.Span, x.Shape, axis, begin, size, y, 0, size);
            begin += size;
            _values.Add(output.Name, new Tensor(output.Spec, new TensorBuffer(y) { Users = 1 }));
        }
    }

    private void Concat(ProgramOperation operation, float[] y)
    {
        int[] shape = operation.Outputs[0].Spec.Shape;
        int axis = Ints(operation, "axis")![0];
        if (axis < 0)
        {
            axis += shape.Length;
        }

        int position = 0;
        foreach (ParameterBinding binding in operation.Inputs["values"])
        {
            Tensor x = Resolve(binding.Name!);
            Movement.CopyAxis(x.Span, x.Shape, axis, 0, x.Shape[axis], y, position, shape[axis]);
            position += x.Shape[axis];
        }
    }

    private void Pad(ProgramOperation operation, float[] y)
    {
        Tensor x = In(operation, "x");
        int[] pad = Ints(operation, "pad")!, shape = operation.Outputs[0].Spec.Shape;
        int[] padded = [.. Enumerable.Range(0, pad.Length / 2).Where(i => pad[2 * i] > 0 || pad[2 * i + 1] > 0)];
        if (padded.Length != 1)
        {
            throw new NotSupportedException("One axis is lengthened at a time.");
        }

        int axis = x.Shape.Length - pad.Length / 2 + padded[0], before = pad[2 * padded[0]], after = pad[2 * padded[0] + 1], size = x.Shape[axis];
        y.AsSpan(0, operation.Outputs[0].Spec.Elements).Fill(Data(operation, "constant_val")?[0] ?? 0);
        Movement.CopyAxis(x.Span, x.Shape, axis, 0, size, y, before, shape[axis]);
        bool edges = ((string[])_literals[operation.Inputs["mode"][0].Name!].Immediate!)[0] == "replicate";
        for (int i = 0; edges && i < before + after; i++)
        {
            bool first = i < before;
            Movement.CopyAxis(x.Span, x.Shape, axis, first ? 0 : size - 1, 1, y, first ? i : size + i, shape[axis]);
        }
    }

    private void Windows(ProgramOperation operation, float[] y)
    {
        Tensor x = In(operation, "x");
        int axis = Ints(operation, "axis")![0], size = Ints(operation, "size")![0], stride = Ints(operation, "stride")?[0] ?? 1, count = operation.Outputs[0].Spec.Shape[axis];
        for (int i = 0; i < count; i++)
        {
            Movement.CopyAxis(x.Span, x.Shape, axis, i * stride, size, y, i * size, count * size);
        }
    }

    private void Elu(ProgramOperation operation, float[] y)
    {
        Tensor x = In(operation, "x");
        float alpha = Data(operation, "alpha")![0];
        for (int i = 0; i < x.Elements; i++)
        {
            y[i] = x.Data[i] > 0 ? x.Data[i] : alpha * float.ExpM1(x.Data[i]);
        }
    }

    // Nobody reads its last states: they stay zeros.
    private void Lstm(ProgramOperation operation)
    {
        Tensor x = In(operation, "x");
        TensorSpec[] results = [.. operation.Outputs.Select(o => o.Spec)];
        int batch = x.Shape[1], hidden = results[0].Shape[2] / 2;
        float[] y = Take(results[0].Elements);
        if (Data(operation, "initial_h")!.Concat(Data(operation, "initial_c")!).Any(v => v != 0))
        {
            throw new NotSupportedException("Recurrent layers begin with zeros in all programs that this interpreter runs.");
        }

        Parallel.For(0, 2, direction =>
        {
            string suffix = direction == 0 ? "" : "_back";
            Recurrence.Lstm(
                x.Data, x.Shape, Data(operation, $"weight_ih{suffix}"), Data(operation, $"weight_hh{suffix}"), Data(operation, $"bias{suffix}")!, new GateOrder(Input: 0, Forget: 1, Cell: 3, Output: 2), direction == 1,
                (at, state) =>
                {
                    for (int n = 0; n < batch; n++)
                    {
                        state.AsSpan(n * hidden, hidden).CopyTo(y.AsSpan(((at * batch + n) * 2 + direction) * hidden));
                    }
                }, Summation.Blocks, x.Spec.Kind == ElementKind.Float16 ? _round : null);
        });

        foreach ((TypedName output, float[] data) in operation.Outputs.Zip([y, new float[results[1].Elements], new float[results[2].Elements]]))
        {
            _values.Add(output.Name, new Tensor(output.Spec, new TensorBuffer(data) { Users = 1 }));
        }
    }

    private void Slice(ProgramOperation operation, float[] y)
    {
        Tensor x = In(operation, "x");
        int[] begin = Ints(operation, "begin")!, end = Ints(operation, "end")!;
        int[] cut = [.. Enumerable.Range(0, begin.Length).Where(i => end[i] - begin[i] != x.Shape[i])];
        if (cut.Length > 1)
        {
            throw new NotSupportedException("Slices cut one axis only.");
        }

        int axis = cut.Length == 0 ? 0 : cut[0];
        Movement.CopyAxis(x.Span, x.Shape, axis, begin[axis], end[axis] - begin[axis], y, 0, end[axis] - begin[axis]);
    }

    private Tensor In(ProgramOperation operation, string key) => Resolve(operation.Inputs[key][0].Name!);

    private Tensor Resolve(string name) => _values.TryGetValue(name, out Tensor? value) ? value : _constants[name];

    private float[]? Data(ProgramOperation operation, string key) => operation.Inputs.ContainsKey(key) ? In(operation, key).Data : null;

    private float Epsilon(ProgramOperation operation, float otherwise) => Data(operation, "epsilon")?[0] ?? otherwise;

    private int[]? Ints(ProgramOperation operation, string key) => operation.Inputs.TryGetValue(key, out IReadOnlyList<ParameterBinding>? b) ? (int[])_literals[b[0].Name!].Immediate! : null;

    private bool Flag(ProgramOperation operation, string key) => operation.Inputs.TryGetValue(key, out IReadOnlyList<ParameterBinding>? b) && ((bool[])_literals[b[0].Name!].Immediate!)[0];

    private float[] Take(int length) => _free.TryGetValue(length, out Stack<float[]>? stack) && stack.TryPop(out float[]? data) ? data : new float[length];

    private void Release(string name)
    {
        if (!_values.Remove(name, out Tensor? value) || --value.Buffer.Users > 0)
        {
            return;
        }

        if (!_free.TryGetValue(value.Data.Length, out Stack<float[]>? stack))
        {
            _free.Add(value.Data.Length, stack = new Stack<float[]>());
        }

        stack.Push(value.Data);
    }

    private static Tensor Dense(ProgramOperation operation, Package package)
    {
        PaletteParts parts = PaletteRules.Parts(operation, package.Model.Opset);
        float[] table = Floats(parts.Table, package.Weights);
        byte[] packed = package.Weights.Read(parts.Indices);
        int rank = parts.Shape.Length, entries = 1 << parts.Bits;
        TensorSpec spec = operation.Outputs[0].Spec;
        float[] data = new float[spec.Elements];
        for (int i = 0; i < data.Length; i++)
        {
            long bit = (long)i * parts.Bits;
            int word = packed[bit >> 3] | ((bit >> 3) + 1 < packed.Length ? packed[(bit >> 3) + 1] << 8 : 0);
            int index = word >> (int)(bit & 7) & (entries - 1);
            int rest = i, group = 0, scale = 1;
            for (int axis = rank - 1; axis >= 0; axis--)
            {
                (rest, int position) = Math.DivRem(rest, parts.Shape[axis]);
                group += position / (parts.Shape[axis] / parts.Groups[axis]) * scale;
                scale *= parts.Groups[axis];
            }

            data[i] = table[group * entries + index];
        }

        return new Tensor(spec, new TensorBuffer(data));
    }

    private static float[] Floats(Literal literal, WeightFile weights)
    {
        if (literal.Immediate is float[] floats)
        {
            return floats;
        }

        byte[] bytes = literal.Immediate as byte[] ?? weights.Read(literal);
        float[] values = new float[literal.Spec.Elements];
        if (literal.Spec.Kind == ElementKind.Float32)
        {
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(4 * i));
            }
        }
        else
        {
            System.Numerics.Tensors.TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(bytes), values);
        }

        return values;
    }
}
