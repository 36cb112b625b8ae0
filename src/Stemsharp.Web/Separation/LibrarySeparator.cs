using Stemsharp.Audio;
using Stemsharp.Chains;
using Stemsharp.Client;
using Stemsharp.Files;
using Stemsharp.Web.Settings;

namespace Stemsharp.Web.Separation;

/// <summary>Does the server's work with the library.</summary>
internal sealed class LibrarySeparator : ISongSeparator
{
    private const int BlockFrames = 1 << 14;
    private static readonly (string Name, AudioFormat Format)[] Formats = [("wav", AudioFormat.Wav), ("flac", AudioFormat.Flac), ("mp3", AudioFormat.Mp3)];
    private readonly ServeOptions _options;
    private readonly AudioInputOptions _input;
    private readonly ModelShelf _shelf;
    private StemSeparator? _separator;
    private IStemObserver? _observer;

    /// <param name="options">The server's.</param>
    /// <param name="chains">Chains that are offered; null for the presets.</param>
    public LibrarySeparator(ServeOptions options, IReadOnlyList<SeparationChain>? chains = null)
    {
        _options = options;
        _input = new AudioInputOptions { MaximumDuration = options.MaxDuration };
        _shelf = new ModelShelf(options, chains);
        Encoders = [.. Formats.Where(format => CanEncode(format.Format)).Select(format => format.Name)];
    }

    public string Engine => _options.Queue is { } queue ? $"workers of {queue}" : _options.Engine.Describe(_options.Threads > 0 ? _options.Threads : Environment.ProcessorCount);

    public string DefaultModel => _shelf.Default;

    public IReadOnlyList<string> Encoders { get; }

    public IReadOnlyList<ModelInfo> Models => _shelf.Models;

    /// <summary>How the engine is opened, whatever the model.</summary>
    private SeparatorOptions EngineOptions => _options.Engine.Apply(new SeparatorOptions
    {
        ModelFolder = _options.ModelFolder,
        Threads = _options.Threads,
        ReleaseMemory = true,
        Preload = false,
        Notices = new Notices(this),
    });

    public double? Work(string model) => _shelf.FindChain(model) is { } chain ? ModelWork.Of(chain) : ModelWork.Of(model, _options.ModelFolder);

    public Task<double> MeasureAsync(CancellationToken cancellationToken) => MachineRate.MeasureAsync(EngineOptions, cancellationToken);

    public AudioFacts Probe(string file, CancellationToken cancellationToken)
    {
        using AudioSource source = AudioSource.Open(file, _input, cancellationToken);
        AudioInfo info = source.Info;
        long frames = info.Length ?? info.EstimatedLength ?? Count(source, cancellationToken);
        AudioTags tags = ReadTags(source, cancellationToken);
        return new AudioFacts((double)frames / info.SampleRate, info.SampleRate, info.Channels, info.Description)
        {
            Title = tags["title"],
            Artist = tags["artist"],
            Cover = tags.Cover,
        };
    }

    public IAudioReader Open(string file, CancellationToken cancellationToken) =>
        OwningReader.Over(AudioSource.Open(file, _input, cancellationToken), cancellationToken);

    public JobSettings Complete(JobSettings settings, bool mayBeAbsent = false) =>
        SettingsCheck.Complete(settings, _shelf.Find(settings.Model ?? DefaultModel), mayBeAbsent);

    public int WaitingStems(string? model) => _shelf.FindChain(model ?? DefaultModel)?.MostWaitingStems ?? 0;

    public Task DownloadAsync(string model, IProgress<double> progress, CancellationToken cancellationToken) =>
        _shelf.DownloadAsync(model, progress, cancellationToken);

    public ModelFiles Files(string model) => _shelf.Files(model);

    public void Remove(string model)
    {
        // The last model stays open between songs, and so do its files.
        string[] gone = [model, .. _shelf.Files(model).SharedWith];
        if (_separator is { } open && gone.Contains(open.Options.Model) && Interlocked.CompareExchange(ref _separator, null, open) == open)
        {
            open.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }

        _shelf.Remove(model);
    }

    public DecodedSong Decode(string source, string workFolder, CancellationToken cancellationToken)
    {
        using AudioSource song = AudioSource.Open(source, _input, cancellationToken);
        if (!song.IsDecoded)
        {
            return new DecodedSong(source, []);
        }

        string target = Path.Combine(workFolder, "song.wav");
        using IAudioReader reader = song.OpenReader(cancellationToken);
        Copy(reader, target, new EncodingOptions { SampleFormat = SampleFormat.Float32 }, cancellationToken);
        return new DecodedSong(target, [.. song.Info.Notes, .. song.Warnings]);
    }

    public async Task<IReadOnlyList<string>> SeparateAsync(
        string song, JobSettings settings, string workFolder, string stepsFolder, IStemObserver observer, CancellationToken cancellationToken)
    {
        SeparatorOptions options = EngineOptions with { Model = settings.Model!, Stems = JobFiles.Of(settings).NeededStems ?? settings.Stems };
        _observer = observer;
        StemSeparator separator = await OpenAsync(options, cancellationToken).ConfigureAwait(false);
        Relay relay = new(observer, settings);
        SeparationOptions separation = new()
        {
            Overlap = settings.Overlap,
            Shifts = settings.Shifts!.Value,
            TemporaryFolder = workFolder,
            WorkFolder = stepsFolder,
        };
        return (await separator.SeparateAsync(AudioInput.FromFile(song), relay, separation, relay, cancellationToken).ConfigureAwait(false)).Warnings;
    }

    public void WriteStems(
        IReadOnlyList<WaitingStem> stems, WaitingStem? mix, IReadOnlyList<string> targets, JobSettings settings, CancellationToken cancellationToken) =>
        WaitingFiles.Write(stems, mix, targets, settings, cancellationToken);

    public void Encode(string wav, string target, string format, CancellationToken cancellationToken)
    {
        using WavReader source = WavReader.Open(wav);
        EncodingOptions encoding = new()
        {
            Format = Formats.Single(known => known.Name == format).Format,
            SampleFormat = source.Header.ValidBits > 16 ? SampleFormat.Int24 : SampleFormat.Int16,
        };
        Copy(source, target, encoding, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_separator is not null)
        {
            await _separator.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Tags that cannot be read are none: the sound may be well.</summary>
    private static AudioTags ReadTags(AudioSource source, CancellationToken cancellationToken)
    {
        try
        {
            return source.ReadTags(cancellationToken);
        }
        catch (StemsharpException)
        {
            return AudioTags.Empty;
        }
    }

    /// <summary>Whether a format can be written here, as the library will find out when it writes one.</summary>
    private static bool CanEncode(AudioFormat format)
    {
        try
        {
            AudioFiles.Check(new EncodingOptions { Format = format }, sampleRate: 44_100, channels: 2);
            return true;
        }
        catch (ExternalToolException)
        {
            return false;
        }
    }

    /// <summary>Files without a length in their header are counted through; a limit on the length ends that.</summary>
    private static long Count(AudioSource source, CancellationToken cancellationToken)
    {
        using IAudioReader reader = source.OpenReader(cancellationToken);
        float[] block = new float[BlockFrames * reader.Channels];
        long frames = 0;
        for (int read; (read = reader.Read(block)) > 0;)
        {
            frames += read;
        }

        return frames;
    }

    private static void Copy(IAudioReader source, string target, EncodingOptions encoding, CancellationToken cancellationToken)
    {
        using IAudioWriter writer = AudioFiles.Create(target, source.SampleRate, source.Channels, encoding, cancellationToken);
        float[] block = new float[BlockFrames * source.Channels];
        for (int read; (read = source.Read(block)) > 0;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            writer.Write(block.AsSpan(0, read * source.Channels));
        }

        writer.Complete();
    }

    /// <summary>The last model's network stays in memory, for the next song is mostly for the same one.</summary>
    private async Task<StemSeparator> OpenAsync(SeparatorOptions options, CancellationToken cancellationToken)
    {
        if (_separator is { } open && open.Options.Model == options.Model && Same(open.Options.Stems, options.Stems))
        {
            return open;
        }

        if (Interlocked.Exchange(ref _separator, null) is { } last)
        {
            await last.DisposeAsync().ConfigureAwait(false);
        }

        ModelCatalog catalog = ModelShelf.Catalog(offline: true);
        return _separator = _shelf.FindChain(options.Model) is { } chain
            ? await ChainSeparator.OpenAsync(chain, options, catalog, null, cancellationToken).ConfigureAwait(false)
            : await Separator.OpenAsync(options, catalog, null, cancellationToken).ConfigureAwait(false);

        static bool Same(IReadOnlyList<string>? one, IReadOnlyList<string>? other) =>
            one is null ? other is null : other is not null && one.SequenceEqual(other);
    }

    /// <summary>What a separator says goes to the job that it is at work on: it outlives them.</summary>
    private sealed class Notices(LibrarySeparator owner) : IProgress<string>
    {
        public void Report(string value) => owner._observer?.Notice(value);
    }

    private sealed class Relay(IStemObserver observer, JobSettings settings) : IStemSink, IProgress<SeparationProgress>
    {
        private IReadOnlyList<Mixdown> _files = [];
        private float[] _buffer = [];

        public void Begin(SeparationInfo info)
        {
            _files = JobFiles.Of(settings).Mixdowns(info.Stems);
            observer.Begin(new JobAudio(info.SampleRate, info.Channels, info.Length, [.. _files.Select(file => file.Name)]));
        }

        public void Write(StemBlock block)
        {
            int count = block.Length * block.Info.Channels;
            if (_buffer.Length < count)
            {
                _buffer = new float[count];
            }

            Span<float> samples = _buffer.AsSpan(0, count);
            if (settings.ExactSum)
            {
                block.CopyMixInterleaved(samples);
                observer.WriteMix(samples);
            }
            for (int file = 0; file < _files.Count; file++)
            {
                _files[file].Mix(block.Memory, samples);
                observer.Write(file, samples);
            }
        }

        public void Report(SeparationProgress value) => observer.Progress(value.Fraction, value.AudioSecondsDone);
    }
}
