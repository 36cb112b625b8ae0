using Stemsharp.Web.Observability;
using Stemsharp.Web.Queue;
using Stemsharp.Web.Separation;
using Stemsharp.Web.Store;

namespace Stemsharp.Web.Api;

/// <summary>Whether the server lives and can work, and its metrics.</summary>
internal static class HealthApi
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/health/live", () => "alive\n").ExcludeFromDescription();
        app.MapGet("/health/ready", (ISongSeparator separator, DataFolder folder) =>
        {
            bool writable = CanWrite(folder);
            bool model = separator.Models.Any(known => known.Installed);
            string text = $"data folder: {(writable ? "writable" : "not writable")}\nmodels: {(model ? "ready" : "none is here yet")}\n";
            return TypedResults.Text(text, statusCode: writable ? 200 : 503);
        }).ExcludeFromDescription();
        app.MapGet("/metrics", (Metrics metrics, JobQueue queue, EventHub events, DiskBudget disk) =>
            TypedResults.Text(metrics.Render(queue.Counts, events.Watchers, disk.UsedBytes), "text/plain; version=0.0.4")).ExcludeFromDescription();
    }

    private static bool CanWrite(DataFolder folder)
    {
        string probe = Path.Combine(folder.Root, "probe");
        try
        {
            File.WriteAllText(probe, "");
            File.Delete(probe);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
