using Stemsharp.Signal;

namespace Stemsharp.Export.Onnx.Lowering;

/// <summary>A network's STFT and its inverse inside a graph, real-valued.</summary>
internal abstract class TransformLowering
{
    /// <summary>What the names of its nodes begin with; those of the inverse have an i before it.</summary>
    protected const string Scope = "stft";

    /// <summary>The best lowering of a transform.</summary>
    /// <param name="graph">The graph to write to.</param>
    /// <param name="definition">The transform; valid.</param>
    /// <param name="samples">Samples L of a segment.</param>
    /// <param name="fused">Whether nodes may take the forms that are fastest in single precision.</param>
    /// <exception cref="ModelException">The graph cannot be written for so few samples.</exception>
    public static TransformLowering Create(OnnxGraph graph, TransformDefinition definition, int samples, bool fused) => definition.IsQuarterHop
        ? new QuarterHopLowering(graph, definition.Nfft, samples, definition.Frames(samples), fused)
        : new DefinedLowering(graph, definition, samples);

    /// <summary>mix [N, A, L] → spectrogram [N, 2·A, F, T].</summary>
    public abstract Tensor Forward(Tensor mix);

    /// <summary>What the bins are multiplied with before <see cref="Inverse"/>, [F, 1].</summary>
    public abstract Tensor Gains();

    /// <summary>Spectrograms [N, S, 2·A, F, T], bins already times <see cref="Gains"/>, → waveforms [N, S, A, L].</summary>
    public abstract Tensor Inverse(Tensor spectrograms);

    /// <summary>e^(−2πi·k·n/length), with the product taken modulo the length first, as it may be large.</summary>
    protected static (double Cos, double Sin) Turn(long k, long n, int length)
    {
        (double sin, double cos) = Math.SinCos(-2 * Math.PI * (k * n % length) / length);
        return (cos, sin);
    }
}
