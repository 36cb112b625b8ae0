using Stemsharp.Client;
using Stemsharp.Web.Queue;
using Stemsharp.Web.Store;

namespace Stemsharp.Web.Hosting;

/// <summary>Drops what nobody needs any more: uploads that were given up, songs without a job, jobs past their time.</summary>
internal sealed class Retention(
    ServeOptions options, UploadStore uploads, SongStore songs, JobQueue queue, ILogger<Retention> logger) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Unused = TimeSpan.FromDays(1);

    public void Sweep(DateTimeOffset now)
    {
        uploads.DropOlderThan(now - Unused);
        if (options.Keep is { } keep)
        {
            queue.DropEndedBefore(now - keep);
        }

        foreach (Song song in songs.Songs.Where(song => song.Created < now - Unused && !queue.NeedsSong(song.Id)).ToArray())
        {
            songs.Drop(song.Id);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(Every);
        do
        {
            try
            {
                Sweep(DateTimeOffset.UtcNow);
            }
            catch (IOException error)
            {
                logger.LogWarning("What is no longer needed could not be removed: {Error}", error.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false));
    }
}
