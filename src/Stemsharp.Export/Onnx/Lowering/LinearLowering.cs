using System.Runtime.InteropServices;
using Stemsharp.Graph;

namespace Stemsharp.Export.Onnx.Lowering;

/// <summary>
/// Linear layers over tokens [M, K]: one product with the weight as it is stored, or, quantised, a product of
/// integers: the input in bytes by its own range, found at run time, the weight [K, N] in signed bytes with a
/// scale for each output. onnxruntime makes one operator of the five nodes.
/// </summary>
internal sealed class LinearLowering(LoweringContext context)
{
    private readonly OnnxGraph _graph = context.Graph;
    private readonly Dictionary<string, (Tensor Stored, double[] Scales)> _quantized = [];

    /// <summary>Consecutive rows of a packed layer.</summary>
    /// <param name="name">The result's name.</param>
    /// <param name="input">The value that the layer reads.</param>
    /// <param name="first">The layer; its first row is the first one taken.</param>
    /// <param name="suffix">Sets a part of a packed weight apart from the whole.</param>
    /// <param name="rows">How many rows are taken.</param>
    /// <param name="gain">A factor of the bias.</param>
    /// <param name="scale">The layer scale behind the layer that goes into the scales of its quantized rows; null for none.</param>
    public Tensor Run(string name, Value input, LinearOp first, string suffix, int rows, double gain = 1, Node? scale = null) =>
        Run(name, context.Values.Get(input, Layout.Tokens, context.Products), first, suffix, rows, gain, scale);

    /// <summary>The same of tokens that are there.</summary>
    /// <param name="name">The result's name.</param>
    /// <param name="x">[M, K].</param>
    /// <param name="first">The layer; its first row is the first one taken.</param>
    /// <param name="suffix">Sets a part of a packed weight apart from the whole.</param>
    /// <param name="rows">How many rows are taken.</param>
    /// <param name="gain">A factor of the bias.</param>
    /// <param name="scale">The layer scale behind the layer that goes into the scales of its quantized rows; null for none.</param>
    public Tensor Run(string name, Tensor x, LinearOp first, string suffix, int rows, double gain = 1, Node? scale = null)
    {
        int inputs = first.Weight.Shape[1];
        float[]? layerScale = scale?.Op is ChannelScaleOp { Scale: var parameter } ? context.Weights.Read(parameter) : null;
        Tensor? bias = first.Bias is null ? null
            : gain == 1 && layerScale is null
            ? context.Weights.Get(first.Bias, suffix, first.FirstRow, [rows], context.Products)
            : context.Weights.Store(first.Bias.Name + suffix, [rows], [.. context.Weights.Read(first.Bias)[first.FirstRow..(first.FirstRow + rows)].Select((b, row) => (float)(b * gain * (layerScale?[row] ?? 1)))], context.Products);
        if (context.QuantizesLinear)
        {
            return Quantized(name, x, context.Weights.Read(first.Weight).AsSpan(first.FirstRow * inputs, rows * inputs), first.Weight.Name + suffix, bias, layerScale);
        }

        return _graph.Gemm(name, x, context.Weights.Get(first.Weight, suffix, first.FirstRow * inputs, [rows, inputs], context.Products), bias);
    }

    /// <summary>The layer scale that <c>Run</c> can take in; null when there is none, or nothing is quantized.</summary>
    public Node? Scale(Node linear) => context.QuantizesLinear ? context.Uses.Next<ChannelScaleOp>(linear) : null;

    private Tensor Quantized(string name, Tensor x, ReadOnlySpan<float> weight, string weightName, Tensor? bias, float[]? layerScale)
    {
        int inputs = x.Dims[1], rows = weight.Length / inputs;
        if (!_quantized.TryGetValue(weightName, out (Tensor Stored, double[] Scales) kept))
        {
            kept = Quantize(weight, rows, inputs, weightName, layerScale);
            _quantized.Add(weightName, kept);
        }

        Tensor[] quantized = _graph.Node(
            $"{name}/quantized", "DynamicQuantizeLinear", [x],
            [(ElementType.UInt8, x.Dims), (ElementType.Float, []), (ElementType.UInt8, [])]);
        Tensor product = _graph.Node($"{name}/integers", "MatMulInteger", [quantized[0], kept.Stored, quantized[2]], ElementType.Int32, [x.Dims[0], rows]);
        Tensor scale = _graph.Mul($"{name}/scale", quantized[1], _graph.Constant(ElementType.Float, [rows], kept.Scales));
        Tensor real = _graph.Cast(product, ElementType.Float);
        return bias is null ? _graph.Mul(name, real, scale) : _graph.Add(name, _graph.Mul($"{name}/scaled", real, scale), bias);
    }

    // The weight [K, N] in bytes, and what each output is multiplied by.
    private (Tensor Stored, double[] Scales) Quantize(ReadOnlySpan<float> weight, int rows, int inputs, string weightName, float[]? layerScale)
    {
        sbyte[] bytes = new sbyte[weight.Length];
        double[] scales = new double[rows];
        for (int row = 0; row < rows; row++)
        {
            ReadOnlySpan<float> line = weight.Slice(row * inputs, inputs);
            float largest = 0;
            foreach (float value in line)
            {
                largest = Math.Max(largest, Math.Abs(value));
            }

            scales[row] = largest == 0 ? 1 : largest / 127.0;
            for (int k = 0; k < inputs; k++)
            {
                bytes[k * rows + row] = (sbyte)Math.Round(line[k] / scales[row]);
            }

            if (layerScale is not null)
            {
                scales[row] *= layerScale[row];
            }
        }

        return (_graph.Initializer($"{weightName}/int8", ElementType.Int8, [inputs, rows], MemoryMarshal.AsBytes<sbyte>(bytes).ToArray()), scales);
    }
}
