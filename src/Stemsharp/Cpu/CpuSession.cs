using System.Runtime.CompilerServices;
using Stemsharp.Inference;
using Stemsharp.MachineCode;

namespace Stemsharp.Cpu;

/// <summary>A session of a plan on threads of its own, with its memory by role.</summary>
internal sealed unsafe class CpuSession : INetworkSession
{
    private readonly WorkerPool _workers;
    private readonly OwnThread? _thread;
    private readonly PlanPort?[] _inputs, _outputs;

    /// <param name="plan">What to run.</param>
    /// <param name="definition">Which port has which role.</param>
    /// <param name="threads">Threads, at least 1.</param>
    /// <param name="profile">Whether to sum up the time of each step.</param>
    /// <param name="ownThreads">Whether the plan runs on threads with <see cref="SignalStack"/>s only, never on the caller's.</param>
    public CpuSession(Plan plan, NetworkDefinition definition, int threads, bool profile, bool ownThreads)
    {
        _workers = new WorkerPool(threads, ownThreads);
        _thread = ownThreads ? new OwnThread("stemsharp worker 0") : null;
        Session = new Session(plan, _workers, profile);
        _inputs = ByRole(definition.Inputs, plan.Inputs);
        _outputs = ByRole(definition.Outputs, plan.Outputs);
    }

    /// <summary>The run of the plan.</summary>
    public Session Session { get; }

    /// <inheritdoc/>
    public IWorkers Workers => _workers;

    /// <inheritdoc/>
    public float* Input(PortRole role) => _inputs[(int)role] is { } port ? Session.Port(port) : null;

    /// <inheritdoc/>
    public float* Output(PortRole role) => _outputs[(int)role] is { } port ? Session.Port(port) : null;

    /// <inheritdoc/>
    public void Run(CancellationToken cancellationToken)
    {
        OnOwnThread(() => Session.Run(cancellationToken));
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <inheritdoc/>
    public void Rehearse() => OnOwnThread(Session.Rehearse);

    /// <inheritdoc/>
    public void Dispose()
    {
        _thread?.Dispose();
        _workers.Dispose();
        Session.Dispose();
    }

    // On the caller's where any will do.
    private void OnOwnThread(Action work)
    {
        if (_thread is null)
        {
            work();
        }
        else
        {
            _thread.Run(work);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static PlanPort?[] ByRole(IEnumerable<NetworkPort> named, IReadOnlyList<PlanPort> ports)
    {
        PlanPort?[] result = new PlanPort?[Enum.GetValues<PortRole>().Length];
        foreach (NetworkPort port in named)
        {
            result[(int)port.Role] = ports.Single(p => p.Name == port.Name);
        }

        return result;
    }
}
