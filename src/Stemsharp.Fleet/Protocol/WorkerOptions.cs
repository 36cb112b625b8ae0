namespace Stemsharp.Fleet.Protocol;

/// <summary>What a worker takes, and when it ends.</summary>
internal sealed record WorkerOptions
{
    /// <summary>Its name, unlike every other worker's that ever was.</summary>
    public string Id { get; init; } = $"{Environment.MachineName}-{Environment.ProcessId}-{Guid.NewGuid().ToString("N")[..8]}";

    /// <summary>The models that it takes jobs for; empty for all.</summary>
    public IReadOnlyList<string> Models { get; init; } = [];

    /// <summary>Whether it ends when nothing waits and nothing runs of what it takes.</summary>
    public bool UntilEmpty { get; init; }

    /// <summary>It ends after as many jobs; null for never.</summary>
    public long? Most { get; init; }

    /// <summary>What runs the network, for people who look.</summary>
    public string Engine { get; init; } = "";

    /// <summary>Tells the bytes that the worker takes.</summary>
    public Func<long> Memory { get; init; } = () => Environment.WorkingSet;
}
