using System.Diagnostics;

namespace Stemsharp.Web.Observability;

/// <summary>The activity of a job of the queue, <c>job</c>, with one for each room that it goes through below it.</summary>
internal static class JobTelemetry
{
    internal const string Name = "Stemsharp.Web";

    private static readonly ActivitySource s_source = new(Name);

    /// <summary>Begins a job's activity; null where nobody listens. It belongs to nobody's flow: the job goes from room to room.</summary>
    internal static Activity? Begin(string id, string? model)
    {
        Activity? around = Activity.Current;
        Activity.Current = null;
        Activity? job = s_source.StartActivity("job", ActivityKind.Consumer);
        job?.SetTag("stemsharp.job.id", id).SetTag("stemsharp.model", model);
        Activity.Current = around;
        return job;
    }

    /// <summary>Begins the activity of a room: <c>decode</c>, <c>separate</c>, <c>write</c>.</summary>
    /// <param name="job">The job's.</param>
    /// <param name="room">Its name.</param>
    internal static Activity? Enter(Activity? job, string room) =>
        job is null ? null : s_source.StartActivity(room, ActivityKind.Internal, job.Context);

    /// <summary>Ends a job's activity.</summary>
    /// <param name="job">It; null for none.</param>
    /// <param name="outcome">How the job ended, or "stopped".</param>
    /// <param name="error">What went wrong; null for nothing.</param>
    internal static void End(Activity? job, string outcome, string? error = null)
    {
        job?.SetTag("stemsharp.outcome", outcome);
        if (error is not null)
        {
            job?.SetStatus(ActivityStatusCode.Error, error);
        }

        job?.Stop();
    }
}
