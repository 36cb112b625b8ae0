using System.Globalization;

namespace Stemsharp.Export.Onnx;

/// <summary>How a model is exported.</summary>
public sealed record OnnxExportOptions
{
    /// <summary>What the graphs take and give. Default: waveforms.</summary>
    public OnnxGraphKind Graph { get; init; } = OnnxGraphKind.Waveform;

    /// <summary>The types that the graphs compute in. Default: single precision.</summary>
    public OnnxPrecision Precision { get; init; } = OnnxPrecision.Fp32;

    /// <summary>For whom nodes are made. Default: for every runtime.</summary>
    public OnnxForm Form { get; init; } = OnnxForm.Portable;

    /// <summary>
    /// Compute the transformer's linear layers with integers: weights in signed bytes, activations in bytes by the range
    /// that they have at run time. Goes with single precision. What it costs is measured and reported. Default false.
    /// </summary>
    public bool Int8 { get; init; }

    /// <summary>
    /// Store large weights that are exact in half precision as halves: half the file, not a bit lost. Default true.
    /// </summary>
    public bool HalfWeights { get; init; } = true;

    /// <summary>Keep the weights in a file of their own, <c>NAME.onnx.data</c>. Default false.</summary>
    public bool ExternalWeights { get; init; }

    /// <summary>Version of the operator set: 17 (default), 18, 19 or 20.</summary>
    public int Opset { get; init; } = 17;

    /// <summary>Segments per run, 1 … 64. Default 1.</summary>
    public int Batch { get; init; } = 1;

    /// <summary>
    /// Length of a segment in seconds. Default null: the length the model was trained on; others change its output.
    /// </summary>
    public double? Segment { get; init; }

    /// <summary>The stems wanted, by name. Default null: all.</summary>
    public IReadOnlyCollection<string>? Stems { get; init; }

    /// <summary>
    /// Attention takes its queries in blocks so that no tensor of scores has more bytes than this. Default 128 MiB.
    /// </summary>
    public long AttentionLimit { get; init; } = 128 << 20;

    /// <summary>Checks what can be checked without a model.</summary>
    /// <exception cref="OptionException">Names the option, its value and what is valid.</exception>
    internal void Validate()
    {
        if (Segment is { } seconds && !(seconds is >= 0.1 and <= 60))
        {
            throw new OptionException(string.Create(CultureInfo.InvariantCulture, $"A segment of {seconds} s is not valid; 0.1 to 60 are."));
        }

        ToGraph().Validate();
    }

    /// <summary>The options of one network's graph; its length and its stems depend on the network.</summary>
    internal OnnxGraphOptions ToGraph() => new()
    {
        Kind = Graph,
        Precision = Precision,
        Form = Form,
        Int8 = Int8,
        HalfWeights = HalfWeights,
        Opset = Opset,
        Batch = Batch,
        ScoreLimit = AttentionLimit,
    };
}
