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
    /// <param name="weights">Its trained values; read here, not kept.</param>
    /// <param name="shape">What goes in and comes out.</param>
    public ReferenceEngine(Graph.Graph graph, IWeightSource weights, SegmentShape shape)
    {
        _interpreter = new Interpreter(graph, new KeptWeights(graph, weights));
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

    /// <summary>The interpreter reads its weights when it comes to them, long after the checkpoint has been closed.</summary>
    private sealed class KeptWeights : IWeightSource
    {
        private readonly Dictionary<Parameter, float[]> _values = [];

        public KeptWeights(Graph.Graph graph, IWeightSource weights)
        {
            foreach (Parameter parameter in graph.Parameters)
            {
                float[] values = new float[parameter.Shape.Elements];
                weights.Read(parameter, values);
                _values.Add(parameter, values);
            }
        }

        public void Read(Parameter parameter, Span<float> destination) => _values[parameter].CopyTo(destination);

        public bool TryReadHalf(Parameter parameter, Span<Half> destination) => false;
    }
}
