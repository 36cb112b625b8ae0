namespace Stemsharp.Export.Onnx.Targets;

/// <summary>
/// The table of targets. Operators that no exported graph uses are left out: an operator that is not here counts
/// as not taken. docs/hosts/targets.md shows it, and a test holds the page to it.
/// </summary>
internal static class OnnxTargets
{
    private const ElementType F = ElementType.Float, H = ElementType.Half, I = ElementType.Int32, L = ElementType.Int64, B = ElementType.Int8, U = ElementType.UInt8;

    private static readonly string[] s_common =
    [
        "Add", "Concat", "Conv", "ConvTranspose", "Div", "Elu", "Erf", "Exp", "Gelu", "Gemm", "LayerNormalization", "MatMul", "Mul",
        "ReduceMean", "ReduceSum", "Relu", "Reshape", "Sigmoid", "Slice", "Softmax", "Split", "Sqrt", "Squeeze", "Sub", "Tanh", "Transpose", "Unsqueeze",
    ];

    /// <summary>All targets, in the order of the page.</summary>
    public static IReadOnlyList<OnnxTarget> All { get; } =
    [
        new()
        {
            Name = "cpu",
            Title = "onnxruntime's CPU provider, 1.31",
            Opsets = (7, 24),
            Operators = Table(["Compress", "Expand", "Gather", "LSTM", "Max", "Pad", "ReduceSumSquare", "Sum"], ("Cast", [F, H, I, L, B, U]), ("QuantizeLinear", [F, B, U]), ("DequantizeLinear", [F, B, U]), ("DynamicQuantizeLinear", [F, U]), ("MatMulInteger", [B, U, I])),
            Notes = ["Most operators have no kernel for halves: onnxruntime casts to single precision around them. Every kind of exported graph is run on it by the tests."],
            Sources = ["https://github.com/microsoft/onnxruntime/blob/main/docs/OperatorKernels.md#cpuexecutionprovider"],
        },
        new()
        {
            Name = "cuda",
            Title = "onnxruntime's CUDA provider, 1.31",
            Opsets = (7, 24),
            LeavesRest = true,
            Form = OnnxForm.Gpu,
            Opset = 20,
            AttentionLimit = 0,
            Operators = Table(["Compress", "Expand", "Gather", "LSTM", "Max", "Pad", "ReduceSumSquare", "Sum"], ("Cast", [F, H, I, L, B, U]), ("QuantizeLinear", [F, H, B, U]), ("DequantizeLinear", [F, H, B, U]), ("MatMulInteger", [B, I])),
            Notes = ["Precision comes from the graph: Stemsharp switches TF32 off. DynamicQuantizeLinear has no kernel, so that integers cost copies."],
            Sources = ["https://github.com/microsoft/onnxruntime/blob/main/docs/OperatorKernels.md#cudaexecutionprovider", "https://onnxruntime.ai/docs/execution-providers/CUDA-ExecutionProvider.html"],
        },
        new()
        {
            Name = "tensorrt",
            Title = "TensorRT 10, by its ONNX parser",
            Opsets = (9, 20),
            HighestRank = 8,
            MostElements = int.MaxValue,
            Form = OnnxForm.Gpu,
            Opset = 20,
            AttentionLimit = 0,
            Operators = Table(["Expand", "Gather", "LSTM", "Max", "Pad", "ReduceSumSquare", "Sum"], ("Cast", [F, H, I, L]), ("QuantizeLinear", [F, H, B]), ("DequantizeLinear", [F, H, B])),
            Notes = ["Opset 9 to 20 is TensorRT 10.0's range; later versions take newer ones as well.", "Axes of ReduceSum, Pad, Slice and others must be initializers, as they are in every exported graph.", "Of integers only int8 by QuantizeLinear and DequantizeLinear: dynamically quantized graphs are refused."],
            Sources =
            [
                "https://github.com/onnx/onnx-tensorrt/blob/release/10.1-GA/docs/operators.md",
                "https://docs.nvidia.com/deeplearning/tensorrt/latest/_static/c-api/classnvinfer1_1_1_dims64.html",
            ],
        },
        new()
        {
            Name = "web-wasm",
            Title = "onnxruntime-web 1.23, wasm",
            Opsets = (7, 23),
            Form = OnnxForm.Wasm,
            AttentionLimit = 4,
            Operators = Table(["Compress", "Expand", "Gather", "LSTM", "Max", "Pad", "ReduceSumSquare", "Sum"], ("Cast", [F, H, I, L, B, U]), ("QuantizeLinear", [F, B, U]), ("DequantizeLinear", [F, B, U]), ("DynamicQuantizeLinear", [F, U]), ("MatMulInteger", [B, U, I])),
            Notes = ["The kernels are the CPU provider's. Most have none for halves: onnxruntime casts to single precision around them.", "wasm addresses 4 GB, for everything together."],
            Sources =
            [
                "https://github.com/microsoft/onnxruntime/blob/main/docs/OperatorKernels.md",
                "https://onnxruntime.ai/docs/tutorials/web/large-models.html",
            ],
        },
        new()
        {
            Name = "web-webgpu",
            Title = "onnxruntime-web 1.23, WebGPU",
            Opsets = (7, 23),
            MostBytes = 128 << 20,
            LeavesRest = true,
            Operators = Table(["Expand", "Gather", "Pad", "ReduceSumSquare"], ("Cast", [F, H, I]), ("DequantizeLinear", [F, H, B, U])),
            Notes = ["128 MiB is what every WebGPU device binds as one buffer; many bind more.", "Halves need the device's shader-f16 feature."],
            Sources =
            [
                "https://github.com/microsoft/onnxruntime/blob/main/js/web/docs/webgpu-operators.md",
                "https://www.w3.org/TR/webgpu/#limits",
            ],
        },
        new()
        {
            Name = "coreml",
            Title = "onnxruntime's CoreML provider, ML programs",
            Opsets = (7, 23),
            HighestRank = 5,
            LeavesRest = true,
            Operators = Table(["Max"], ("Cast", [F, H, I, L])),
            Notes = ["Conv has one or two spatial axes, and a bias must be constant; weights of ConvTranspose must be constant. A weight behind a Cast is constant once onnxruntime has folded it.", "A CoreML package of Stemsharp's own has no such limits: see coreml.md."],
            Sources =
            [
                "https://onnxruntime.ai/docs/execution-providers/CoreML-ExecutionProvider.html",
                "https://github.com/microsoft/onnxruntime/blob/main/tools/ci_build/github/apple/coreml_supported_mlprogram_ops.md",
            ],
        },
        new()
        {
            Name = "directml",
            Title = "onnxruntime's DirectML provider",
            Opsets = (7, 20),
            HighestRank = 8,
            MostBytes = uint.MaxValue,
            LeavesRest = true,
            Operators = Table(["Expand", "Gather", "LSTM", "Max", "Pad", "ReduceSumSquare", "Sum"], ("Cast", [F, H, I, L, B, U]), ("QuantizeLinear", [F, H, B, U]), ("DequantizeLinear", [F, H, B, U]), ("DynamicQuantizeLinear", [F, B, U]), ("MatMulInteger", [B, U, I])),
            Sources =
            [
                "https://github.com/microsoft/onnxruntime/blob/main/docs/OperatorKernels.md#dmlexecutionprovider",
                "https://onnxruntime.ai/docs/execution-providers/DirectML-ExecutionProvider.html",
                "https://learn.microsoft.com/en-us/windows/win32/api/directml/ns-directml-dml_buffer_tensor_desc",
            ],
        },
    ];

    /// <summary>The target of that name.</summary>
    /// <exception cref="OptionException">There is none.</exception>
    public static OnnxTarget Of(string name) =>
        All.FirstOrDefault(t => t.Name == name) ?? throw new OptionException($"There is no target {name}; {string.Join(", ", All.Select(t => t.Name))} are.");

    // Single and half precision for everything but what is listed with its own types.
    private static Dictionary<string, ElementType[]> Table(string[] more, params (string Name, ElementType[] Types)[] others) =>
        s_common.Concat(more).Select(name => (Name: name, Types: (ElementType[])[F, H])).Concat(others).ToDictionary(o => o.Name, o => o.Types);
}
