using Stemsharp.Fleet.Nats;
using Stemsharp.Fleet.Protocol;

namespace Stemsharp.Web.Tests.Fleets;

/// <summary>A fleet's worker whose stems are the song itself, in this process, so that a test decides when something happens.</summary>
internal sealed class TestWorker : IWorkerEvents, IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly NatsFleet _fleet;
    private readonly Func<HeldJob, CancellationToken, Task>? _before;
    private readonly Task _work;

    private TestWorker(NatsFleet fleet, WorkerOptions options, Func<HeldJob, CancellationToken, Task>? before)
    {
        (_fleet, _before) = (fleet, before);
        FleetWorker worker = new(fleet, options, WorkAsync, this);
        _work = worker.RunAsync(_stop.Token);
    }

    /// <summary>The inputs of jobs in the order in which they were taken.</summary>
    internal List<string> Inputs { get; } = [];

    /// <summary>How often a job's files were put in place, by its ID.</summary>
    internal Dictionary<string, int> Published { get; } = [];

    /// <summary>Starts one.</summary>
    /// <param name="url">The fleet.</param>
    /// <param name="before">Done with each job before its files are written.</param>
    /// <param name="options">What it takes.</param>
    /// <param name="leaseSeconds">The fleet's lease.</param>
    internal static async Task<TestWorker> StartAsync(
        string url, Func<HeldJob, CancellationToken, Task>? before = null, WorkerOptions? options = null, double leaseSeconds = 2) =>
        new(await TestFleets.OpenAsync(url, leaseSeconds), options ?? new WorkerOptions(), before);

    /// <summary>Waits until it has ended by itself.</summary>
    internal Task EndAsync() => _work;

    void IWorkerEvents.Taken(JobRecord record)
    {
        lock (Inputs)
        {
            Inputs.Add(record.Job.Input);
        }
    }

    public void Left(JobRecord record, WorkOutcome outcome, TimeSpan elapsed) { }

    public void Note(string message) { }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _work;
        await _fleet.DisposeAsync();
        _stop.Dispose();
    }

    private async Task<JobResult> WorkAsync(HeldJob held, CancellationToken token)
    {
        await (_before?.Invoke(held, token) ?? Task.CompletedTask);
        if (held.Job.Settings.FirstOrDefault(s => s.StartsWith("--out=", StringComparison.Ordinal)) is not { } named || !File.Exists(held.Job.Input))
        {
            return new JobResult([], 1, 1, "none", []);
        }

        await held.ConfirmAsync(token);
        string folder = Path.Combine(named["--out=".Length..], held.Job.Model, "source");
        Directory.CreateDirectory(folder);
        string[] stems = held.Job.Settings.FirstOrDefault(s => s.StartsWith("--stems=", StringComparison.Ordinal)) is { } wanted ? wanted["--stems=".Length..].Split(',') : FakeSeparator.Stems;
        string[] files = [.. stems.Select(stem => Path.Combine(folder, stem + ".wav"))];
        foreach (string file in files)
        {
            File.Copy(held.Job.Input, file, overwrite: true);
        }

        lock (Published)
        {
            Published[held.Job.Id] = Published.GetValueOrDefault(held.Job.Id) + 1;
        }

        return new JobResult(files, 0.5, 0.25, "none", ["It was odd."]);
    }
}
