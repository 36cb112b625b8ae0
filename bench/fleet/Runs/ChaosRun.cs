using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Stemsharp.Cli.Tests;
using Stemsharp.Fleet.Nats;
using Stemsharp.Fleet.Protocol;

namespace Stemsharp.Fleet.Bench.Runs;

/// <summary>
/// Workers and the server are killed while a fleet does short jobs, some of them poisoned: by an input that is none, and by a death for
/// each worker that takes them. At the end every job has ended once and rightly.
/// </summary>
internal sealed class ChaosRun
{
    private const string Model = "demo", Lease = "3s";

    private readonly ConcurrentDictionary<string, int> _done = new();
    private readonly List<WorkerProcess> _workers = [];
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly List<string> _faults = [];
    private readonly Queue<Disturbance> _disturbances = new();
    private int _kills, _serverKills, _pauses, _stops;

    private enum Disturbance
    {
        KillWorker,
        KillServer,
        PauseWorker,
        StopWorker,
    }

    internal int Jobs { get; init; } = 300;

    internal int Workers { get; init; } = 8;

    /// <summary>At least as many processes are killed.</summary>
    internal int Kills { get; init; } = 60;

    /// <summary>As many deaths of workers end a job.</summary>
    internal int MaxDeaths { get; init; } = 5;

    /// <summary>Jobs of each kind of poison.</summary>
    internal int Poisoned { get; init; } = 3;

    internal int Seed { get; init; } = 25;

    internal Action<string> Say { get; init; } = _ => { };

    internal async Task<ChaosReport> RunAsync(CancellationToken cancellationToken)
    {
        using TemporaryFolder folder = new();
        string songs = folder.Combine("songs"), poison = folder.Combine("poison"), store = folder.Combine("nats");
        for (int i = 0; i < Jobs; i++)
        {
            Songs.Make(Path.Combine(songs, $"song {i:000}.wav"), 1 + i % 100 * 0.01);
        }

        for (int i = 0; i < Poisoned; i++)
        {
            folder.Make(Path.Combine("poison", $"broken {i}.wav"), "no sound at all");
            Songs.Long(Path.Combine(poison, $"deadly {i}.wav"));
        }

        Directory.CreateDirectory(store);
        string plain = folder.Combine("plain"), stems = folder.Combine("stems");
        (int code, _, string said) = await ChildProcess.RunAsync(["separate", songs, "--model", Model, "-o", plain, "--quiet"]);
        Fault(code != 0, $"the plain run ended with {code}: {said}");
        Say($"{_clock.Elapsed.TotalSeconds:0} s: songs and the plain run are there");

        using NatsServer server = await NatsServer.StartAsync(store);
        await SubmitAsync(server, [songs, poison], stems);
        await using NatsFleet fleet = await NatsFleet.OpenAsync(QueueAddress.Parse(server.Url), null, cancellationToken);
        FleetJobs jobs = new(fleet, new Patience(fleet.Clock));
        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task deadly = KillOnSightAsync(jobs, over.Token);
        Random random = new(Seed);
        IReadOnlyDictionary<string, JobRecord> records;
        do
        {
            await DisturbAsync(server, random, cancellationToken);
            records = await RecordsAsync(jobs, cancellationToken);
            Say($"{_clock.Elapsed.TotalSeconds:0} s: {records.Values.Count(r => r.HasEnded)} of {records.Count} have ended, {_kills} kills");
        }
        while (records.Values.Any(r => !r.HasEnded) || _kills < Kills);

        await over.CancelAsync();
        await deadly.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        int files = await JudgeAsync(fleet, records, plain, stems, cancellationToken);
        foreach (WorkerProcess worker in _workers.Where(w => !w.HasExited))
        {
            worker.Signal("TERM");
            await worker.EndAsync();
            CheckStopped(worker);
        }

        _workers.ForEach(w => w.Dispose());
        return new ChaosReport(records.Count, _kills, _serverKills, _pauses, _stops, files, _clock.Elapsed, _faults);
    }

    /// <summary>A submitter that is killed, and one that does the same once more.</summary>
    private async Task SubmitAsync(NatsServer server, string[] inputs, string stems)
    {
        string[] submit = ["submit", "--queue", server.Url, .. inputs, "--model", Model, "-o", stems, "--lease", Lease, "--max-deaths", $"{MaxDeaths}"];
        using (Process first = ChildProcess.Start(submit))
        {
            await Task.Delay(800);
            first.Kill();
            await first.WaitForExitAsync();
            _kills++;
        }

        (int code, _, string said) = await ChildProcess.RunAsync(submit);
        Fault(code != 0, $"submit ended with {code}: {said}");
    }

    private async Task DisturbAsync(NatsServer server, Random random, CancellationToken cancellationToken)
    {
        _workers.RemoveAll(w => w.HasExited);
        while (_workers.Count < Workers)
        {
            _workers.Add(WorkerProcess.Start(server.Url, Told));
        }

        await Task.Delay(random.Next(500, 2000), cancellationToken);
        if (_kills >= Kills)
        {
            return;
        }

        WorkerProcess victim = _workers[random.Next(_workers.Count)];
        if (_disturbances.Count == 0)
        {
            Disturbance[] next =
            [
                Disturbance.KillServer, Disturbance.PauseWorker, Disturbance.StopWorker,
                Disturbance.KillWorker, Disturbance.KillWorker, Disturbance.KillWorker, Disturbance.KillWorker,
            ];
            random.Shuffle(next);
            Array.ForEach(next, _disturbances.Enqueue);
        }

        switch (_disturbances.Dequeue())
        {
            case Disturbance.KillWorker:
                await victim.KillAsync();
                _kills++;
                break;
            case Disturbance.KillServer:
                server.Kill();
                _kills++;
                _serverKills++;
                await Task.Delay(random.Next(2000), cancellationToken);
                await server.StartAsync();
                break;
            case Disturbance.PauseWorker:
                // As if its network were cut: somebody else takes its job, and it must not publish when it is back.
                victim.Signal("STOP");
                await Task.Delay(5000, cancellationToken);
                victim.Signal("CONT");
                _pauses++;
                break;
            default:
                victim.Signal("TERM");
                await victim.EndAsync();
                _stops++;
                CheckStopped(victim);
                break;
        }
    }

    // One that is stopped before its program has begun is ended by the system.
    private void CheckStopped(WorkerProcess worker) => Fault(!worker.WasKilled && worker.ExitCode is not (0 or 143), $"a worker that was stopped ended with {worker.ExitCode}");

    // The worker's name holds its process.
    private async Task KillOnSightAsync(FleetJobs jobs, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await foreach (JobRecord record in jobs.WatchAsync(cancellationToken))
                {
                    if (IsDeadly(record) && record.State == JobState.Running && _workers.ToArray().FirstOrDefault(w => record.Worker!.Contains($"-{w.Pid}-", StringComparison.Ordinal)) is { HasExited: false } worker)
                    {
                        await worker.KillAsync();
                        Interlocked.Increment(ref _kills);
                    }
                }
            }
            catch (Exception exception) when (exception is not OperationCanceledException && !cancellationToken.IsCancellationRequested)
            {
                await Task.Delay(100, cancellationToken);
            }
        }
    }

    private void Told(JsonElement line)
    {
        if (line.GetProperty("event").GetString() == "left" && line.GetProperty("outcome").GetString() == "done")
        {
            _done.AddOrUpdate(line.GetProperty("id").GetString()!, 1, (_, before) => before + 1);
        }
    }

    private static async Task<IReadOnlyDictionary<string, JobRecord>> RecordsAsync(FleetJobs jobs, CancellationToken cancellationToken)
    {
        while (true)
        {
            using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(TimeSpan.FromSeconds(10));
            try
            {
                Dictionary<string, JobRecord> records = [];
                await foreach (JobRecord record in jobs.ListAsync(limit.Token))
                {
                    records[record.Job.Id] = record;
                }

                return records;
            }
            catch (Exception) when (!cancellationToken.IsCancellationRequested)
            {
                // The server is only just back.
                await Task.Delay(200, cancellationToken);
            }
        }
    }

    private async Task<int> JudgeAsync(NatsFleet fleet, IReadOnlyDictionary<string, JobRecord> records, string plain, string stems, CancellationToken cancellationToken)
    {
        Fault(records.Count != Jobs + 2 * Poisoned, $"{records.Count} jobs instead of {Jobs + 2 * Poisoned}");
        foreach (JobRecord record in records.Values)
        {
            JobState right = IsDeadly(record) || IsBroken(record) ? JobState.Dead : JobState.Done;
            Fault(record.State != right, $"{record.Job.Input} is {record.State}: {record.Failures} failures, {record.Deaths} deaths, {record.Error}");
            Fault(IsBroken(record) && record.Failures != record.MaxFailures, $"{record.Job.Input} failed {record.Failures} times");
            Fault(IsDeadly(record) && record.Deaths != record.MaxDeaths, $"{record.Job.Input} killed {record.Deaths} workers");
            Fault(_done.GetValueOrDefault(record.Job.Id) > 1, $"{record.Job.Input} was finished {_done.GetValueOrDefault(record.Job.Id)} times");
        }

        HashSet<string> dead = [];
        await foreach (BucketEntry entry in fleet.DeadLetters.ListAsync(cancellationToken))
        {
            dead.Add(entry.Key);
            Fault(JobRecord.Of(entry.Value).Error is null, $"the dead letter of {entry.Key} has no error");
        }

        Fault(!dead.SetEquals(records.Values.Where(r => IsDeadly(r) || IsBroken(r)).Select(r => r.Job.Id)), $"{dead.Count} dead letters, and not those of the poisoned jobs");
        IReadOnlyList<QueueDepth> left = await fleet.Queue.DepthsAsync(cancellationToken);
        Fault(left.Any(d => d.Waiting > 0), $"the queue still holds {left.Sum(d => d.Waiting)}");
        return Compare(Path.Combine(plain, Model), Path.Combine(stems, Model));
    }

    private int Compare(string plain, string stems)
    {
        string[] expected = Names(plain), found = Names(stems);
        Fault(!expected.SequenceEqual(found), $"{found.Length} files instead of {expected.Length}: {string.Join(", ", found.Except(expected).Concat(expected.Except(found)).Take(5))}");
        foreach (string name in expected.Intersect(found))
        {
            Fault(!File.ReadAllBytes(Path.Combine(plain, name)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(stems, name))), $"{name} differs from that of a plain run");
        }

        return expected.Length;

        static string[] Names(string root) =>
        [
            .. Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(root, f))
                .Where(f => !f.StartsWith(".stemsharp", StringComparison.Ordinal)).Order(StringComparer.Ordinal),
        ];
    }

    private void Fault(bool isThere, string what)
    {
        if (isThere)
        {
            _faults.Add(what);
        }
    }

    private static bool IsDeadly(JobRecord record) => record.Job.Input.Contains("deadly", StringComparison.Ordinal);

    private static bool IsBroken(JobRecord record) => record.Job.Input.Contains("broken", StringComparison.Ordinal);
}
