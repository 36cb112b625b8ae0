using Stemsharp.Checkpoints;
using Stemsharp.Cpu;
using Stemsharp.Graph;
using Stemsharp.Simd;

namespace Stemsharp.Tests.Cpu;

/// <summary>The recipe of the synthetic checkpoints for any parameter: numbers that fit into 16 bits, unless they are stretched.</summary>
/// <param name="factor">What they are multiplied with.</param>
internal sealed class MadeWeights(float factor = 1) : IWeightSource
{
    public void Read(Parameter parameter, Span<float> destination)
    {
        new SyntheticTensor(parameter.Name, parameter.Shape.Dims).CopyTo(destination);
        foreach (ref float value in destination)
        {
            value *= factor;
        }
    }

    public bool TryReadHalf(Parameter parameter, Span<Half> destination) => false;
}

/// <summary>A plan, a session of it, and its threads.</summary>
internal sealed unsafe class PlanRun : IDisposable
{
    private readonly Plan _plan;
    private readonly WorkerPool _workers;
    private readonly Session _session;

    public PlanRun(Graph.Graph graph, IWeightSource weights, int threads, SimdTier? tier = null)
    {
        _plan = PlanBuilder.Compile(graph, weights, tier ?? SimdTier.Chosen, threads);
        _workers = new WorkerPool(threads);
        _session = new Session(_plan, _workers);
    }

    public Plan Plan => _plan;

    public Span<float> Input(int port) => Memory(_plan.Inputs[port]);

    public Span<float> Output(int port) => Memory(_plan.Outputs[port]);

    public void Run(CancellationToken cancellationToken)
    {
        _session.Run(cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
    }

    public void Dispose()
    {
        _workers.Dispose();
        _session.Dispose();
        _plan.Dispose();
    }

    private Span<float> Memory(PlanPort port) => new(_session.Port(port), port.Tensor.Channels * port.Tensor.Positions);
}
