using Stemsharp.Fleet.Nats;
using Stemsharp.Fleet.Protocol;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Fleet.Tests;

/// <summary>The protocol on a real server; the work itself is made up.</summary>
public sealed class FleetTests(SharedServer server) : IClassFixture<SharedServer>
{
    private const string Nats = "nats-server";

    private static readonly JobResult s_result = new(["/out/a.wav"], 1, 1, "cpu", []);
    private static readonly TimeSpan s_most = TimeSpan.FromSeconds(60);

    [ToolFact(Nats)]
    public async Task A_job_is_queued_once_however_often_and_by_however_many_it_is_submitted()
    {
        await using NatsFleet fleet = await SharedServer.OpenAsync(await server.NewAsync());
        FleetJobs jobs = Jobs(fleet);
        SubmitOutcome[] outcomes = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => jobs.SubmitAsync(Job($"{i % 4}"), new SubmitOptions(), CancellationToken.None)));
        Assert.InRange(outcomes.Count(o => o == SubmitOutcome.Queued), 4, 8);
        Assert.Equal([new QueueDepth(Lane.Bulk, "demo", 4, 0)], await fleet.Queue.DepthsAsync(CancellationToken.None));

        // Whatever it was, it is not queued once more, and a done one is left alone unless that is asked for.
        (_, RecordedEvents events) = await WorkAsync(fleet, (_, _) => Task.FromResult(s_result));
        Assert.Equal(4, events.Jobs.Count(l => l.Outcome == WorkOutcome.Done));
        Assert.Equal(SubmitOutcome.Done, await jobs.SubmitAsync(Job("0"), new SubmitOptions(), CancellationToken.None));
        Assert.Equal(SubmitOutcome.Queued, await jobs.SubmitAsync(Job("0"), new SubmitOptions(Again: true), CancellationToken.None));
        Assert.Equal(SubmitOutcome.Pending, await jobs.SubmitAsync(Job("0"), new SubmitOptions(Again: true), CancellationToken.None));
    }

    [ToolFact(Nats)]
    public async Task A_submitter_that_was_killed_behind_the_record_is_made_good_by_the_next()
    {
        await using NatsFleet fleet = await SharedServer.OpenAsync(await server.NewAsync());
        JobRecord record = new() { Job = Job("a"), Submitted = DateTimeOffset.UtcNow };
        Assert.NotNull(await fleet.Jobs.CreateAsync(record.Job.Id, record.ToBytes(), CancellationToken.None));
        Assert.Equal(SubmitOutcome.Queued, await Jobs(fleet).SubmitAsync(Job("a"), new SubmitOptions(), CancellationToken.None));
        (_, RecordedEvents events) = await WorkAsync(fleet, (_, _) => Task.FromResult(s_result));
        Assert.Equal([("a", WorkOutcome.Done)], events.Jobs);
    }

    [ToolFact(Nats)]
    public async Task With_ten_thousand_jobs_in_bulk_an_interactive_one_is_the_next()
    {
        await using NatsFleet fleet = await SharedServer.OpenAsync(await server.NewAsync(), leaseSeconds: 60);
        FleetJobs jobs = Jobs(fleet);
        await Parallel.ForEachAsync(Enumerable.Range(0, 10_000), new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (i, token) =>
            await jobs.SubmitAsync(Job($"bulk {i}"), new SubmitOptions(), token));
        List<string> begun = [];
        (_, RecordedEvents events) = await WorkAsync(fleet, async (held, token) =>
        {
            begun.Add(held.Job.Input);
            if (begun.Count == 1)
            {
                // Of a model that the queue has not had so far.
                await jobs.SubmitAsync(new FleetJob("page's", "another", "", []), new SubmitOptions(Lane.Interactive), token);
            }

            return s_result;
        }, new WorkerOptions { Most = 3 });
        Assert.Equal(3, events.Jobs.Count);
        Assert.Equal("page's", begun[1]);
        Assert.All(new[] { begun[0], begun[2] }, input => Assert.StartsWith("bulk", input, StringComparison.Ordinal));
    }

    [ToolFact(Nats)]
    public async Task A_worker_prefers_the_model_that_it_has_loaded_and_takes_only_those_that_it_is_to_take()
    {
        await using NatsFleet fleet = await SharedServer.OpenAsync(await server.NewAsync());
        FleetJobs jobs = Jobs(fleet);
        foreach (string input in new[] { "1", "2", "3" })
        {
            foreach (string model in new[] { "one", "two", "three" })
            {
                await jobs.SubmitAsync(new FleetJob(input, model, "", []), new SubmitOptions(), CancellationToken.None);
            }
        }

        List<string> models = [];
        await WorkAsync(fleet, (held, _) =>
        {
            models.Add(held.Job.Model);
            return Task.FromResult(s_result);
        }, new WorkerOptions { Models = ["two", "three"], UntilEmpty = true });
        Assert.Equal(6, models.Count);
        Assert.Equal(2, models.Distinct().Count());
        Assert.Single(models.Take(3).Distinct());
        Assert.DoesNotContain("one", models);
    }

    [ToolFact(Nats)]
    public async Task A_failure_is_tried_again_and_the_last_one_writes_the_dead_letter()
    {
        await using NatsFleet fleet = await SharedServer.OpenAsync(await server.NewAsync(), leaseSeconds: 1);
        FleetJobs jobs = Jobs(fleet);
        await jobs.SubmitAsync(Job("bad"), new SubmitOptions(MaxFailures: 2), CancellationToken.None);
        await jobs.SubmitAsync(Job("good"), new SubmitOptions(), CancellationToken.None);
        (_, RecordedEvents events) = await WorkAsync(fleet, (held, _) => held.Job.Input == "good" ? Task.FromResult(s_result) : throw new JobFailedException("audio", "it is no sound"));
        Assert.Equal([WorkOutcome.Failed, WorkOutcome.Dead], events.Jobs.Where(l => l.Input == "bad").Select(l => l.Outcome));

        JobRecord bad = (await jobs.FindAsync(Job("bad").Id, CancellationToken.None))!;
        Assert.Equal((JobState.Dead, 2, 0, "audio", "it is no sound"), (bad.State, bad.Failures, bad.Deaths, bad.ErrorKind, bad.Error));
        BucketEntry letter = Assert.Single(await ListAsync(fleet.DeadLetters));
        Assert.Equal((bad.Job.Id, "it is no sound"), (letter.Key, JobRecord.Of(letter.Value).Error));

        // Put back, it has a clean record, and its letter is gone.
        Assert.Equal(JobState.Waiting, await jobs.RetryAsync(bad.Job.Id, CancellationToken.None));
        Assert.Empty(await ListAsync(fleet.DeadLetters));
        Assert.Equal(JobState.Done, await jobs.RetryAsync(Job("good").Id, CancellationToken.None));
        await WorkAsync(fleet, (_, _) => Task.FromResult(s_result));
        JobRecord mended = (await jobs.FindAsync(bad.Job.Id, CancellationToken.None))!;
        Assert.Equal((JobState.Done, 0, null), (mended.State, mended.Failures, mended.Error));
    }

    [ToolFact(Nats)]
    public async Task What_a_worker_cannot_do_is_left_to_others_and_nothing_is_held_against_it()
    {
        await using NatsFleet fleet = await SharedServer.OpenAsync(await server.NewAsync(), leaseSeconds: 1);
        FleetJobs jobs = Jobs(fleet);
        await jobs.SubmitAsync(new FleetJob("a", "large", "", []), new SubmitOptions(MaxFailures: 1), CancellationToken.None);
        await jobs.SubmitAsync(new FleetJob("b", "large", "", []), new SubmitOptions(MaxFailures: 1), CancellationToken.None);
        int asked = 0;
        (_, RecordedEvents small) = await WorkAsync(fleet, (_, _) =>
        {
            asked++;
            throw new NotHereException("too little memory", forModel: true);
        });
        Assert.Equal(1, asked);
        Assert.Equal(WorkOutcome.GivenBack, Assert.Single(small.Jobs).Outcome);
        (_, RecordedEvents large) = await WorkAsync(fleet, (_, _) => Task.FromResult(s_result));
        Assert.Equal(2, large.Jobs.Count(l => l.Outcome == WorkOutcome.Done));
    }

    [ToolFact(Nats)]
    public async Task A_stopped_worker_gives_its_job_back_at_once()
    {
        await using NatsFleet fleet = await SharedServer.OpenAsync(await server.NewAsync(), leaseSeconds: 60);
        FleetJobs jobs = Jobs(fleet);
        await jobs.SubmitAsync(Job("a"), new SubmitOptions(), CancellationToken.None);
        using CancellationTokenSource stop = new();
        (_, RecordedEvents stopped) = await WorkAsync(fleet, async (_, token) =>
        {
            await stop.CancelAsync();
            await Task.Delay(Timeout.Infinite, token);
            return s_result;
        }, new WorkerOptions(), stop.Token);
        Assert.Equal([("a", WorkOutcome.GivenBack)], stopped.Jobs);

        // Long before its lease is over.
        (_, RecordedEvents next) = await WorkAsync(fleet, (_, _) => Task.FromResult(s_result));
        Assert.Equal([("a", WorkOutcome.Done)], next.Jobs);
        JobRecord record = (await jobs.FindAsync(Job("a").Id, CancellationToken.None))!;
        Assert.Equal((0, 0, 2L), (record.Failures, record.Deaths, record.Lease));
    }

    [ToolFact(Nats)]
    public async Task A_worker_that_was_cut_off_does_not_publish_what_another_has_taken()
    {
        string url = await server.NewAsync();
        await using NatsFleet fleet = await SharedServer.OpenAsync(url), second = await SharedServer.OpenAsync(url);
        FleetJobs jobs = Jobs(fleet);
        await jobs.SubmitAsync(Job("a"), new SubmitOptions(), CancellationToken.None);
        CutTransport cut = new(fleet);
        TaskCompletionSource taken = new(), mended = new();
        bool published = false;
        Task<(FleetWorker, RecordedEvents Events)> first = WorkAsync(cut, async (held, token) =>
        {
            cut.IsCut = true;
            taken.SetResult();
            await mended.Task;
            await held.ConfirmAsync(token);
            published = true;
            return s_result;
        }, new WorkerOptions { Most = 1 });
        await taken.Task.WaitAsync(s_most);
        (_, RecordedEvents other) = await WorkAsync(second, async (held, token) =>
        {
            await held.ConfirmAsync(token);
            return s_result;
        });
        Assert.Equal([("a", WorkOutcome.Done)], other.Jobs);
        cut.IsCut = false;
        mended.SetResult();
        Assert.Equal([("a", WorkOutcome.Lost)], (await first.WaitAsync(s_most)).Events.Jobs);
        Assert.False(published);
        JobRecord record = (await jobs.FindAsync(Job("a").Id, CancellationToken.None))!;
        Assert.Equal((JobState.Done, 1, 2L), (record.State, record.Deaths, record.Lease));
    }

    [ToolFact(Nats)]
    public async Task A_job_whose_workers_are_not_heard_of_again_is_given_up()
    {
        await using NatsFleet fleet = await SharedServer.OpenAsync(await server.NewAsync(), leaseSeconds: 1);
        FleetJobs jobs = Jobs(fleet);
        await jobs.SubmitAsync(Job("deadly"), new SubmitOptions(MaxDeaths: 2), CancellationToken.None);
        for (int i = 0; i < 2; i++)
        {
            // A worker that is gone has said nothing any more, and its record stays as it was.
            CutTransport cut = new(fleet);
            TaskCompletionSource taken = new();
            using CancellationTokenSource stop = new();
            Task<(FleetWorker, RecordedEvents)> gone = WorkAsync(cut, async (_, token) =>
            {
                cut.IsCut = true;
                taken.TrySetResult();
                await Task.Delay(Timeout.Infinite, token);
                return s_result;
            }, new WorkerOptions(), stop.Token);
            await taken.Task.WaitAsync(s_most);
            GC.KeepAlive(gone);
        }

        (_, RecordedEvents last) = await WorkAsync(fleet, (_, _) => Task.FromResult(s_result));
        Assert.Equal([("deadly", WorkOutcome.Dead)], last.Jobs);
        JobRecord record = (await jobs.FindAsync(Job("deadly").Id, CancellationToken.None))!;
        Assert.Equal((JobState.Dead, 0, 2, "worker-died"), (record.State, record.Failures, record.Deaths, record.ErrorKind));
        Assert.Single(await ListAsync(fleet.DeadLetters));
    }

    [ToolFact(Nats)]
    public async Task A_withdrawn_job_stops_where_it_runs_and_leaves_the_queue_where_it_waits()
    {
        await using NatsFleet fleet = await SharedServer.OpenAsync(await server.NewAsync());
        FleetJobs jobs = Jobs(fleet);
        await jobs.SubmitAsync(Job("running"), new SubmitOptions(Lane.Interactive), CancellationToken.None);
        await jobs.SubmitAsync(Job("waiting"), new SubmitOptions(), CancellationToken.None);
        await jobs.SubmitAsync(Job("other"), new SubmitOptions(), CancellationToken.None);
        (_, RecordedEvents events) = await WorkAsync(fleet, async (held, token) =>
        {
            if (held.Job.Input == "other")
            {
                return s_result;
            }

            Assert.Equal(JobState.Cancelled, await jobs.CancelAsync(Job("waiting").Id, CancellationToken.None));
            Assert.Equal(JobState.Cancelled, await jobs.CancelAsync(held.Job.Id, CancellationToken.None));
            await Task.Delay(Timeout.Infinite, token);
            return s_result;
        });
        Assert.Equal([("running", WorkOutcome.Lost), ("other", WorkOutcome.Done)], events.Jobs);
        Assert.Equal(0, (await fleet.Queue.DepthsAsync(CancellationToken.None)).Sum(d => d.Waiting + d.Running));
        Assert.Equal(JobState.Cancelled, await jobs.CancelAsync(Job("waiting").Id, CancellationToken.None));
        Assert.Null(await jobs.CancelAsync("nobody", CancellationToken.None));
    }

    [ToolFact(Nats)]
    public async Task As_many_jobs_run_at_once_as_there_are_workers()
    {
        string url = await server.NewAsync();
        await using NatsFleet fleet = await SharedServer.OpenAsync(url);
        await Jobs(fleet).SubmitAsync(Job("a"), new SubmitOptions(), CancellationToken.None);
        Assert.Equal(1000, await AllowedAsync());
        await fleet.Queue.AllowAsync(4000, CancellationToken.None);
        Assert.Equal(4000, await AllowedAsync());
        await fleet.Queue.AllowAsync(3000, CancellationToken.None);
        Assert.Equal(4000, await AllowedAsync());

        async Task<long> AllowedAsync() => (await fleet.Context.GetConsumerAsync(NatsQueue.StreamName(fleet.Name), "bulk-demo")).Info.Config.MaxAckPending;
    }

    private static FleetJob Job(string input) => new(input, "demo", "", []);

    private static FleetJobs Jobs(IFleetTransport fleet) => new(fleet, new Patience(fleet.Clock));

    private static async Task<(FleetWorker, RecordedEvents Events)> WorkAsync(
        IFleetTransport fleet, Func<HeldJob, CancellationToken, Task<JobResult>> work, WorkerOptions? options = null, CancellationToken stop = default)
    {
        RecordedEvents events = new();
        FleetWorker worker = new(fleet, options ?? new WorkerOptions { UntilEmpty = true }, work, events);
        await worker.RunAsync(stop).WaitAsync(s_most, CancellationToken.None);
        return (worker, events);
    }

    private static async Task<List<BucketEntry>> ListAsync(IBucket bucket)
    {
        List<BucketEntry> entries = [];
        await foreach (BucketEntry entry in bucket.ListAsync(CancellationToken.None))
        {
            entries.Add(entry);
        }

        return entries;
    }
}
