using System.Diagnostics;
using Stemsharp.Audio;
using Stemsharp.Cli.Batches;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Progress;

namespace Stemsharp.Cli.Separating;

/// <summary>
/// Separates track after track into an output folder. Finished tracks are skipped, broken ones don't stop the others,
/// tracks that another process works on are left to it.
/// </summary>
internal sealed class BatchRun
{
    private static readonly TimeSpan s_wait = TimeSpan.FromMilliseconds(200);

    private readonly SeparateRequest _request;
    private readonly IBatchView _view;
    private readonly TrackPlaces _places;
    private readonly OutputLedger _ledger;
    private readonly IOutputPlace _place;
    private readonly TrackSeparation _separation;
    private readonly string _settings;
    private readonly IReadOnlyList<string> _lanes;
    private readonly List<TrackOutcome> _outcomes = [];
    private readonly Lazy<string> _model;

    /// <param name="request">What was asked for.</param>
    /// <param name="separator">What separates.</param>
    /// <param name="view">Shows how it goes on.</param>
    /// <param name="taken">Places that are taken, by this and the other parts of a batch.</param>
    /// <param name="place">Where finished files lie, if not in the output folder itself.</param>
    internal BatchRun(SeparateRequest request, StemSeparator separator, IBatchView view, Dictionary<string, (SeparateRequest Request, Track Track)> taken, IOutputPlace? place = null)
    {
        _request = request;
        _view = view;
        _places = new TrackPlaces(request, separator, taken);
        _ledger = new OutputLedger(_places.Root);
        _place = place ?? new FolderPlace(_ledger);
        _separation = new TrackSeparation(request, separator);
        _settings = TrackRecord.HashText(request.Fingerprint());
        // Hashing the weights takes a moment: only when a record is compared or written.
        _model = new Lazy<string>(separator.ComputeFingerprint);
        _lanes = request.Files.Names(separator.AskedStems);
    }

    /// <summary>The folder that holds all tracks' files.</summary>
    internal string Root => _places.Root;

    /// <summary>Asked right before a track's files get their names; what it throws leaves them without.</summary>
    internal Func<CancellationToken, Task>? Publishing { get; init; }

    /// <summary>What has become of the tracks so far.</summary>
    internal IReadOnlyList<TrackOutcome> Outcomes => _outcomes;

    /// <summary>Does all tracks.</summary>
    /// <param name="inputs">The tracks.</param>
    /// <param name="index">The first one's place in the whole batch.</param>
    /// <param name="cancellationToken">Stops within a segment.</param>
    internal async Task RunAsync(InputExpansion inputs, int index, CancellationToken cancellationToken)
    {
        OutputErrors.Guard(() => Directory.CreateDirectory(Root));
        foreach (string note in inputs.Notes)
        {
            _view.Note(note);
        }

        foreach (RejectedInput rejected in inputs.Rejected)
        {
            TrackOutcome outcome = TrackOutcome.Failure(rejected);
            End(_view.Track(index++, outcome.Track), outcome);
        }

        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task lengths = TrackLengths.TellAsync(_request, inputs.Tracks, index, _view, over.Token);
        try
        {
            await RunAsync(inputs.Tracks, index, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await over.CancelAsync().ConfigureAwait(false);
            await lengths.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task RunAsync(IReadOnlyList<Track> tracks, int index, CancellationToken cancellationToken)
    {
        Queue<(int Index, Track Track)> waiting = new();
        foreach (Track track in tracks)
        {
            if (!await TryTrackAsync(index, track, cancellationToken).ConfigureAwait(false))
            {
                waiting.Enqueue((index, track));
            }

            index++;
        }

        // Another process has these; when it is done they count as finished, when it dies they are ours.
        while (waiting.TryDequeue(out (int Index, Track Track) next))
        {
            if (await TryTrackAsync(next.Index, next.Track, cancellationToken).ConfigureAwait(false))
            {
                continue;
            }

            waiting.Enqueue(next);
            await Task.Delay(s_wait, cancellationToken).ConfigureAwait(false);
        }
    }

    private void End(ITrackView view, TrackOutcome outcome)
    {
        _outcomes.Add(outcome);
        view.End(outcome);
    }

    /// <summary>Does a track; false when another process works on it.</summary>
    private async Task<bool> TryTrackAsync(int index, Track track, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ITrackView? view = null;
        TrackSource? source = null;
        ITrackView View() => view ??= _view.Track(index, track);
        try
        {
            long began = Stopwatch.GetTimestamp();
            // A skipped track is not opened unless its tags are part of its files' names.
            if (_request.FileName.NeedsTags)
            {
                source = TrackSource.Open(track, _request, cancellationToken);
            }

            AudioTags tags = source?.Tags ?? AudioTags.Empty;
            string key = _places.Key(track, tags);
            if (_request.Resume && await PresentAsync(track, tags, cancellationToken).ConfigureAwait(false) is { } present)
            {
                End(View(), present);
                return true;
            }

            TrackClaim? claim = null;
            OutputErrors.Guard(() => claim = _ledger.TryClaim(key));
            if (claim is null)
            {
                return false;
            }

            using (claim)
            {
                TrackOutcome? outcome = await FinishedAsync(track, tags, key, cancellationToken).ConfigureAwait(false);
                if (outcome is null)
                {
                    ITrackView shown = View();
                    source ??= TrackSource.Open(track, _request, cancellationToken);
                    outcome = await SeparateAsync(source, claim, shown, began, cancellationToken).ConfigureAwait(false);
                }

                End(View(), outcome);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (OutputException exception) when (exception.IsDiskFull)
        {
            // Every other track would meet the same full disk.
            End(View(), TrackOutcome.Failure(track, exception));
            throw;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            End(View(), TrackOutcome.Failure(track, exception));
        }
        finally
        {
            source?.Dispose();
        }

        return true;
    }

    private async Task<TrackOutcome> SeparateAsync(
        TrackSource source, TrackClaim claim, ITrackView view, long began, CancellationToken cancellationToken)
    {
        Track track = source.Track;
        Task<string> hashed = HashesAsync(track, cancellationToken);
        SeparatedFiles separated;
        try
        {
            separated = await _separation.RunAsync(source, claim.WorkFolder, claim.KeptFolder, view, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await ((Task)hashed).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        TrackRecord record = new()
        {
            Input = track.Source,
            InputSha256 = await hashed.ConfigureAwait(false),
            ModelSha256 = _model.Value,
            SettingsSha256 = _settings,
            Seconds = separated.Summary.Info.Duration.TotalSeconds,
            Engines = [.. separated.Summary.Engines.Select(RecordedEngine.Of)],
            Warnings = separated.Summary.Warnings,
            Outputs = [],
        };
        (string From, string To)[] moves = [.. separated.Stems.Select(f => (f.Path, _places.For(track, source.Tags, f.Stem)))];
        await _place.PublishAsync(claim, moves, record, Publishing, cancellationToken).ConfigureAwait(false);
        if (_request.Verbose)
        {
            _view.Note(TrackSeparation.Describe(separated));
        }

        return new TrackOutcome
        {
            Track = track,
            Status = TrackStatus.Done,
            Files = [.. separated.Stems.Zip(moves, (f, m) => new StemFile(f.Stem, _place.Shown(m.To), f.Gain))],
            AudioSeconds = record.Seconds,
            ElapsedSeconds = Stopwatch.GetElapsedTime(began).TotalSeconds,
            Engines = record.Engines,
            NullDecibels = separated.NullDecibels,
            Warnings = separated.Warnings,
        };
    }

    private async Task<TrackOutcome?> FinishedAsync(Track track, AudioTags tags, string key, CancellationToken cancellationToken)
    {
        if (_request.Overwrite)
        {
            return null;
        }

        if (await _place.FindAsync(key, cancellationToken).ConfigureAwait(false) is not { } record)
        {
            return await ThereAsync(track, tags, cancellationToken).ConfigureAwait(false) is not [{ } foreign, ..] ? null : throw new OptionException(
                $"its files would replace {foreign.Path}, and nothing says which input that came from; give another folder with --out, or add --overwrite, or --resume to leave whatever is there");
        }

        // What comes once cannot be compared beforehand.
        string? input = track.IsReadOnce ? null : await HashAsync(track, cancellationToken).ConfigureAwait(false);
        if (input != record.InputSha256 && record.Input != track.Source && await record.IsAnyThereAsync(_place, cancellationToken).ConfigureAwait(false))
        {
            throw new OptionException(
                $"its files would replace the stems of another input, {record.Input}; {TrackPlaces.Hint(_request, track, record.Input)}, or add --overwrite");
        }

        if (input is null || (_request.Strict && record.Warnings.Count > 0)
            || !await record.CoversAsync(_place, input, _model.Value, _settings, _request.Engine, cancellationToken).ConfigureAwait(false))
        {
            return null;
        }

        return new TrackOutcome
        {
            Track = track,
            Status = TrackStatus.Skipped,
            AudioSeconds = record.Seconds,
            Engines = record.Engines,
            Warnings = record.Warnings,
            Files = [.. record.Outputs.Select(o => new StemFile(Path.GetFileNameWithoutExtension(o.Path), _place.Shown(o.Path)))],
        };
    }

    private async Task<TrackOutcome?> PresentAsync(Track track, AudioTags tags, CancellationToken cancellationToken)
    {
        IReadOnlyList<StemFile> files = await ThereAsync(track, tags, cancellationToken).ConfigureAwait(false);
        return files.Count == _lanes.Count
            ? new TrackOutcome { Track = track, Status = TrackStatus.Skipped, Files = files }
            : null;
    }

    /// <summary>Those of a track's files whose names are taken.</summary>
    private async Task<IReadOnlyList<StemFile>> ThereAsync(Track track, AudioTags tags, CancellationToken cancellationToken)
    {
        List<StemFile> files = [];
        foreach (string lane in _lanes)
        {
            string path = _places.For(track, tags, lane);
            if (await _place.LengthAsync(path, cancellationToken).ConfigureAwait(false) is not null)
            {
                files.Add(new StemFile(lane, _place.Shown(path)));
            }
        }

        return files;
    }

    /// <summary>The input's hash, with the model's computed on the way: beside the measuring pass, which is one thread's work.</summary>
    private Task<string> HashesAsync(Track track, CancellationToken cancellationToken) => Task.Run(
        async () =>
        {
            string input = await HashAsync(track, cancellationToken).ConfigureAwait(false);
            _ = _model.Value;
            return input;
        },
        cancellationToken);

    private static Task<string> HashAsync(Track track, CancellationToken cancellationToken) =>
        track.IsReadOnce ? Task.FromResult("") : TrackRecord.HashFileAsync(track.Path, cancellationToken);
}
