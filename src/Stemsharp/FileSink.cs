using Stemsharp.Audio;
using Stemsharp.Files;
using Stemsharp.Inference;
using Stemsharp.Separation;

namespace Stemsharp;

/// <summary>
/// Writes stems to files as they come, side by side on the threads that are free; what a gain of the whole song may change waits in
/// a temporary file, too, so that memory does not grow with the song. Files get their names when all are finished. Where
/// anything fails nothing of them is left, nor of the folders that were made for them.
/// </summary>
internal sealed class FileSink : IFinishingSink, IDisposable
{
    private readonly Func<SeparationInfo, FilePlan> _planner;
    private readonly CancellationToken _cancellationToken;
    private readonly List<string> _madeFolders = [];
    private FilePlan _plan = null!;
    private FileLane[] _lanes = [];
    private SpoolPlane? _mix;
    private StemSpool? _spool;
    private float[] _block = [];
    private int[] _stages = [];
    private bool _complete;

    /// <param name="planner">Says which files, once the song's rate and length are known.</param>
    /// <param name="cancellationToken">Ends encoders.</param>
    public FileSink(Func<SeparationInfo, FilePlan> planner, CancellationToken cancellationToken)
    {
        _planner = planner;
        _cancellationToken = cancellationToken;
    }

    /// <summary>Called when all files are whole and none has its name yet; what it throws is the song's failure.</summary>
    public Action? BeforeNaming { get; init; }

    /// <summary>Notes the stages; null for nobody.</summary>
    public Timeline? Timeline { get; init; }

    /// <summary>The finished files.</summary>
    public IReadOnlyList<SavedStem> Made { get; private set; } = [];

    /// <summary>Null depths in dB, of the model's stems and of the files; null without an exact sum.</summary>
    public NullDepth? NullDecibels { get; private set; }

    public void Begin(SeparationInfo info)
    {
        _plan = _planner(info);
        foreach (PlannedFile file in _plan.Traktor is null ? _plan.Files : [])
        {
            // With the input's own rate this is the first moment that all of it is known.
            AudioFiles.Check(file.Encoding, info.SampleRate, info.Channels);
        }

        foreach (PlannedFile file in _plan.Files)
        {
            MakeFolder(Path.GetDirectoryName(file.Path)!);
        }

        string folder = Path.GetDirectoryName(_plan.Files[0].Path)!;
        DiskSpace.Require(folder, _plan.FileBytes + (folder == _plan.TemporaryFolder ? _plan.SpoolBytes : 0), "for the stems", _plan.Folder);
        _spool = _plan.Keeps ? new StemSpool(_plan.TemporaryFolder, _plan.Planes, _plan.PlaneLength) : null;
        _lanes = [.. _plan.Files.Select((_, i) => new FileLane(_plan, i, PlaneOf(i, ResamplerFor()), _cancellationToken))];
        _stages = [.. _lanes.Select(_ => -1)];
        if (_plan.Residual is not null)
        {
            // A mix that is read apart comes at the right rate.
            _mix = PlaneOf(_lanes.Length, null);
            _block = new float[SeparatedBlock.Capacity * info.Channels];
        }

        if (_plan.Streams)
        {
            foreach (FileLane lane in _lanes)
            {
                lane.Open();
            }
        }
    }

    public void Write(StemBlock block)
    {
        SeparatedBlock memory = block.Memory;
        bool mix = _mix is not null && _plan.OpenMix is null;
        memory.Workers.For(_lanes.Length + (mix ? 1 : 0), i =>
        {
            if (i == _lanes.Length)
            {
                Span<float> samples = _block.AsSpan(0, block.Length * block.Info.Channels);
                block.CopyMixInterleaved(samples);
                _mix!.Write(samples);
                return;
            }

            long began = Timeline.Now;
            _lanes[i].Write(memory);
            _stages[i] = Timeline?.Add("write", began, memory.Stage, _stages[i]) ?? -1;
        });
    }

    /// <summary>Finishes all files and gives them their names.</summary>
    public void Finish(IWorkers workers)
    {
        foreach (FileLane lane in _lanes)
        {
            lane.End();
        }

        if (_plan is { Residual: not null, OpenMix: { } open })
        {
            ReadMix(open);
        }

        FileFinish finish = new(_plan, _lanes, _cancellationToken) { Timeline = Timeline, Stages = _stages };
        SavedStem[] made = finish.Run(_mix, workers);
        NullDecibels = finish.NullDecibels;
        _cancellationToken.ThrowIfCancellationRequested();
        BeforeNaming?.Invoke();
        FileFinish.Name(_lanes);
        Made = made;
        _complete = true;
    }

    public void Dispose()
    {
        foreach (FileLane lane in _lanes)
        {
            lane.Dispose();
        }

        _spool?.Dispose();
        if (!_complete)
        {
            RemoveFolders();
        }
    }

    /// <summary>The mix at another rate than the stems', read apart.</summary>
    private void ReadMix(Func<IAudioReader> open)
    {
        using IAudioReader reader = open();
        for (int frames; (frames = reader.Read(_block)) > 0;)
        {
            _cancellationToken.ThrowIfCancellationRequested();
            _mix!.Write(_block.AsSpan(0, frames * reader.Channels));
        }
    }

    private SpoolPlane? PlaneOf(int plane, Resampler? resampler) =>
        _spool is null ? null : new SpoolPlane(_spool, plane, _plan.PlaneLength, resampler);

    /// <summary>Stems of an exact sum at another rate are resampled on their way into the spool.</summary>
    private Resampler? ResamplerFor() => _plan.OutputRate == _plan.SampleRate ? null : new Resampler(_plan.SampleRate, _plan.OutputRate, _plan.Channels);

    private void MakeFolder(string folder)
    {
        for (string? missing = folder; missing is not null && !Directory.Exists(missing); missing = Path.GetDirectoryName(missing))
        {
            _madeFolders.Add(missing);
        }

        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new OutputException($"The folder '{folder}' cannot be made: {error.Message} Choose a folder that can be written.", error);
        }
    }

    private void RemoveFolders()
    {
        // The innermost first; one that somebody else uses meanwhile stays.
        foreach (string folder in _madeFolders.OrderByDescending(f => f.Length))
        {
            Folders.DeleteIfEmpty(folder);
        }
    }
}
