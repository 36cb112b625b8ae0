using System.Runtime.CompilerServices;
using Stemsharp.Graph;
using Stemsharp.Graph.Interpretation;

namespace Stemsharp.Inference;

/// <summary>
/// The scalar interpreter as a runtime: exact, on one thread, and hundreds of times slower than the real ones. What other engines are
/// compared with.
/// </summary>
internal sealed unsafe class InterpretedRuntime(Network network) : INetworkRuntime
{
    private InterpretedSession? _session;
    private int _samples;

    public EngineIdentity Identity { get; } = new("reference", "scalar, double precision", EnginePrecision.Fp32);

    public string Description => "reference (scalar, double precision)";

    public bool IsReproducible => true;

    public long HostBytes => 0;

    /// <summary>An engine of it, with the transform that every engine has around its network.</summary>
    public static SpectralEngine Engine(Network network) => new(network.Definition, new InterpretedRuntime(network), Environment.ProcessorCount);

    public bool Serves(int samples, long pieces) => samples == _samples;

    public IReadOnlyList<INetworkSession> Arrange(int samples, long pieces)
    {
        _session?.Dispose();
        _session = new InterpretedSession(network, samples);
        _samples = samples;
        return [_session];
    }

    public void Dispose() => _session?.Dispose();

    private sealed class InterpretedSession : INetworkSession
    {
        private readonly Graph.Graph _graph;
        private readonly Interpreter _interpreter;
        private readonly PortMemory _inputs, _outputs;
        private readonly NetworkDefinition _definition;

        public InterpretedSession(Network network, int samples)
        {
            _definition = network.Definition;
            _graph = network.Record(samples);
            using INetworkWeights weights = network.OpenWeights(_graph);
            _interpreter = new Interpreter(_graph, new KeptWeights(_graph, weights));
            _inputs = new PortMemory(_definition, _definition.Inputs, samples);
            _outputs = new PortMemory(_definition, _definition.Outputs, samples);
        }

        public IWorkers? Workers => null;

        public float* Input(PortRole role) => _inputs.Pointer(role);

        public float* Output(PortRole role) => _outputs.Pointer(role);

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Run(CancellationToken cancellationToken)
        {
            double[][] inputs = [.. _graph.Inputs.Select(i => Widen(_inputs.Span(_definition.Inputs.Single(p => p.Name == i.Name).Role)))];
            double[][] outputs = _interpreter.Run(inputs, (_, _) => cancellationToken.ThrowIfCancellationRequested());
            for (int i = 0; i < outputs.Length; i++)
            {
                Span<float> target = _outputs.Span(_definition.Outputs.Single(p => p.Name == _graph.Outputs[i].Name).Role);
                for (int j = 0; j < outputs[i].Length; j++)
                {
                    target[j] = (float)outputs[i][j];
                }
            }
        }

        public void Dispose()
        {
            _inputs.Dispose();
            _outputs.Dispose();
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static double[] Widen(ReadOnlySpan<float> values)
        {
            double[] result = new double[values.Length];
            for (int i = 0; i < result.Length; i++)
            {
                result[i] = values[i];
            }

            return result;
        }
    }

    /// <summary>The interpreter reads its weights when it comes to them, long after the checkpoint has been closed.</summary>
    private sealed class KeptWeights : IWeightSource
    {
        private readonly Dictionary<Parameter, float[]> _values = [];

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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
