using System.IO.Pipelines;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Stemsharp.Client;
using Stemsharp.Web.Dispatch;
using Stemsharp.Web.Settings;
using Stemsharp.Web.Text;

namespace Stemsharp.Web.Api;

/// <summary>The jobs of the fleet that works for the server, its own and others.</summary>
internal static class FleetApi
{
    private const int MostListed = 10_000, UsuallyListed = 1000;
    private const string Tag = "Fleet";

    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapPost("/fleet/jobs", async (NewFleetJobs wanted, FleetBoard board, CancellationToken cancel) => TypedResults.Ok(await board.SubmitAsync(wanted, cancel).ConfigureAwait(false)))
            .Says("submitFleetJobs", "Hands songs on the server's disk to the fleet; what is in the queue stays there once.", 400, 403, 404, 413, 422, 503).WithTags(Tag);

        api.MapGet("/fleet/jobs", async (FleetBoard board, string? state, int? limit, CancellationToken cancel) => limit is < 1 or > MostListed
                ? throw new ApiError(ApiErrorKind.BadRequest, $"'limit' is from 1 to {MostListed}.")
                : TypedResults.Ok(await board.ListAsync(StateOf(state), limit ?? UsuallyListed, cancel).ConfigureAwait(false)))
            .Says("listFleetJobs", "Lists the fleet's jobs, those handed in last first, and counts them by state.", 400, 503).WithTags(Tag);

        api.MapGet("/fleet/jobs/{id}", async (string id, FleetBoard board, CancellationToken cancel) => TypedResults.Ok(await board.GetAsync(id, cancel).ConfigureAwait(false)))
            .Says("getFleetJob", "Tells about one of the fleet's jobs.", 404, 503).WithTags(Tag);

        api.MapPost("/fleet/jobs/{id}/retry", async (string id, FleetBoard board, CancellationToken cancel) => TypedResults.Ok(await board.RetryAsync(id, cancel).ConfigureAwait(false)))
            .Says("retryFleetJob", "Puts a job back into the queue that was given up or withdrawn.", 404, 409, 503).WithTags(Tag);

        api.MapPost("/fleet/jobs/{id}/cancel", async (string id, FleetBoard board, CancellationToken cancel) => TypedResults.Ok(await board.CancelAsync(id, cancel).ConfigureAwait(false)))
            .Says("cancelFleetJob", "Withdraws a job that waits or is being worked on.", 404, 409, 503).WithTags(Tag);

        api.MapGet("/fleet/workers", async (FleetBoard board, CancellationToken cancel) => TypedResults.Ok(await board.WorkersAsync(cancel).ConfigureAwait(false)))
            .Says("listFleetWorkers", "Lists the workers that are heard of.", 503).WithTags(Tag);

        api.MapGet("/fleet/events", StreamAsync)
            .Produces<FleetJob>(200, "text/event-stream")
            .Says("watchFleet", "Streams server-sent events: each of the fleet's jobs as it stands, then every one that changes.", 429).WithTags(Tag);
    }

    private static FleetJobState? StateOf(string? name) => name is null ? null
        : Enum.GetValues<FleetJobState>().Select(state => (FleetJobState?)state).FirstOrDefault(state => Word(state!.Value) == name)
        ?? throw new ApiError(ApiErrorKind.BadRequest, $"'state' is '{ClientText.Quoted(name)}'; valid are {string.Join(", ", Enum.GetValues<FleetJobState>().Select(Word))}.");

    private static string Word(FleetJobState state) => state.ToString().ToLowerInvariant();

    private static async Task StreamAsync(HttpContext context, FleetBoard board, ServeOptions options, IHostApplicationLifetime lifetime)
    {
        if (board.Watchers >= options.MaxEventStreams)
        {
            throw new ApiError(ApiErrorKind.TooMany, $"{options.MaxEventStreams} streams of a fleet's events are open. Close one.");
        }

        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        IAsyncEnumerator<FleetJob>? jobs = null;
        Task<bool> next = Task.FromResult(false);
        try
        {
            context.Response.ContentType = "text/event-stream";
            context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
            await context.Response.StartAsync(end.Token).ConfigureAwait(false);
            jobs = board.WatchAsync(end.Token).GetAsyncEnumerator(end.Token);
            while (await NextAsync(next = jobs.MoveNextAsync().AsTask(), context.Response.BodyWriter, end.Token).ConfigureAwait(false))
            {
                byte[] json = JsonSerializer.SerializeToUtf8Bytes(jobs.Current, ApiJson.Default.FleetJob);
                await context.Response.BodyWriter.WriteAsync((byte[])[.. "data: "u8, .. json, .. "\n\n"u8], end.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // The client went away, or the server ends.
        }
        finally
        {
            await end.CancelAsync().ConfigureAwait(false);
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (jobs is not null)
            {
                await jobs.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    /// <summary>Waits for the next job and shows meanwhile that the connection lives.</summary>
    private static async Task<bool> NextAsync(Task<bool> next, PipeWriter target, CancellationToken end)
    {
        while (await Task.WhenAny(next, Task.Delay(Heartbeat, end)).ConfigureAwait(false) != next)
        {
            end.ThrowIfCancellationRequested();
            await target.WriteAsync(":\n\n"u8.ToArray(), end).ConfigureAwait(false);
        }

        return await next.ConfigureAwait(false);
    }
}
