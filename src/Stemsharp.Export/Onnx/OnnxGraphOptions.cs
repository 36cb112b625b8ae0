namespace Stemsharp.Export.Onnx;

/// <summary>How one network becomes an ONNX graph.</summary>
internal sealed record OnnxGraphOptions
{
    public OnnxGraphKind Kind { get; init; } = OnnxGraphKind.Waveform;

    public OnnxPrecision Precision { get; init; } = OnnxPrecision.Fp32;

    /// <summary>Store large weights as the halves they come in, with a Cast where they are needed as singles.</summary>
    public bool HalfWeights { get; init; } = true;

    /// <summary>
    /// In single precision, fold norms into convolutions and make transposed convolutions plain ones. Off, nodes
    /// follow the model's modules.
    /// </summary>
    public bool Fused { get; init; } = true;

    public int Opset { get; init; } = 17;

    /// <summary>Linear layers as products of integers, quantised at run time; goes with single precision.</summary>
    public bool Int8 { get; init; }

    /// <summary>Segments per run.</summary>
    public int Batch { get; init; } = 1;

    /// <summary>Samples of a segment; null for the length the model was trained at.</summary>
    public int? Samples { get; init; }

    /// <summary>Attention takes its queries in blocks so that no score tensor is larger than this many bytes.</summary>
    public long ScoreLimit { get; init; } = 128 << 20;

    /// <summary>The stems that the graph gives, by name; null for all.</summary>
    public IReadOnlyList<string>? Stems { get; init; }
}
