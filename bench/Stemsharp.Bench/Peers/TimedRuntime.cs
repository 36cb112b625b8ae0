using System.Diagnostics;
using Stemsharp.Inference;

namespace Stemsharp.Bench.Peers;

/// <summary>A runtime that says how long the network alone took in its last run.</summary>
internal sealed unsafe class TimedRuntime(INetworkRuntime inner) : INetworkRuntime
{
    /// <summary>Of the last run, transforms not included.</summary>
    public double Seconds { get; private set; }

    public EngineIdentity Identity => inner.Identity;

    public string Description => inner.Description;

    public bool IsReproducible => inner.IsReproducible;

    public long HostBytes => inner.HostBytes;

    public bool Serves(int samples, long pieces) => inner.Serves(samples, pieces);

    public IReadOnlyList<INetworkSession> Arrange(int samples, long pieces) => [.. inner.Arrange(samples, pieces).Select(s => new TimedSession(this, s))];

    public void Dispose() => inner.Dispose();

    // It lends the session's own memory, so nothing is copied.
    private sealed class TimedSession(TimedRuntime owner, INetworkSession session) : INetworkSession
    {
        public IWorkers? Workers => session.Workers;

        public float* Input(PortRole role) => session.Input(role);

        public float* Output(PortRole role) => session.Output(role);

        public void Run(CancellationToken cancellationToken)
        {
            long start = Stopwatch.GetTimestamp();
            session.Run(cancellationToken);
            owner.Seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        public void Dispose() => session.Dispose();
    }
}
