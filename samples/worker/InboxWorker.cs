namespace Stemsharp.Samples;

/// <summary>
/// Looks into the inbox every second; what lies there is separated into the outbox and moved to <c>done</c>, or to <c>failed</c>. A file
/// that is still being copied is tried again when it has stopped growing.
/// </summary>
internal sealed class InboxWorker(StemSeparatorSource source, IConfiguration configuration, ILogger<InboxWorker> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        string inbox = configuration["Inbox"] ?? throw new InvalidOperationException("Say where songs come from: --Inbox=FOLDER");
        string outbox = configuration["Outbox"] ?? throw new InvalidOperationException("Say where stems go to: --Outbox=FOLDER");
        Directory.CreateDirectory(inbox);
        StemSeparator separator = await source.GetAsync(stoppingToken);
        Dictionary<string, long> sizes = [];
        using PeriodicTimer timer = new(TimeSpan.FromSeconds(1));
        do
        {
            foreach (string song in Directory.EnumerateFiles(inbox))
            {
                long size = new FileInfo(song).Length;
                if (sizes.TryGetValue(song, out long before) && before == size)
                {
                    await SeparateAsync(separator, song, outbox, stoppingToken);
                    sizes.Remove(song);
                }
                else
                {
                    sizes[song] = size;
                }
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task SeparateAsync(StemSeparator separator, string song, string outbox, CancellationToken stoppingToken)
    {
        string target = "done";
        try
        {
            SeparatedFiles made = await separator.SeparateToFilesAsync(song, outbox, cancellationToken: stoppingToken);
            logger.LogInformation("{Song}: {Count} stems", Path.GetFileName(song), made.Files.Count);
        }
        catch (StemsharpException error)
        {
            logger.LogError("{Song}: {Message}", Path.GetFileName(song), error.Message);
            target = "failed";
        }

        string folder = Path.Combine(Path.GetDirectoryName(song)!, target);
        Directory.CreateDirectory(folder);
        File.Move(song, Path.Combine(folder, Path.GetFileName(song)), overwrite: true);
    }
}
