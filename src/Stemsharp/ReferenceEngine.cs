using Stemsharp.Graph;
using Stemsharp.Graph.Interpretation;
using Stemsharp.Inference;

namespace Stemsharp;

/// <summary>
/// The scalar interpreter as an engine: exact, single-threaded and hundreds of times slower than the real one. What
/// other engines are compared with.
/// </summary>
internal sealed class ReferenceEngine : ISegmentEngine
{
    private readonly Interpreter _interpreter;

    /// <param name="graph">The network, recorded for the shape.</param>
    /// <param name="weights">Its trained values.</param>
    /// <param name="shape">What goes in and comes out.</param>
    public ReferenceEngine(Graph.Graph graph, IWeightSource weights, SegmentShape shape)
    {
        _interpreter = new Interpreter(graph, weights);
        Shape = shape;
    }

    public SegmentShape Shape { get; }

    public string Description => "reference (scalar, double precision)";

    public void Run(
        ReadOnlySpan<float> spectrogram,
        ReadOnlySpan<float> waveform,
        Span<float> spectrograms,
        Span<float> waveforms,
        CancellationToken cancellationToken)
    {
        double[][] outputs = _interpreter.Run(
            [Widen(spectrogram), Widen(waveform)], (_, _) => cancellationToken.ThrowIfCancellationRequested());
        Narrow(outputs[0], spectrograms);
        Narrow(outputs[1], waveforms);
    }

    public void Dispose()
    {
    }

    private static double[] Widen(ReadOnlySpan<float> values)
    {
        double[] result = new double[values.Length];
        for (int i = 0; i < result.Length; i++)
        {
            result[i] = values[i];
        }

        return result;
    }

    private static void Narrow(double[] values, Span<float> destination)
    {
        for (int i = 0; i < values.Length; i++)
        {
            destination[i] = (float)values[i];
        }
    }
}
