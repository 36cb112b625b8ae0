using Stemsharp.Client;
using Stemsharp.Web.Queue;

namespace Stemsharp.Web.Api;

/// <summary>Jobs: make, list, stop, move, delete.</summary>
internal static class JobsApi
{
    private const int PageSize = 100;

    public static void Map(RouteGroupBuilder api)
    {
        api.MapPost("/jobs", (NewJob wanted, JobQueue queue, ModelService models) =>
            {
                Routes.CheckId("song", wanted.SongId);
                if (wanted.Batch?.Length > 64)
                {
                    throw new ApiError(ApiErrorKind.BadRequest, "'batch' is longer than 64 characters.");
                }

                Job job = models.FetchFor(queue.Create(wanted));
                return TypedResults.Created($"/api/v1/jobs/{job.Id}", job);
            })
            .Says("createJob", "Queues a song to be taken apart.", 400, 404, 422, 429, 507).WithTags("Jobs");

        api.MapGet("/jobs", (JobQueue queue, string? before, int? limit) =>
            {
                if (before is not null)
                {
                    Routes.CheckId("job", before);
                }

                if (limit is < 1 or > JobQueue.MaxJobs)
                {
                    throw new ApiError(ApiErrorKind.BadRequest, $"'limit' is from 1 to {JobQueue.MaxJobs}.");
                }

                return TypedResults.Ok(queue.Page(before, limit ?? PageSize));
            })
            .Says("listJobs", "Lists jobs, newest first; 'next' of a page is 'before' of the following one.", 400, 404).WithTags("Jobs");

        api.MapGet("/jobs/{id}", (string id, JobQueue queue) => TypedResults.Ok(queue.Get(Routes.CheckId("job", id))))
            .Says("getJob", "Tells about one job.", 404).WithTags("Jobs");

        api.MapPost("/jobs/{id}/cancel", (string id, JobQueue queue) => TypedResults.Ok(queue.Cancel(Routes.CheckId("job", id))))
            .Says("cancelJob", "Stops a job that is queued or running.", 404, 409).WithTags("Jobs");

        api.MapPost("/jobs/{id}/retry", (string id, JobQueue queue, ModelService models) => TypedResults.Ok(models.FetchFor(queue.Retry(Routes.CheckId("job", id)))))
            .Says("retryJob", "Queues a job that failed or was cancelled once more.", 404, 409, 507).WithTags("Jobs");

        api.MapPost("/jobs/{id}/move", (string id, JobMove move, JobQueue queue) =>
                TypedResults.Ok(queue.Move(Routes.CheckId("job", id), move.Before)))
            .Says("moveJob", "Moves a queued job before another one, or to the end.", 404, 409).WithTags("Jobs");

        api.MapDelete("/jobs/{id}", (string id, JobQueue queue) =>
            {
                queue.Delete(Routes.CheckId("job", id));
                return TypedResults.NoContent();
            })
            .Says("deleteJob", "Deletes a job with its stems; a running one is stopped first.", 404).WithTags("Jobs");
    }
}
