using Stemsharp.Fleet.Protocol;

namespace Stemsharp.Fleet.Bench.Simulation;

/// <summary>Many workers and many jobs, by the very code that works on a real server, on a clock and a server that are made up.</summary>
internal sealed class SimulationRun
{
    private const string Model = "htdemucs";
    private const long Second = TimeSpan.TicksPerSecond;
    private const double MostTimes = 20;

    private static readonly JobResult s_result = new([], 180, 24, "cpu", []);

    private readonly SimulatedClock _clock = new();
    private readonly HashSet<string> _published = [];
    private SimulatedServer _server = null!;
    private Random _random = null!;
    private long _ended, _deaths, _started, _storeBusyUntil, _storeBusy, _lastEnd;
    private double _workSeconds;

    internal required ServerRates Rates { get; init; }

    internal NetworkFaults Faults { get; init; } = NetworkFaults.None;

    internal int Jobs { get; init; } = 1_000_000;

    internal int Workers { get; init; } = 1000;

    /// <summary>How long a job takes: 24 s for three minutes on two cores.</summary>
    internal double JobSeconds { get; init; } = 24;

    /// <summary>How often in an hour a worker is killed.</summary>
    internal double KillsPerHour { get; init; }

    /// <summary>Share of the jobs that fail each time, and of those that kill each worker.</summary>
    internal double Poisoned { get; init; }

    /// <summary>Bytes that a job moves in and out of the object store; 0 for a shared file system.</summary>
    internal double StoreBytes { get; init; }

    /// <summary>Most jobs at once that the server hands out; null for as many as workers ask it for.</summary>
    internal int? Allowed { get; init; }

    internal TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(60);

    internal int Seed { get; init; } = 25;

    internal Action<string> Say { get; init; } = _ => { };

    internal SimulationReport Run()
    {
        // What waits for an event goes on within it, on this thread: with a context it would go on some time, elsewhere.
        SynchronizationContext? context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            return Simulate();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    private SimulationReport Simulate()
    {
        _random = new Random(Seed);
        _server = new SimulatedServer(_clock, Rates, Faults, Seed);
        _server.Begin(Lease, Allowed);
        _server.Jobs.Written = Look;
        SubmitAll();
        long began = _clock.Now, limit = began + (long)((MostTimes * Jobs * JobSeconds / Workers + 24 * 3600) * Second);
        for (int i = 0; i < Workers; i++)
        {
            Start();
        }

        long busy = _server.Busy, nextTold = 0;
        int mostRunning = 0;
        long judged = 0;
        _clock.Run(() =>
        {
            // What is out is looked at once in a second; a look at every event would take longer than the events.
            if (_clock.Now >= judged)
            {
                judged = _clock.Now + Second;
                mostRunning = Math.Max(mostRunning, _server.Queue!.Running);
            }

            if (_ended >= nextTold)
            {
                Say($"{_ended} of {Jobs} jobs after {(_clock.Now - began) / Second} s");
                nextTold += Math.Max(1, Jobs / 10);
            }

            return _ended == Jobs || _clock.Now > limit;
        });
        double elapsed = (_lastEnd - began) / (double)Second;
        return Judge(elapsed, (_server.Busy - busy) / (double)Second / elapsed, mostRunning);
    }

    // The records say what has ended: a worker may be killed behind its last word.
    private void Look(byte[] record)
    {
        if (record.AsSpan().IndexOf("\"ended\":"u8) >= 0)
        {
            _ended++;
            _lastEnd = _clock.Now;
        }
    }

    private void SubmitAll()
    {
        SimulatedFleet fleet = new(_server, new SimulatedClient(_clock), Lease);
        FleetJobs jobs = new(fleet, new Patience(fleet.Clock));
        int done = 0, next = 0;
        async Task SubmitAsync()
        {
            while (next < Jobs)
            {
                await jobs.SubmitAsync(new FleetJob($"{next++}", Model, "", []), new SubmitOptions(), CancellationToken.None).ConfigureAwait(false);
                done++;
            }
        }

        for (int i = 0; i < 32; i++)
        {
            _ = SubmitAsync();
        }

        _clock.Run(() => done == Jobs);
    }

    private void Start()
    {
        SimulatedClient client = new(_clock);
        int number = (int)_started++;
        WorkerOptions options = new() { Id = $"worker-{number}", Memory = () => 0 };
        FleetWorker worker = new(new SimulatedFleet(_server, client, Lease), options, (held, token) => WorkAsync(client, held, token), new NoEvents());
        // Not all at the same moment.
        client.After((long)(_random.NextDouble() * Second), () => _ = worker.RunAsync(CancellationToken.None));
        if (KillsPerHour > 0)
        {
            client.After((long)(-Math.Log(1 - _random.NextDouble()) / KillsPerHour * 3600 * Second), () => Kill(client));
        }
    }

    private void Kill(SimulatedClient client)
    {
        if (client.IsDead)
        {
            return;
        }

        client.Kill();
        _deaths++;
        _clock.After(30 * Second, Start);
    }

    private async Task<JobResult> WorkAsync(SimulatedClient client, HeldJob held, CancellationToken cancellationToken)
    {
        int number = int.Parse(held.Job.Input, System.Globalization.CultureInfo.InvariantCulture);
        if (_published.Contains(held.Job.Id))
        {
            return s_result;
        }

        await TransferAsync(client, StoreBytes * 0.2, cancellationToken).ConfigureAwait(false);
        if (IsDeadly(number))
        {
            await Task.Delay(TimeSpan.FromSeconds(JobSeconds / 2), client, cancellationToken).ConfigureAwait(false);
            client.After(0, () => Kill(client));
            await Task.Delay(Timeout.InfiniteTimeSpan, client, cancellationToken).ConfigureAwait(false);
        }

        if (IsBroken(number))
        {
            throw new JobFailedException("audio", "It is no sound.");
        }

        await Task.Delay(TimeSpan.FromSeconds(JobSeconds), client, cancellationToken).ConfigureAwait(false);
        await TransferAsync(client, StoreBytes * 0.8, cancellationToken).ConfigureAwait(false);
        await held.ConfirmAsync(cancellationToken).ConfigureAwait(false);
        _workSeconds += JobSeconds;
        _published.Add(held.Job.Id);
        return s_result;
    }

    // One after the other over the store's whole rate: the same in sum as side by side.
    private async Task TransferAsync(SimulatedClient client, double bytes, CancellationToken cancellationToken)
    {
        if (bytes > 0)
        {
            long cost = (long)(bytes / Rates.StoreBytes * Second);
            _storeBusyUntil = Math.Max(_storeBusyUntil, _clock.Now) + cost;
            _storeBusy += cost;
            await Task.Delay(TimeSpan.FromTicks(_storeBusyUntil - _clock.Now), client, cancellationToken).ConfigureAwait(false);
        }
    }

    private bool IsDeadly(int number) => Poisoned > 0 && number % (int)(1 / Poisoned) == 1;

    private bool IsBroken(int number) => Poisoned > 0 && number % (int)(1 / Poisoned) == 2;

    private SimulationReport Judge(double elapsed, double utilisation, int mostRunning)
    {
        int lost = 0, wrong = 0, unlucky = 0;
        foreach (BucketEntry entry in _server.Jobs.All)
        {
            JobRecord record = JobRecord.Of(entry.Value);
            int number = int.Parse(record.Job.Input, System.Globalization.CultureInfo.InvariantCulture);
            bool poisoned = IsDeadly(number) || IsBroken(number);
            lost += record.HasEnded ? 0 : 1;
            unlucky += !poisoned && record.State == JobState.Dead ? 1 : 0;
            wrong += poisoned ? record.State == JobState.Dead && !_published.Contains(record.Job.Id) ? 0 : 1 : record.State == JobState.Done && _published.Contains(record.Job.Id) ? 0 : 1;
        }

        int records = _server.Jobs.All.Count(), letters = _server.DeadLetters.All.Count();
        return new SimulationReport(
            Jobs, Workers, records, lost, wrong - unlucky, unlucky, letters, _deaths, elapsed, Jobs * JobSeconds / Workers, utilisation, _storeBusy / (double)Second / elapsed, mostRunning,
            _workSeconds / elapsed / Workers);
    }

    private sealed class NoEvents : IWorkerEvents
    {
        public void Taken(JobRecord record) { }

        public void Left(JobRecord record, WorkOutcome outcome, TimeSpan elapsed) { }

        public void Note(string message) { }
    }
}
