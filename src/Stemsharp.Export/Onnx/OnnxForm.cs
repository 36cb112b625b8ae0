namespace Stemsharp.Export.Onnx;

/// <summary>For whom an exported graph's nodes are made. All forms compute the same.</summary>
public enum OnnxForm
{
    /// <summary>For every runtime, and the fastest one on processors.</summary>
    Portable,

    /// <summary>
    /// For CUDA and TensorRT: convolutions over time have two axes, transposed ones are plain ones in every precision, and no casts stand
    /// between products of halves.
    /// </summary>
    Gpu,

    /// <summary>
    /// For onnxruntime on wasm, and where else memory is short: between inputs and outputs the first axis is left open, so that onnxruntime
    /// keeps no memory for a later tensor of the same shape. With <see cref="OnnxExportOptions.AttentionLimit"/> at 4 MiB it needs least.
    /// </summary>
    Wasm,
}
