using Stemsharp.Audio;
using Stemsharp.Separation;

namespace Stemsharp;

/// <summary>
/// Writes stems to files as they come; where a gain depends on the whole song, floats wait in a temporary file first. Files
/// get their names when all are finished; without <see cref="Complete"/> nothing is left.
/// </summary>
internal sealed class FileSink : IStemSink, IDisposable
{
    private readonly string _folder, _track;
    private readonly string? _temporaryFolder;
    private readonly StemFileOptions _options;
    private readonly CancellationToken _cancellationToken;
    private readonly List<IAudioWriter> _writers = [];
    private readonly List<string> _paths = [];
    private SeparationInfo _info = null!;
    private StemSpool? _spool;
    private ExactSum? _exact;
    private PeakMeter[] _peaks = [];
    private float[] _interleaved = [];

    /// <param name="folder">Where files go.</param>
    /// <param name="track">The input's name without folder and extension.</param>
    /// <param name="temporaryFolder">Where floats wait; null for the system's.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">Ends encoders.</param>
    public FileSink(
        string folder, string track, string? temporaryFolder, StemFileOptions options, CancellationToken cancellationToken)
    {
        _folder = Path.GetFullPath(folder);
        _track = track;
        _temporaryFolder = temporaryFolder;
        _options = options;
        _cancellationToken = cancellationToken;
    }

    private bool Waits => _options.ResidualStem is not null || _options.ClipMode == ClipMode.Rescale;

    public void Begin(SeparationInfo info)
    {
        _info = info;
        CheckResidual();
        foreach (string stem in info.Stems)
        {
            string path = PathOf(stem);
            CreateFolder(Path.GetDirectoryName(path)!);
            _paths.Add(path);
            _writers.Add(AudioFiles.Create(path, info.SampleRate, info.Channels, _options.Encoding, _cancellationToken));
        }

        _peaks = [.. Enumerable.Range(0, info.Stems.Count + 1).Select(_ => new PeakMeter())];
        if (Waits)
        {
            // The mix is the last plane: an exact sum needs it again.
            int stems = info.Stems.Count + (_options.ResidualStem is null ? 0 : 1);
            _spool = new StemSpool(_temporaryFolder, stems * info.Channels, info.Length);
        }

        _interleaved = new float[SeparatedBlock.Capacity * info.Channels];
    }

    public void Write(StemBlock block)
    {
        for (int stem = 0; stem <= _info.Stems.Count; stem++)
        {
            bool isMix = stem == _info.Stems.Count;
            for (int c = 0; c < _info.Channels; c++)
            {
                ReadOnlySpan<float> samples = isMix ? block.Mix(c) : block.Stem(stem, c);
                _peaks[stem].Add(samples);
                if (_spool is not null && (!isMix || _options.ResidualStem is not null))
                {
                    _spool.Write((stem * _info.Channels) + c, block.Start, samples);
                }
            }

            if (_spool is null && !isMix)
            {
                Span<float> interleaved = _interleaved.AsSpan(0, block.Length * _info.Channels);
                block.CopyStemInterleaved(stem, interleaved);
                Clipping.Apply(interleaved, _options.ClipMode);
                _writers[stem].Write(interleaved);
            }
        }
    }

    /// <summary>Finishes the files and gives them their names.</summary>
    public SeparatedFiles Complete(SeparationSummary summary)
    {
        float[] gains = Gains();
        if (_spool is not null)
        {
            WriteSpooled(gains);
        }

        foreach (IAudioWriter writer in _writers)
        {
            writer.Complete();
        }

        return new SeparatedFiles(
            summary,
            _info.Stems.Select((stem, i) => (stem, _paths[i])).ToDictionary(),
            _info.Stems.Select((stem, i) => (stem, gains[i])).ToDictionary());
    }

    public void Dispose()
    {
        foreach (IAudioWriter writer in _writers)
        {
            writer.Dispose();
        }

        _spool?.Dispose();
    }

    private float[] Gains()
    {
        float[] peaks = [.. _peaks.Take(_info.Stems.Count).Select(peak => peak.Peak)];
        if (_options.ResidualStem is not null)
        {
            return [.. peaks.Select(_ => ExactSum.SharedGain(_peaks[^1].Peak, peaks))];
        }

        return _options.ClipMode != ClipMode.Rescale
            ? [.. peaks.Select(_ => 1f)]
            : [.. peaks.Select(peak => Clipping.RescaleGain(_options.SharedGain ? peaks.Max() : peak))];
    }

    private void WriteSpooled(float[] gains)
    {
        int stems = _info.Stems.Count, channels = _info.Channels;
        float[][] blocks = [.. Enumerable.Range(0, stems + 1).Select(_ => new float[_interleaved.Length])];
        float[] plane = new float[SeparatedBlock.Capacity];
        for (long start = 0; start < _info.Length; start += plane.Length)
        {
            _cancellationToken.ThrowIfCancellationRequested();
            int count = (int)Math.Min(plane.Length, _info.Length - start);
            for (int stem = 0; stem < stems + (_exact is null ? 0 : 1); stem++)
            {
                for (int c = 0; c < channels; c++)
                {
                    _spool!.Read((stem * channels) + c, start, plane.AsSpan(0, count));
                    for (int i = 0; i < count; i++)
                    {
                        blocks[stem][(i * channels) + c] = plane[i];
                    }
                }
            }

            int samples = count * channels;
            _exact?.Apply(
                blocks[stems].AsSpan(0, samples), [.. blocks.Take(stems).Select(block => block.AsMemory(0, samples))], gains[0]);
            for (int stem = 0; stem < stems; stem++)
            {
                Span<float> block = blocks[stem].AsSpan(0, samples);
                if (_exact is null)
                {
                    Clipping.Apply(block, _options.ClipMode, gains[stem]);
                }

                _writers[stem].Write(block);
            }
        }
    }

    private int IndexOf(string stem) => Enumerable.Range(0, _info.Stems.Count).FirstOrDefault(i => _info.Stems[i] == stem, -1);

    private void CheckResidual()
    {
        if (_options.ResidualStem is not { } residual)
        {
            return;
        }

        EncodingOptions encoding = _options.Encoding;
        if (IndexOf(residual) < 0)
        {
            throw new OptionException(
                $"The stem '{residual}' that should take the residual is not among {string.Join(", ", _info.Stems)}.");
        }

        if (!encoding.Format.IsLossless() || (encoding.SampleRate is int rate && rate != _info.SampleRate))
        {
            throw new OptionException(
                $"Stems can add up exactly only in a lossless format at {_info.SampleRate} Hz; use WAV or FLAC without another rate.");
        }

        _exact = new ExactSum(
            encoding.SampleFormat, _info.Stems.Count, IndexOf(residual), encoding.Dither, encoding.DitherSeed);
    }

    private string PathOf(string stem)
    {
        string extension = _options.Encoding.Format.Extension();
        string name = _options.FileName?.Invoke(_info.Model, _track, stem) ?? Path.Combine(_info.Model, _track, $"{stem}.{extension}");
        string path = Path.GetFullPath(Path.Combine(_folder, name));
        if (!path.StartsWith(_folder.TrimEnd(Path.DirectorySeparatorChar) + Path.DirectorySeparatorChar, StringComparison.Ordinal))
        {
            throw new OptionException($"The file name '{name}' leads out of the folder '{_folder}'; name files below it.");
        }

        if (_paths.Contains(path))
        {
            throw new OptionException($"Two stems would be written to '{path}'; let the file name depend on the stem.");
        }

        return path;
    }

    private static void CreateFolder(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new AudioException($"The folder '{folder}' cannot be made: {error.Message} Choose a folder that can be written.", error);
        }
    }
}
