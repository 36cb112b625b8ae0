using System.Runtime.CompilerServices;
using Stemsharp.Client;
using Stemsharp.Fleet.Protocol;
using Stemsharp.Web.Queue;
using Stemsharp.Web.Separation;
using Stemsharp.Web.Settings;
using Stemsharp.Web.Store;
using FleetJob = Stemsharp.Client.FleetJob;
using FleetState = Stemsharp.Fleet.Protocol.JobState;
using FleetWorker = Stemsharp.Client.FleetWorker;

namespace Stemsharp.Web.Dispatch;

/// <summary>What programs do with a fleet's jobs: hand in, look at, put back, withdraw, as <c>stemsharp submit</c> and <c>stemsharp jobs</c> do, on the same records.</summary>
internal sealed class FleetBoard(FleetLink fleet, ISongSeparator separator, ServeOptions options)
{
    /// <summary>Inputs of one request.</summary>
    public const int MostInputs = 500;

    private const int AtOnce = 32, MostTries = 1000, IdDigits = 32;

    private int _watchers;

    /// <summary>How many watch the jobs.</summary>
    public int Watchers => _watchers;

    /// <summary>Hands songs in; all of them, or none where one may not be.</summary>
    public async Task<SubmittedFleetJobs> SubmitAsync(NewFleetJobs wanted, CancellationToken cancellationToken)
    {
        if (options.Roots.Count == 0)
        {
            throw new StoreException(StoreErrorKind.Forbidden, "This server takes no paths. Start it with --allow-path FOLDER to let a fleet read songs and write stems there.");
        }

        if (wanted.Inputs.Count is 0 or > MostInputs)
        {
            throw new StoreException(StoreErrorKind.Invalid, $"'inputs' has {wanted.Inputs.Count} paths; valid are 1 to {MostInputs} in a request.");
        }

        SubmitOptions how = new(LaneOf(wanted.Lane), Tries("maxFailures", wanted.MaxFailures) ?? new SubmitOptions().MaxFailures, Tries("maxDeaths", wanted.MaxDeaths) ?? new SubmitOptions().MaxDeaths, wanted.Again);
        JobSettings settings = separator.Complete(wanted.Settings ?? new JobSettings());
        // What was left out stays out: the job's ID is that of the same command line.
        settings = settings with { Residual = wanted.Settings?.Residual is null ? null : settings.Residual };
        bool isChain = separator.Models.First(model => model.Name == settings.Model).Models is not null;
        string folder = LocalRoots.ResolveFolder(wanted.Folder, options.Roots);
        Stemsharp.Fleet.Protocol.FleetJob[] jobs = [.. wanted.Inputs.Select(input => FleetSettings.Job(LocalRoots.Resolve(input, options.Roots), folder, settings, isChain))];
        SubmittedFleetJob[] submitted = new SubmittedFleetJob[jobs.Length];
        ParallelOptions parallel = new() { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken };
        await AskAsync(async () =>
        {
            await Parallel.ForAsync(0, jobs.Length, parallel, async (i, token) =>
                submitted[i] = new SubmittedFleetJob(jobs[i].Id, jobs[i].Input, OutcomeOf(await fleet.Prompt.SubmitAsync(jobs[i], how, token).ConfigureAwait(false)))).ConfigureAwait(false);
            return true;
        }).ConfigureAwait(false);
        return new SubmittedFleetJobs(submitted);
    }

    /// <summary>Jobs, those handed in last first.</summary>
    /// <param name="state">Only those of this state; null for all.</param>
    /// <param name="limit">As many at most.</param>
    /// <param name="cancellationToken">Stops.</param>
    public Task<FleetJobList> ListAsync(FleetJobState? state, int limit, CancellationToken cancellationToken) => AskAsync(async () =>
    {
        // Of a million jobs no more are held than are asked for.
        PriorityQueue<JobRecord, DateTimeOffset> latest = new();
        Dictionary<FleetState, int> counts = [];
        await foreach (JobRecord record in fleet.Prompt.ListAsync(cancellationToken).ConfigureAwait(false))
        {
            counts[record.State] = counts.GetValueOrDefault(record.State) + 1;
            if (state is not { } only || StateOf(record.State) == only)
            {
                latest.Enqueue(record, record.Submitted);
                if (latest.Count > limit)
                {
                    latest.Dequeue();
                }
            }
        }

        return new FleetJobList(
            [.. latest.UnorderedItems.Select(item => item.Element).OrderByDescending(record => record.Submitted).ThenBy(record => record.Job.Id, StringComparer.Ordinal).Select(View)],
            Enum.GetValues<FleetState>().ToDictionary(s => s.ToString().ToLowerInvariant(), s => counts.GetValueOrDefault(s)));
    });

    /// <summary>One job.</summary>
    public async Task<FleetJob> GetAsync(string id, CancellationToken cancellationToken) =>
        View(await AskAsync(() => fleet.Prompt.FindAsync(CheckId(id), cancellationToken)).ConfigureAwait(false) ?? throw QueueException.NotFound(id));

    /// <summary>Puts a job back into the queue that was given up or withdrawn.</summary>
    public Task<FleetJob> RetryAsync(string id, CancellationToken cancellationToken) =>
        ChangeAsync(id, token => fleet.Prompt.RetryAsync(id, token), FleetState.Waiting, "Only a job that was given up or withdrawn can be tried again.", cancellationToken);

    /// <summary>Withdraws a job that has not ended.</summary>
    public Task<FleetJob> CancelAsync(string id, CancellationToken cancellationToken) =>
        ChangeAsync(id, token => fleet.Prompt.CancelAsync(id, token), FleetState.Cancelled, "Only a job that waits or is being worked on can be withdrawn.", cancellationToken);

    /// <summary>Workers that are heard of.</summary>
    public Task<IReadOnlyList<FleetWorker>> WorkersAsync(CancellationToken cancellationToken) => AskAsync<IReadOnlyList<FleetWorker>>(async () =>
    [
        .. (await fleet.Prompt.WorkersAsync(cancellationToken).ConfigureAwait(false)).OrderBy(worker => worker.Id, StringComparer.Ordinal)
            .Select(worker => new FleetWorker(worker.Id, worker.Worker.Host, worker.Worker.Engine, worker.Worker.MemoryBytes, worker.Worker.Done)
            {
                Job = worker.Worker.Job,
                Fraction = worker.Worker.Fraction,
                Model = worker.Worker.Model,
            }),
    ]);

    /// <summary>All jobs as they stand, and each change of one from then on.</summary>
    public async IAsyncEnumerable<FleetJob> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _watchers);
        try
        {
            await foreach (JobRecord record in fleet.Prompt.WatchAsync(cancellationToken).ConfigureAwait(false))
            {
                yield return View(record);
            }
        }
        finally
        {
            Interlocked.Decrement(ref _watchers);
        }
    }

    private static FleetJob View(JobRecord record) => new(
        record.Job.Id, StateOf(record.State), record.Job.Input, record.Job.Model, record.Lane == Lane.Interactive ? FleetLane.Interactive : FleetLane.Bulk,
        record.Job.Settings, record.Failures, record.Deaths, record.Submitted)
    {
        Worker = record.Worker,
        Error = record.ErrorKind,
        Message = record.Error ?? record.Note,
        Started = record.Started,
        Ended = record.Ended,
        Files = record.Result?.Files,
        AudioSeconds = record.Result?.AudioSeconds,
        ElapsedSeconds = record.Result?.ElapsedSeconds,
        Engine = record.Result?.Engine,
        Warnings = record.Result?.Warnings,
    };

    private static FleetJobState StateOf(FleetState state) => state switch
    {
        FleetState.Waiting => FleetJobState.Waiting,
        FleetState.Running => FleetJobState.Running,
        FleetState.Done => FleetJobState.Done,
        FleetState.Dead => FleetJobState.Dead,
        _ => FleetJobState.Cancelled,
    };

    private static FleetOutcome OutcomeOf(SubmitOutcome outcome) => outcome switch
    {
        SubmitOutcome.Queued => FleetOutcome.Queued,
        SubmitOutcome.Pending => FleetOutcome.Pending,
        SubmitOutcome.Done => FleetOutcome.Done,
        _ => FleetOutcome.Ended,
    };

    private static Lane LaneOf(FleetLane lane) => lane == FleetLane.Interactive ? Lane.Interactive : Lane.Bulk;

    private static int? Tries(string name, int? tries) => tries is null or (>= 1 and <= MostTries) ? tries
        : throw new StoreException(StoreErrorKind.Invalid, $"'{name}' is {tries}; valid are 1 to {MostTries}.");

    /// <summary>An ID is part of the names by which a queue's server is asked.</summary>
    private static string CheckId(string id) => id.Length == IdDigits && id.All(char.IsAsciiHexDigitLower) ? id : throw QueueException.NotFound(id);

    private static async Task<T> AskAsync<T>(Func<Task<T>> ask)
    {
        try
        {
            return await ask().ConfigureAwait(false);
        }
        catch (ConnectionLostException lost)
        {
            throw new QueueException(QueueErrorKind.Away, $"{lost.Message} Try again in a moment; what is handed in is there once, however often that is done.");
        }
    }

    private async Task<FleetJob> ChangeAsync(string id, Func<CancellationToken, Task<FleetState?>> change, FleetState wanted, string otherwise, CancellationToken cancellationToken)
    {
        CheckId(id);
        FleetState state = await AskAsync(() => change(cancellationToken)).ConfigureAwait(false) ?? throw QueueException.NotFound(id);
        return state == wanted
            ? await GetAsync(id, cancellationToken).ConfigureAwait(false)
            : throw new QueueException(QueueErrorKind.Conflict, $"The job is {state.ToString().ToLowerInvariant()}. {otherwise}");
    }
}
