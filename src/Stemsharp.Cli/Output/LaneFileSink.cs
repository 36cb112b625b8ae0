using Stemsharp.Audio;
using Stemsharp.Cli.Hosting;

namespace Stemsharp.Cli.Output;

/// <summary>A file that a sink made.</summary>
/// <param name="Stem">The lane's name.</param>
/// <param name="Path">Where it lies.</param>
/// <param name="Gain">The factor that was applied against clipping; 1 for none.</param>
/// <param name="ClippedSamples">Samples cut to the format's range.</param>
internal sealed record MadeFile(string Stem, string Path, float Gain, long ClippedSamples);

/// <summary>
/// Turns blocks of stems into finished files in one folder. Where a stem's level is known only at the song's end, its
/// floats wait in temporary files, so that memory does not grow with the song.
/// </summary>
internal sealed class LaneFileSink : IStemSink, IDisposable
{
    private readonly OutputSettings _settings;
    private readonly string _folder;
    private readonly AudioInfo _source;
    private readonly AudioTags _tags;
    private readonly CancellationToken _cancellationToken;
    private readonly List<LaneWriter> _writers = [];
    private ExactSumFinish? _exact;
    private float[] _scratch = [];
    private int _sampleRate;

    /// <param name="settings">Already validated.</param>
    /// <param name="folder">Where the files are made.</param>
    /// <param name="source">What is known of the input.</param>
    /// <param name="tags">Tags for the files.</param>
    /// <param name="cancellationToken">Ends encoders.</param>
    internal LaneFileSink(
        OutputSettings settings, string folder, AudioInfo source, AudioTags tags, CancellationToken cancellationToken)
    {
        _settings = settings;
        _folder = folder;
        _source = source;
        _tags = tags;
        _cancellationToken = cancellationToken;
    }

    /// <summary>Null depths of an exact sum; null when none was asked for.</summary>
    internal (double Before, double After)? NullDecibels => _exact?.NullDecibels;

    public void Begin(SeparationInfo info)
    {
        _sampleRate = info.SampleRate;
        IReadOnlyList<Lane> lanes = Lane.For(_settings, info.Stems);
        EncodingOptions encoding = EncodingFor(_settings, _source, info);
        bool spools = Spools(_settings);
        DiskSpace.Require(_folder, DiskSpace.Needed(lanes.Count + (_settings.ExactSum ? 1 : 0), info, encoding, spools));
        OutputException.Guard(() =>
        {
            for (int i = 0; i < lanes.Count; i++)
            {
                string path = Path.Combine(_folder, $"{i}.{encoding.Format.Extension()}");
                var options = encoding with { DitherSeed = Seed(lanes[i].Name), Tags = TagsFor(lanes[i].Name) };
                _writers.Add(new LaneWriter(lanes[i], path, info, options, spools, _cancellationToken));
            }

            if (_settings.ExactSum)
                _exact = new ExactSumFinish(_writers, ResidualIndex(lanes), info.Channels, Path.Combine(_folder, "mix.f32"));
        });
    }

    public void Write(StemBlock block)
    {
        int samples = block.Length * block.Info.Channels;
        if (_scratch.Length < samples)
            _scratch = new float[samples];
        OutputException.Guard(() => WriteLanes(block));
        _exact?.Write(block);
    }

    /// <summary>Finishes all files.</summary>
    internal IReadOnlyList<MadeFile> Complete()
    {
        if (_settings.Traktor is { } traktor)
        {
            MadeFile? file = null;
            OutputException.Guard(() => file = TraktorFinish.Write(
                _writers, _folder, _sampleRate, traktor with { Tags = _settings.CopyTags ? _tags : null }, _settings.ClipMode, _cancellationToken));
            return [file!];
        }

        var made = new MadeFile[_writers.Count];
        OutputException.Guard(() =>
        {
            if (_exact is not null)
            {
                _exact.Complete(_settings.Dither, _cancellationToken);
                for (int i = 0; i < made.Length; i++)
                    made[i] = _writers[i].Made(_exact.Gain);
                return;
            }

            float loudest = _writers.Max(w => w.Peak);
            // Encoders are separate processes: a few at once keep all processors busy.
            var parallel = new ParallelOptions
            {
                MaxDegreeOfParallelism = _settings.Format == AudioFormat.Wav ? 1 : Math.Min(4, Environment.ProcessorCount),
                CancellationToken = _cancellationToken,
            };
            try
            {
                Parallel.For(0, _writers.Count, parallel, i =>
                {
                    float gain = _settings.ClipMode == ClipMode.Rescale
                        ? Clipping.RescaleGain(_settings.SharedGain ? loudest : _writers[i].Peak)
                        : 1;
                    _writers[i].Complete(_settings.ClipMode, gain, _cancellationToken);
                    made[i] = _writers[i].Made(gain);
                });
            }
            catch (AggregateException exception)
            {
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(exception.InnerExceptions[0]);
            }
        });
        return made;
    }

    public void Dispose()
    {
        foreach (LaneWriter writer in _writers)
            writer.Dispose();
        _exact?.Dispose();
    }

    private void WriteLanes(StemBlock block)
    {
        Span<float> samples = _scratch.AsSpan(0, block.Length * block.Info.Channels);
        foreach (LaneWriter writer in _writers)
        {
            LaneMixer.Mix(block, writer.Lane, samples);
            writer.Write(samples, _settings.ClipMode);
        }
    }

    /// <summary>Whether floats wait on disk until the song's end.</summary>
    internal static bool Spools(OutputSettings settings) =>
        settings.ExactSum || settings.Traktor is not null || settings.ClipMode == ClipMode.Rescale;

    /// <summary>How files are written for a source and a separation.</summary>
    internal static EncodingOptions EncodingFor(OutputSettings settings, AudioInfo source, SeparationInfo info)
    {
        int rate = settings.Rate switch
        {
            null => info.SourceSampleRate,
            OutputSettings.ModelRate => info.SampleRate,
            { } asked => asked,
        };
        return new EncodingOptions
        {
            Format = settings.Format,
            SampleFormat = DepthFor(settings, source),
            Dither = settings.Dither,
            BitrateKbps = settings.BitrateKbps,
            Mp3Preset = settings.Mp3Preset,
            SampleRate = rate == info.SampleRate ? null : rate,
            Length = rate != info.SampleRate && rate == info.SourceSampleRate ? source.Length : null,
        };
    }

    /// <summary>The depth of the files: as asked, or the source's as far as the format has it.</summary>
    internal static SampleFormat DepthFor(OutputSettings settings, AudioInfo source)
    {
        SampleFormat depth = settings.Depth ?? source.SampleFormat switch
        {
            SampleFormat.Int24 => SampleFormat.Int24,
            SampleFormat.Int32 => SampleFormat.Int32,
            SampleFormat.Float32 or SampleFormat.Float64 => SampleFormat.Float32,
            // Compressed sources have no depth, and separating an 8-bit one leaves more than 8 bits.
            _ => SampleFormat.Int16,
        };
        // A float holds 24 bits, so that an exact sum in 32-bit integers would not be exact.
        if (settings.ExactSum && depth == SampleFormat.Int32)
            depth = SampleFormat.Int24;
        return settings.Format == AudioFormat.Flac && depth != SampleFormat.Int16 ? SampleFormat.Int24 : depth;
    }

    // By name, so that a stem's bytes don't depend on which others are wanted.
    private static ulong Seed(string stem) => stem.Aggregate(14695981039346656037, (hash, c) => (hash ^ c) * 1099511628211);

    private AudioTags? TagsFor(string stem)
    {
        if (!_settings.CopyTags || (_tags.Values.Count == 0 && _tags.Cover is null))
            return null;
        return _tags["title"] is { Length: > 0 } title ? _tags.With("title", $"{title} ({stem})") : _tags;
    }

    private int ResidualIndex(IReadOnlyList<Lane> lanes)
    {
        string? name = _settings.Residual
            ?? lanes.FirstOrDefault(l => l.Name == "other" || l.Name.StartsWith("no_", StringComparison.Ordinal)
                || l.Name.StartsWith("minus_", StringComparison.Ordinal))?.Name
            ?? lanes[^1].Name;
        int index = lanes.ToList().FindIndex(l => l.Name == name);
        return index >= 0 ? index : throw new OptionException(
            $"--residual {name} is no file of this separation; valid are {string.Join(", ", lanes.Select(l => l.Name))}.");
    }
}
