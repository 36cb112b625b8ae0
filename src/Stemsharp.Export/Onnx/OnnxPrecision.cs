namespace Stemsharp.Export.Onnx;

/// <summary>Which types an exported graph computes in.</summary>
public enum OnnxPrecision
{
    /// <summary>Everything in single precision.</summary>
    Fp32,

    /// <summary>
    /// The transformer's linear layers and products and the inner decoders' convolutions take and give halves, three
    /// quarters of the arithmetic; norms, statistics, softmax, activations, residual sums, encoders, the outermost
    /// decoders, STFT, inverse and the last sum are in single precision.
    /// </summary>
    Mixed,

    /// <summary>Everything in half precision but norms and statistics. Inputs and outputs stay single.</summary>
    Fp16,
}
