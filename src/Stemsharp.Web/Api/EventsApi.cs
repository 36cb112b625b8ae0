using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Stemsharp.Client;
using Stemsharp.Web.Queue;
using Stemsharp.Web.Settings;

namespace Stemsharp.Web.Api;

/// <summary>One stream of server-sent events for everything.</summary>
internal static class EventsApi
{
    /// <summary>Jobs in the first event; older ones are fetched page by page.</summary>
    private const int FirstJobs = 500;
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    public static void Map(RouteGroupBuilder api) => api.MapGet("/events", StreamAsync)
        .Produces<ServerEvent>(200, "text/event-stream")
        .Says("watch", "Streams server-sent events: first the newest jobs as they stand, then every job and model that changes.", 429)
        .WithTags("Events");

    private static async Task StreamAsync(
        HttpContext context, EventHub events, JobQueue queue, ModelService models, ServeOptions options, IHostApplicationLifetime lifetime)
    {
        if (events.Watchers >= options.MaxEventStreams)
        {
            throw new ApiError(ApiErrorKind.TooMany, $"{options.MaxEventStreams} streams of events are open. Close one.");
        }

        context.Response.ContentType = "text/event-stream";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(
            context.RequestAborted, lifetime.ApplicationStopping);
        try
        {
            await foreach (ServerEvent? happened in events.WatchAsync(
                () => queue.Page(null, FirstJobs), queue.TryGet, models.TryGet, Heartbeat, end.Token).ConfigureAwait(false))
            {
                await WriteAsync(context.Response, happened, end.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // The client went away, or the server ends.
        }
    }

    private static async Task WriteAsync(HttpResponse response, ServerEvent? happened, CancellationToken cancel)
    {
        if (happened is null)
        {
            await response.BodyWriter.WriteAsync(":\n\n"u8.ToArray(), cancel).ConfigureAwait(false);
            return;
        }
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(happened, ApiJson.Default.ServerEvent);
        byte[] message = [.. "data: "u8, .. json, .. "\n\n"u8];
        await response.BodyWriter.WriteAsync(message, cancel).ConfigureAwait(false);
    }
}
