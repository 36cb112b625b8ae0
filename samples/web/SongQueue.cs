using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Threading.Channels;

namespace Stemsharp.Samples;

/// <summary>Songs wait in a folder and are separated one after the other; a queue that is full refuses further ones.</summary>
internal sealed class SongQueue(StemSeparatorSource source, ILogger<SongQueue> logger) : BackgroundService
{
    private readonly Channel<Song> _waiting = Channel.CreateBounded<Song>(100);
    private readonly ConcurrentDictionary<string, Song> _songs = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("stems").FullName;

    /// <summary>Keeps an upload and puts it behind the others.</summary>
    public async Task<Song> AddAsync(PipeReader body, CancellationToken cancellationToken)
    {
        string id = Guid.NewGuid().ToString("N");
        Song song = new(id, Path.Combine(_folder, id));
        Directory.CreateDirectory(song.Folder);
        await using (FileStream file = File.Create(song.Upload))
        {
            await body.CopyToAsync(file, cancellationToken);
        }

        _songs[id] = song;
        await _waiting.Writer.WriteAsync(song, cancellationToken);
        return song;
    }

    public Song? Find(string id) => _songs.GetValueOrDefault(id);

    public override void Dispose()
    {
        base.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (Song song in _waiting.Reader.ReadAllAsync(stoppingToken))
        {
            try
            {
                StemSeparator separator = await source.GetAsync(stoppingToken);
                SeparatedFiles made = await separator.SeparateToFilesAsync(song.Upload, song.Folder, progress: song, cancellationToken: stoppingToken);
                song.Finish(made.Files);
            }
            catch (StemsharpException error)
            {
                logger.LogWarning("{Song}: {Message}", song.Id, error.Message);
                song.Fail(error.Message);
            }
        }
    }
}
