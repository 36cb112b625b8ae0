using Stemsharp.Export.Onnx.Schema;

namespace Stemsharp.Export.Onnx.Targets;

/// <summary>What somebody should know before running a graph somewhere.</summary>
/// <param name="Runtime">Where.</param>
/// <param name="Text">What happens there, and what to do.</param>
internal sealed record GraphAdvice(string Runtime, string Text)
{
    // Products that large are what a runtime's choice of number type is felt in.
    private const long LargeProduct = 1 << 20;

    /// <summary>What applies to a graph.</summary>
    public static IReadOnlyList<GraphAdvice> Of(ModelProto model)
    {
        GraphProto graph = model.Graph;
        Dictionary<string, int> types = graph.ValueInfo.Concat(graph.Output).ToDictionary(v => v.Name, v => v.Type.TensorType.ElemType);
        bool Computes(NodeProto node, ElementType type) => node.OpType is "Conv" or "Gemm" or "MatMul" && types.GetValueOrDefault(node.Output[0]) == (int)type;
        List<GraphAdvice> advice = [];
        if (graph.Node.Any(n => Computes(n, ElementType.Half)))
        {
            advice.Add(new("web-wasm and CPUs", "halves are computed in single precision between casts, which takes more memory and time than an fp32 graph: htdemucs 2.0 to 2.2 GB of heap in place of 1.2. Export with --precision fp32, and for wasm with --target web-wasm (0.64 GB)"));
        }

        HashSet<string> halves = [.. graph.Initializer.Where(i => i.DataType == (int)ElementType.Half && i.Dims.Aggregate(1L, (n, d) => n * d) >= LargeProduct).Select(i => i.Name)];
        if (graph.Node.Any(n => n.OpType == "Cast" && halves.Contains(n.Input[0])))
        {
            advice.Add(new("tensorrt", "weights are stored as halves and widened in the graph, which it has to compute in advance: export with --weights fp32 if it does not"));
        }

        if (graph.Node.Any(n => Computes(n, ElementType.Float)))
        {
            advice.Add(new("tensorrt", "single precision is rounded to TF32 unless the builder's flag is cleared (trtexec --noTF32)"));
            advice.Add(new("openvino", "on processors that have it, bfloat16 is the default, at 36 dB: set INFERENCE_PRECISION_HINT=f32"));
        }

        if (graph.Node.Any(n => n.OpType is "DynamicQuantizeLinear"))
        {
            advice.Add(new("tensorrt", "integers quantised at run time are refused: export without --quantize"));
        }

        return advice;
    }
}
