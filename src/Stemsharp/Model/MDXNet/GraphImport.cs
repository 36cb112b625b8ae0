using Stemsharp.Checkpoints.Onnx;
using Stemsharp.Graph;

namespace Stemsharp.Model.MDXNet;

/// <summary>
/// Records an ONNX graph as one of ours: the operators that an export of the training code has, each judged with its attributes. What is not
/// known is refused rather than guessed.
/// </summary>
internal sealed class GraphImport
{
    // The lowest bins, which the networks were trained without.
    private const int ZeroBins = 3;

    // What the graph's own norms have.
    private const double Epsilon = 1e-5;

    private readonly GraphBuilder _g = new();
    private readonly OnnxGraph _file;
    private readonly string _name;
    private readonly Dictionary<string, OnnxTensor> _constants;
    private readonly ILookup<string, OnnxNode> _readers;
    private readonly Dictionary<string, WeightRecipe> _recipes = new(StringComparer.Ordinal);

    public GraphImport(OnnxGraph file, string name)
    {
        _file = file;
        _name = name;
        _constants = file.Constants.DistinctBy(c => c.Name).ToDictionary(c => c.Name, StringComparer.Ordinal);
        _readers = file.Nodes.SelectMany(node => node.Inputs.Select(input => (input, node))).ToLookup(p => p.input, p => p.node, StringComparer.Ordinal);
    }

    /// <summary>The network with what stands around it: low bins, factor, a second run on the negative sound.</summary>
    public ImportedGraph Run(MDXNetConfig config)
    {
        Value input = _g.Input(ImportedGraph.SpectrogramInput.Name, new Shape(4, config.Bins, config.Frames));
        Value heard = _g.PadRows(_g.Crop(input, ZeroBins, config.Bins - ZeroBins), ZeroBins, 0);
        Value made = config.Denoise
            ? _g.Add("mean", Scaled("half", Network(heard), config.Compensate / 2), Scaled("negative_half", Network(Scaled("negative", heard, -1)), -config.Compensate / 2))
            : Scaled("compensate", Network(heard), config.Compensate);
        _g.Output(ImportedGraph.SpectrogramOutput.Name, made);
        return new ImportedGraph(_g.Build(), _recipes);
    }

    private Value Network(Value input)
    {
        Dictionary<string, Value> values = new(StringComparer.Ordinal) { [_file.Inputs.First().Name] = input };
        for (int i = 0; i < _file.Nodes.Count; i++)
        {
            OnnxNode node = _file.Nodes[i];
            if (node.Type == "Constant")
            {
                continue;
            }

            values[node.Outputs[0]] = Record(node, ScopeOf(node, i), values);
        }

        Value output = ValueOf(_file.Outputs[0].Name, values);
        return output.Shape.Equals(input.Shape) ? output : throw Refuse($"it gives {output.Shape} for {input.Shape}");
    }

    private Value Record(OnnxNode node, string scope, Dictionary<string, Value> values)
    {
        Value In(int index) => ValueOf(index < node.Inputs.Count ? node.Inputs[index] : "", values);
        return node.Type switch
        {
            "Conv" => Convolution(node, scope, In(0)),
            "ConvTranspose" => Upsampling(node, scope, In(0)),
            "MatMul" => Linear(node, scope, In(0)),
            "BatchNormalization" => Norm(node, scope, In(0)),
            "Relu" => _g.Relu(In(0)),
            "Transpose" when Integers(node, "perm", []) is [0, 1, 3, 2] => _g.Swap(scope, In(0)),
            "Add" => _g.Add(scope, In(0), In(1)),
            "Mul" => _g.Mul(scope, In(0), In(1)),
            "Identity" or "Dropout" => In(0),
            _ => throw Refuse($"its graph has the operator {node.Type} ('{node.Name}')"),
        };
    }

    private Value Convolution(OnnxNode node, string scope, Value x)
    {
        int[] weight = ShapeOf(node, 1, 4);
        int[] strides = Integers(node, "strides", [1, 1]), dilations = Integers(node, "dilations", [1, 1]), pads = Integers(node, "pads", [0, 0, 0, 0]);
        Require(node, weight[1] == x.Shape.Channels && Integers(node, "group", [1]) is [1] && !node.Attributes.ContainsKey("auto_pad"));
        Require(node, strides.Length == 2 && dilations.Length == 2 && pads.Length == 4 && pads[0] == pads[2] && pads[1] == pads[3]);
        Require(node, strides.Concat(dilations).All(v => v is >= 1 and <= 64) && pads.All(v => v is >= 0 and <= 64));
        bool hasBias = node.Inputs.Count > 2 && node.Inputs[2].Length > 0;
        Take(scope, "weight", node, 1);
        if (hasBias)
        {
            Require(node, ShapeOf(node, 2, 1)[0] == weight[0]);
            Take(scope, "bias", node, 2);
        }

        return _g.Conv(scope, x, weight[0], weight.AsSpan(2), strides, pads.AsSpan(0, 2), dilations, hasBias);
    }

    private Value Upsampling(OnnxNode node, string scope, Value x)
    {
        int[] weight = ShapeOf(node, 1, 4);
        Require(node, weight[0] == x.Shape.Channels && Integers(node, "group", [1]) is [1] && !node.Attributes.ContainsKey("auto_pad"));
        Require(node, Integers(node, "strides", [1, 1]).SequenceEqual(weight.Skip(2)) && Integers(node, "dilations", [1, 1]).All(v => v == 1));
        Require(node, Integers(node, "pads", [0]).All(v => v == 0) && Integers(node, "output_padding", [0]).All(v => v == 0) && !node.Attributes.ContainsKey("output_shape"));
        Take(scope, "weight", node, 1);
        Value result = _g.Upsample(scope, x, weight[1], weight[2], weight[3]);
        if (BiasOf(node) is not { } bias || OnlyNormBehind(node) is not null)
        {
            return result;
        }

        // Without a norm behind it, which would take the bias over, one that does nothing else.
        Require(node, ShapeOf(node, 2, 1)[0] == weight[1]);
        string added = scope + ".added";
        _recipes[$"{added}.weight"] = new WeightRecipe.Filled(1);
        _recipes[$"{added}.bias"] = new WeightRecipe.Plain(bias);
        _recipes[$"{added}.running_mean"] = new WeightRecipe.Filled(0);
        _recipes[$"{added}.running_var"] = new WeightRecipe.Filled(1 - Epsilon);
        return _g.BatchNorm(added, result);
    }

    private Value Linear(OnnxNode node, string scope, Value x)
    {
        int[] weight = ShapeOf(node, 1, 2);
        Require(node, weight[0] == x.Shape.Last);
        _recipes[scope + ".weight"] = new WeightRecipe.Transposed(node.Inputs[1]);
        return _g.LastAxisLinear(scope, x, weight[1]);
    }

    private Value Norm(OnnxNode node, string scope, Value x)
    {
        Require(node, Enumerable.Range(1, 4).All(i => ShapeOf(node, i, 1)[0] == x.Shape.Channels) && Integers(node, "training_mode", [0]) is [0]);
        double epsilon = node.Attributes.GetValueOrDefault("epsilon")?.Number ?? Epsilon;
        Take(scope, "weight", node, 1);
        Take(scope, "bias", node, 2);
        OnnxNode? before = _file.Nodes.FirstOrDefault(n => n.Outputs.Contains(node.Inputs[0]));
        string? bias = before is { Type: "ConvTranspose" } && OnlyNormBehind(before) is not null ? BiasOf(before) : null;
        _recipes[scope + ".running_mean"] = bias is null ? new WeightRecipe.Plain(node.Inputs[3]) : new WeightRecipe.Difference(node.Inputs[3], bias);
        bool isUsual = Math.Abs(epsilon - Epsilon) < 1e-9;
        _recipes[scope + ".running_var"] = isUsual ? new WeightRecipe.Plain(node.Inputs[4]) : new WeightRecipe.Shifted(node.Inputs[4], epsilon - Epsilon);
        return _g.BatchNorm(scope, x);
    }

    private static string? BiasOf(OnnxNode node) => node.Inputs.Count > 2 && node.Inputs[2].Length > 0 ? node.Inputs[2] : null;

    // The norm that is all that reads a node's result.
    private OnnxNode? OnlyNormBehind(OnnxNode node)
    {
        OnnxNode[] readers = [.. _readers[node.Outputs[0]].Take(2)];
        return readers is [{ Type: "BatchNormalization" } norm] && _file.Outputs.All(o => o.Name != node.Outputs[0]) ? norm : null;
    }

    private Value Scaled(string name, Value x, double factor)
    {
        if (factor == 1)
        {
            return x;
        }

        _recipes[name + ".scale"] = new WeightRecipe.Filled(factor);
        return _g.ChannelScale(name, x);
    }

    private void Take(string scope, string parameter, OnnxNode node, int input) => _recipes[$"{scope}.{parameter}"] = new WeightRecipe.Plain(node.Inputs[input]);

    private Value ValueOf(string name, Dictionary<string, Value> values) => values.TryGetValue(name, out Value? value)
        ? value
        : throw Refuse(_constants.ContainsKey(name) ? $"the constant '{name}' stands where a value does" : $"'{name}' is read before it is made");

    private int[] ShapeOf(OnnxNode node, int input, int rank)
    {
        OnnxTensor? tensor = input < node.Inputs.Count ? _constants.GetValueOrDefault(node.Inputs[input]) : null;
        Require(node, tensor is not null && tensor.Shape.Length == rank && tensor.Shape.All(d => d is >= 1 and <= int.MaxValue) && tensor.Type is 1 or 10 or 11 or 16);
        return [.. tensor!.Shape.Select(d => (int)d)];
    }

    private static int[] Integers(OnnxNode node, string attribute, int[] otherwise) =>
        node.Attributes.TryGetValue(attribute, out OnnxAttribute? found) ? [.. found.Integers.Select(v => (int)Math.Clamp(v, int.MinValue, int.MaxValue))] : otherwise;

    private void Require(OnnxNode node, bool condition)
    {
        if (!condition)
        {
            throw Refuse($"the operator {node.Type} ('{node.Name}') has a form that is not known");
        }
    }

    // A node's name is a path: /t1/t1.0/Conv.
    private static string ScopeOf(OnnxNode node, int index)
    {
        string name = node.Name.Trim('/').Replace('/', '.');
        return $"{(name.Length > 0 ? name : node.Type)}.{index}";
    }

    private ModelException Refuse(string what) => new(
        $"{_name} is not a graph that can be run: {what}. Known are Conv, ConvTranspose, MatMul, BatchNormalization, Relu, Transpose, Add, Mul and Identity in the forms that MDX-Net's own export gives.");
}
