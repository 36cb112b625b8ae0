using Stemsharp.Web.Queue;
using Stemsharp.Web.Settings;
using Stemsharp.Web.Store;

namespace Stemsharp.Web.Hosting;

/// <summary>Drops what nobody needs any more: uploads that were given up, songs without a job, jobs past their time.</summary>
internal sealed class Retention(
    ServeOptions options, UploadStore uploads, SongStore songs, JobQueue queue, ILogger<Retention> logger) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Unused = TimeSpan.FromDays(1);

    /// <summary>Drops what it can; what cannot be dropped is logged, and waits for the next time.</summary>
    public void Sweep(DateTimeOffset now)
    {
        Attempt("uploads", () => uploads.ForgetFinishedBefore(now - Unused));
        AttemptEach("upload", () => uploads.IdleSince(now - Unused), uploads.Delete);
        if (options.Keep is { } keep)
        {
            Attempt("jobs", () => queue.DropEndedBefore(now - keep));
        }

        AttemptEach(
            "song", () => [.. songs.Songs.Where(song => song.Created < now - Unused && !queue.NeedsSong(song.Id)).Select(song => song.Id)], songs.Drop);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(Every);
        do
        {
            Sweep(DateTimeOffset.UtcNow);
        }
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false));
    }

    private void AttemptEach(string what, Func<IReadOnlyList<string>> unneeded, Action<string> drop) => Attempt(what + "s", () =>
    {
        foreach (string id in unneeded())
        {
            Attempt($"{what} {id}", () => drop(id));
        }
    });

    private void Attempt(string what, Action drop)
    {
        try
        {
            drop();
        }
#pragma warning disable CA1031 // Nothing that cannot be deleted is worth the server's end.
        catch (Exception error)
#pragma warning restore CA1031
        {
            logger.LogWarning("What is no longer needed could not be removed ({What}): {Error}", what, error.Message);
        }
    }
}
