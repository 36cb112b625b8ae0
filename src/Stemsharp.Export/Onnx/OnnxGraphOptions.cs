using Stemsharp.Inference;

namespace Stemsharp.Export.Onnx;

/// <summary>How one network becomes an ONNX graph.</summary>
internal sealed record OnnxGraphOptions
{
    public OnnxGraphKind Kind { get; init; } = OnnxGraphKind.Waveform;

    public OnnxPrecision Precision { get; init; } = OnnxPrecision.Fp32;

    /// <summary>For whom nodes are made.</summary>
    public OnnxForm Form { get; init; } = OnnxForm.Portable;

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

    /// <summary>Samples of a segment of a network: those that are set, or the shortest length that it takes for its own.</summary>
    /// <param name="network">Its definition.</param>
    public int SamplesOf(NetworkDefinition network) => Samples ?? network.Cut.NetworkSamples(network.Cut.Samples);

    /// <summary>Checks what can be checked without a model.</summary>
    /// <exception cref="OptionException">Names the option, its value and what is valid.</exception>
    public void Validate()
    {
        if (!OnnxModelBuilder.Opsets.ContainsKey(Opset))
        {
            throw new OptionException($"Operator set {Opset} is not supported; {string.Join(", ", OnnxModelBuilder.Opsets.Keys)} are.");
        }

        if (Batch is < 1 or > 64)
        {
            throw new OptionException($"A batch of {Batch} is not valid; 1 to 64 are.");
        }

        if (ScoreLimit < 1 << 20)
        {
            throw new OptionException($"A limit of {ScoreLimit} bytes for attention's scores is not valid; at least 1 MB is.");
        }

        if (Int8 && Precision != OnnxPrecision.Fp32)
        {
            throw new OptionException($"int8 goes with fp32 only, not {Precision.ToString().ToLowerInvariant()}: integers take the place of the linear layers' halves.");
        }
    }
}
