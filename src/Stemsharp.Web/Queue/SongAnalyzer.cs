using System.Threading.Channels;
using Stemsharp.Audio;
using Stemsharp.Client;
using Stemsharp.Music;
using Stemsharp.Web.Separation;
using Stemsharp.Web.Store;

namespace Stemsharp.Web.Queue;

/// <summary>
/// Looks for tempo, bars and key, once for each song: after its separation, in the stems where there are drums among them, and
/// else, when somebody asks, in the song itself. One song at a time, on one thread.
/// </summary>
internal sealed class SongAnalyzer(
    SongStore songs, JobQueue queue, ISongSeparator separator, ILogger<SongAnalyzer> logger) : BackgroundService
{
    /// <summary>More songs than these that were done in a row wait until somebody asks for them.</summary>
    private readonly Channel<string> _done = Channel.CreateBounded<string>(new BoundedChannelOptions(256) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly SemaphoreSlim _one = new(1);

    /// <summary>Has a song looked at in the background.</summary>
    public void Enqueue(string songId) => _done.Writer.TryWrite(songId);

    /// <summary>What is found in a song, from the store where it was looked at before.</summary>
    public async Task<SongAnalysis> GetAsync(string songId, CancellationToken cancellationToken)
    {
        if (songs.Analysis(songId) is { } known)
        {
            return known;
        }

        await _one.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (songs.Analysis(songId) is { } meanwhile)
            {
                return meanwhile;
            }

            SongAnalysis found = await Task.Run(() => Analyze(songId, cancellationToken), cancellationToken).ConfigureAwait(false);
            songs.Keep(songId, found);
            return found;
        }
        finally
        {
            _one.Release();
        }
    }

    public override void Dispose()
    {
        _one.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (string songId in _done.Reader.ReadAllAsync(stoppingToken).ConfigureAwait(false))
        {
            try
            {
                await GetAsync(songId, stoppingToken).ConfigureAwait(false);
            }
#pragma warning disable CA1031 // A song that is gone, or cannot be looked at, must not end the others; whoever asks for it is told.
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
#pragma warning restore CA1031
            {
                logger.LogInformation("Song {SongId} was not analyzed: {Error}", songId, error.Message);
            }
        }
    }

    private SongAnalysis Analyze(string songId, CancellationToken cancellationToken)
    {
        if (queue.DoneWith(songId, "drums") is { Audio: { } audio } job)
        {
            StemFiles files = queue.Files(job.Id);
            List<MusicPart> parts = [];
            try
            {
                for (int stem = 0; stem < audio.Stems.Count; stem++)
                {
                    parts.Add(new MusicPart(WavReader.Open(files.Final(stem, "wav")), MusicRoles.Of(audio.Stems[stem])));
                }

                return Told(MusicAnalyzer.Analyze(parts, cancellationToken));
            }
            finally
            {
                parts.ForEach(part => part.Reader.Dispose());
            }
        }

        using IAudioReader song = separator.Open(songs.Source(songId), cancellationToken);
        return Told(MusicAnalyzer.Analyze(song, cancellationToken));
    }

    private static SongAnalysis Told(MusicAnalysis found) => new()
    {
        Bpm = found.Tempo?.Bpm,
        SlowestBpm = found.Tempo?.SlowestBpm,
        FastestBpm = found.Tempo?.FastestBpm,
        // A tenth of a millisecond is far below what is heard, and half as long to send.
        Beats = found.Tempo is { } tempo ? [.. tempo.Beats.Select(beat => Math.Round(beat, 4))] : null,
        BeatsPerBar = found.Meter?.BeatsPerBar,
        FirstBeat = found.Meter?.FirstBeat,
        Key = found.Key is { } key ? new SongKey(key.Tonic, key.Mode == MusicMode.Minor) : null,
    };
}
