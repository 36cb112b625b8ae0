namespace Stemsharp.Export.Onnx;

/// <summary>Which types an exported graph computes in.</summary>
public enum OnnxPrecision
{
    /// <summary>Everything in single precision.</summary>
    Fp32,

    /// <summary>
    /// Convolutions, linear layers and attention's products take and give halves; norms, statistics, softmax,
    /// activations, residual sums, STFT, inverse and the last sum are in single precision.
    /// </summary>
    Mixed,

    /// <summary>Everything in half precision but norms and statistics. Inputs and outputs stay single.</summary>
    Fp16,
}
