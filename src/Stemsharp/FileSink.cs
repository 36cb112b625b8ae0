using System.Runtime.ExceptionServices;
using Stemsharp.Audio;
using Stemsharp.Separation;
using Stemsharp.Separation.Files;

namespace Stemsharp;

/// <summary>
/// Writes stems to files as they come; where a gain depends on the whole song, samples wait in a temporary file first, so
/// that memory does not grow with the song. Files get their names when all are finished; without <see cref="Complete"/>
/// nothing is left.
/// </summary>
internal sealed class FileSink : IStemSink, IDisposable
{
    private const int BlockFrames = 1 << 14;
    private readonly Func<SeparationInfo, FilePlan> _planner;
    private readonly CancellationToken _cancellationToken;
    private FilePlan _plan = null!;
    private IStagedWriter?[] _writers = [];
    private SpoolPlane[] _planes = [];
    private StemSpool? _spool;
    private float[] _block = [];

    /// <param name="planner">Says which files, once the song's rate and length are known.</param>
    /// <param name="cancellationToken">Ends encoders.</param>
    public FileSink(Func<SeparationInfo, FilePlan> planner, CancellationToken cancellationToken)
    {
        _planner = planner;
        _cancellationToken = cancellationToken;
    }

    /// <summary>Null depths in dB, of the model's stems and of the files; null without an exact sum.</summary>
    public (double Before, double After)? NullDecibels { get; private set; }

    public void Begin(SeparationInfo info)
    {
        _plan = _planner(info);
        if (_plan.Residual is not null)
        {
            ExactSumFinish.Check(_plan);
        }

        foreach (PlannedFile file in _plan.Files)
        {
            CreateFolder(Path.GetDirectoryName(file.Path)!);
        }

        string folder = Path.GetDirectoryName(_plan.Files[0].Path)!;
        DiskSpace.Require(folder, _plan.FileBytes + (folder == _plan.TemporaryFolder ? _plan.SpoolBytes : 0), "for the stems", _plan.Folder);
        _writers = new IStagedWriter?[_plan.Files.Count];
        _block = new float[SeparatedBlock.Capacity * info.Channels];
        if (_plan.Waits)
        {
            _spool = new StemSpool(_plan.TemporaryFolder, _plan.Planes, _plan.PlaneLength);
            _planes = [.. Enumerable.Range(0, _plan.Planes).Select(i => new SpoolPlane(_spool, i, _plan.PlaneLength, ResamplerFor(i)))];
            return;
        }

        for (int i = 0; i < _writers.Length; i++)
        {
            Open(i);
        }
    }

    public void Write(StemBlock block)
    {
        Span<float> samples = _block.AsSpan(0, block.Length * block.Info.Channels);
        for (int i = 0; i < _plan.Files.Count; i++)
        {
            _plan.Files[i].Mixdown.Mix(block.Memory, samples);
            if (_spool is not null)
            {
                _planes[i].Write(samples);
                continue;
            }

            Clipping.Apply(samples, _plan.ClipMode);
            _writers[i]!.Write(samples);
        }

        if (_plan is { Residual: not null, OpenMix: null })
        {
            block.CopyMixInterleaved(samples);
            _planes[^1].Write(samples);
        }
    }

    /// <summary>Finishes all files and gives them their names.</summary>
    public IReadOnlyList<MadeFile> Complete()
    {
        foreach (SpoolPlane plane in _planes)
        {
            plane.End();
        }

        MadeFile[] made = _plan switch
        {
            { Traktor: { } options } => [Container(options)],
            { Residual: not null } => Sum(),
            _ => Each(),
        };
        foreach (IStagedWriter? writer in _writers)
        {
            writer?.Commit();
        }

        return made;
    }

    public void Dispose()
    {
        foreach (IStagedWriter? writer in _writers)
        {
            writer?.Dispose();
        }

        _spool?.Dispose();
    }

    /// <summary>Every file for itself.</summary>
    private MadeFile[] Each()
    {
        MadeFile[] made = new MadeFile[_writers.Length];
        float loudest = _planes.Select(p => p.Peak).DefaultIfEmpty(0).Max();
        // Encoders are separate processes: a few at once keep all processors busy.
        ParallelOptions parallel = new()
        {
            MaxDegreeOfParallelism = Math.Max(1, _plan.EncodersAtOnce),
            CancellationToken = _cancellationToken,
        };
        try
        {
            Parallel.For(0, made.Length, parallel, i =>
            {
                float gain = _plan.ClipMode != ClipMode.Rescale ? 1 : Clipping.RescaleGain(_plan.SharedGain ? loudest : _planes[i].Peak);
                if (_spool is not null)
                {
                    Copy(_planes[i], Open(i), gain);
                }

                made[i] = Finished(i, gain);
            });
        }
        catch (AggregateException error)
        {
            ExceptionDispatchInfo.Throw(error.InnerExceptions[0]);
        }

        return made;
    }

    /// <summary>Files that add up.</summary>
    private MadeFile[] Sum()
    {
        if (_plan.OpenMix is { } open)
        {
            using IAudioReader reader = open();
            for (int frames; (frames = reader.Read(_block)) > 0;)
            {
                _cancellationToken.ThrowIfCancellationRequested();
                _planes[^1].Write(_block.AsSpan(0, frames * reader.Channels));
            }
        }

        ExactSumFinish finish = new(_plan);
        finish.Write(_planes[..^1], _planes[^1], Open, _cancellationToken);
        NullDecibels = finish.NullDecibels;
        return [.. _writers.Select((_, i) => Finished(i, finish.Gain))];
    }

    /// <summary>One file with all tracks.</summary>
    private MadeFile Container(TraktorStemOptions options)
    {
        string path = _plan.Files[0].Path;
        _writers[0] = TraktorStemFile.CreateStaged(path, _plan.SampleRate, options, _cancellationToken);
        float gain = TraktorFinish.Write(_planes, _writers[0]!, _plan.ClipMode, _cancellationToken);
        return Finished(0, gain) with { Stem = TraktorFinish.Name };
    }

    private IStagedWriter Open(int index)
    {
        PlannedFile file = _plan.Files[index];
        EncodingOptions encoding = _plan.OutputRate == _plan.SampleRate ? file.Encoding : file.Encoding with { SampleRate = null, Length = null };
        IStagedWriter writer = AudioFiles.CreateStaged(file.Path, _plan.OutputRate, _plan.Channels, encoding, _cancellationToken);
        _writers[index] = writer;
        return writer;
    }

    private void Copy(SpoolPlane plane, IAudioWriter writer, float gain)
    {
        float[] block = new float[BlockFrames * _plan.Channels];
        for (int read; (read = plane.Read(block)) > 0;)
        {
            _cancellationToken.ThrowIfCancellationRequested();
            Clipping.Apply(block.AsSpan(0, read), _plan.ClipMode, gain);
            writer.Write(block.AsSpan(0, read));
        }
    }

    private MadeFile Finished(int index, float gain)
    {
        IStagedWriter writer = _writers[index]!;
        writer.Finish();
        return new MadeFile(_plan.Files[index].Mixdown.Name, _plan.Files[index].Path, gain, writer.ClippedSamples);
    }

    /// <summary>Stems are resampled on their way into the spool; a mix that is read apart comes at the right rate.</summary>
    private Resampler? ResamplerFor(int plane) => _plan.OutputRate == _plan.SampleRate || plane >= _plan.Files.Count
        ? null
        : new Resampler(_plan.SampleRate, _plan.OutputRate, _plan.Channels);

    private static void CreateFolder(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new OutputException($"The folder '{folder}' cannot be made: {error.Message} Choose a folder that can be written.", error);
        }
    }
}
