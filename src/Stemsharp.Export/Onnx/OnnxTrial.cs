using Stemsharp.Export.Interpretation;
using Stemsharp.Export.Onnx.Interpretation;

namespace Stemsharp.Export.Onnx;

/// <summary>Runs written graphs in the interpreter, on made-up music, to say how far one is from another.</summary>
internal static class OnnxTrial
{
    /// <summary>
    /// 10·log₁₀ of the power of the reference's stems over that of the difference, in the part that both graphs see.
    /// Both are waveform graphs with the same stems; their lengths may differ.
    /// </summary>
    /// <param name="reference">The graph to compare with.</param>
    /// <param name="candidate">The graph that is judged.</param>
    /// <param name="cancellationToken">Asked between nodes.</param>
    public static double Snr(string reference, string candidate, CancellationToken cancellationToken)
    {
        (float[] truth, int samples) = Stems(reference, cancellationToken);
        (float[] judged, int judgedSamples) = Stems(candidate, cancellationToken);
        return StemTrial.Snr(truth, samples, judged, judgedSamples);
    }

    private static (float[] Stems, int Samples) Stems(string path, CancellationToken cancellationToken)
    {
        OnnxGraphFile file = OnnxGraphFile.Open(path);
        int[] shape = file.Inputs[0].Shape;
        return (new OnnxInterpreter(file).Run([StemTrial.Music(shape[0], shape[2], shape[1])], cancellationToken)[0], shape[2]);
    }
}
