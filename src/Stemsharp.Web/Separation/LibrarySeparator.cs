using Stemsharp.Audio;
using Stemsharp.Client;
using Stemsharp.Web.Hosting;

namespace Stemsharp.Web.Separation;

/// <summary>Does the server's work with the library.</summary>
internal sealed class LibrarySeparator : ISongSeparator
{
    private const int BlockFrames = 1 << 14;
    private readonly ServeOptions _options;
    private readonly AudioInputOptions _input;
    private readonly ModelShelf _shelf;
    private Separator? _separator;

    public LibrarySeparator(ServeOptions options)
    {
        _options = options;
        _input = new AudioInputOptions { MaximumDuration = options.MaxDuration };
        _shelf = new ModelShelf(options);
        Encoders = ExternalPrograms.HasFFmpeg ? ["wav", "flac", "mp3"] : ["wav"];
    }

    public string Engine => $"CPU, {(_options.Threads > 0 ? _options.Threads : Environment.ProcessorCount)} threads";

    public string DefaultModel => _shelf.Default;

    public IReadOnlyList<string> Encoders { get; }

    public IReadOnlyList<ModelInfo> Models => _shelf.Models;

    public AudioFacts Probe(string file, CancellationToken cancellationToken)
    {
        using AudioSource source = AudioSource.Open(file, _input, cancellationToken);
        AudioInfo info = source.Info;
        long frames = info.Length ?? info.EstimatedLength ?? Count(source, cancellationToken);
        return new AudioFacts((double)frames / info.SampleRate, info.SampleRate, info.Channels, info.Description);
    }

    public JobSettings Complete(JobSettings settings)
    {
        string name = settings.Model ?? DefaultModel;
        ModelInfo model = _shelf.Find(name);
        if (!model.Installed)
            throw new ModelException($"The model '{name}' is not on this machine yet. Download it first: POST /api/v1/models/{name}/download, or the button on the page.");
        if (settings.Stems is { } stems)
        {
            if (stems.Count == 0) throw new OptionException("'stems' is empty; leave it out for all stems.");
            foreach (string stem in stems)
            {
                if (!model.Stems.Contains(stem))
                    throw new OptionException($"The model '{name}' has no stem '{Api.ApiError.Quoted(stem)}'; it has {string.Join(", ", model.Stems)}.");
            }
        }
        string sample = OneOf("sampleFormat", settings.SampleFormat, "pcm16", "pcm24", "float32");
        string clip = OneOf("clipMode", settings.ClipMode, "rescale", "clamp", "tanh", "none");
        if (settings.Shifts is < 0 or > 20) throw new OptionException($"'shifts' is {settings.Shifts}; valid are 0 to 20.");
        if (settings.Overlap is { } overlap && !(overlap is >= 0 and <= 0.9)) throw new OptionException($"'overlap' is {overlap}; valid are 0 to 0.9.");
        return settings with
        {
            Model = name,
            SampleFormat = sample,
            ClipMode = clip,
            Shifts = settings.Shifts ?? 0,
            Overlap = settings.Overlap ?? 0.25,
            // A stem that is named twice is wanted once.
            Stems = settings.Stems is null ? null : [.. settings.Stems.Distinct()],
        };
    }

    public Task DownloadAsync(string model, IProgress<double> progress, CancellationToken cancellationToken) =>
        _shelf.DownloadAsync(model, progress, cancellationToken);

    public string Decode(string source, string workFolder, CancellationToken cancellationToken)
    {
        using AudioSource song = AudioSource.Open(source, _input, cancellationToken);
        if (song.Info.Description.StartsWith("WAV", StringComparison.Ordinal)) return source;
        string target = Path.Combine(workFolder, "song.wav");
        using IAudioReader reader = song.OpenReader(cancellationToken);
        using IAudioWriter writer = AudioFiles.Create(
            target, reader.SampleRate, reader.Channels, new EncodingOptions { SampleFormat = SampleFormat.Float32 }, cancellationToken);
        float[] block = new float[BlockFrames * reader.Channels];
        for (int read; (read = reader.Read(block)) > 0;) writer.Write(block.AsSpan(0, read * reader.Channels));
        writer.Complete();
        return target;
    }

    public async Task SeparateAsync(
        string song, JobSettings settings, string workFolder, IStemObserver observer, CancellationToken cancellationToken)
    {
        SeparatorOptions options = new()
        {
            Model = settings.Model!,
            ModelFolder = _options.ModelFolder,
            Stems = settings.Stems,
            Overlap = settings.Overlap!.Value,
            Shifts = settings.Shifts!.Value,
            Threads = _options.Threads,
            TemporaryFolder = workFolder,
        };
        Separator separator = await OpenAsync(options, cancellationToken).ConfigureAwait(false);
        Relay relay = new(observer);
        await separator.SeparateAsync(AudioInput.FromFile(song), relay, options, relay, cancellationToken).ConfigureAwait(false);
    }

    public void WriteStem(string stem, string floats, float peak, string target, JobSettings settings, CancellationToken cancellationToken)
    {
        ClipMode mode = settings.ClipMode switch
        {
            "clamp" => ClipMode.Clamp,
            "tanh" => ClipMode.Tanh,
            "none" => ClipMode.None,
            _ => ClipMode.Rescale,
        };
        EncodingOptions encoding = new()
        {
            DitherSeed = Seed(stem),
            SampleFormat = settings.SampleFormat switch
            {
                "float32" => SampleFormat.Float32,
                "pcm24" => SampleFormat.Int24,
                _ => SampleFormat.Int16,
            },
        };
        Copy(floats, target, encoding, samples => Clipping.Apply(samples, mode, Clipping.RescaleGain(peak)), cancellationToken);
    }

    public void Encode(string wav, string target, string format, CancellationToken cancellationToken)
    {
        using Sound.PcmFile source = new(wav);
        EncodingOptions encoding = new()
        {
            Format = format == "flac" ? AudioFormat.Flac : AudioFormat.Mp3,
            SampleFormat = source.BitsPerSample > 16 ? SampleFormat.Int24 : SampleFormat.Int16,
        };
        Copy(wav, target, encoding, _ => { }, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_separator is not null) await _separator.DisposeAsync().ConfigureAwait(false);
    }

    private static void Copy(
        string source, string target, EncodingOptions encoding, SpanAction change, CancellationToken cancellationToken)
    {
        using Sound.PcmFile reader = new(source);
        using IAudioWriter writer = AudioFiles.Create(target, reader.SampleRate, reader.Channels, encoding, cancellationToken);
        float[] block = new float[BlockFrames * reader.Channels];
        for (long frame = 0; frame < reader.Frames;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int read = reader.Read(frame, block);
            Span<float> samples = block.AsSpan(0, read * reader.Channels);
            change(samples);
            writer.Write(samples);
            frame += read;
        }
        writer.Complete();
    }

    /// <summary>The seed that the command line takes too, so that both write the same bytes.</summary>
    private static ulong Seed(string stem) => stem.Aggregate(14695981039346656037, (hash, c) => (hash ^ c) * 1099511628211);

    private delegate void SpanAction(Span<float> samples);

    private static string OneOf(string name, string? value, params ReadOnlySpan<string> valid)
    {
        if (value is null) return valid[0];
        return valid.Contains(value) ? value
            : throw new OptionException($"'{name}' is '{Api.ApiError.Quoted(value)}'; valid are {string.Join(", ", valid!)}.");
    }

    /// <summary>Files without a length in their header are counted through; a limit on the length ends that.</summary>
    private static long Count(AudioSource source, CancellationToken cancellationToken)
    {
        using IAudioReader reader = source.OpenReader(cancellationToken);
        float[] block = new float[BlockFrames * reader.Channels];
        long frames = 0;
        for (int read; (read = reader.Read(block)) > 0;) frames += read;
        return frames;
    }

    /// <summary>The last model's network stays in memory, for the next song is mostly for the same one.</summary>
    private async Task<Separator> OpenAsync(SeparatorOptions options, CancellationToken cancellationToken)
    {
        if (_separator is { } open && open.Options.Model == options.Model && Same(open.Options.Stems, options.Stems)) return open;
        if (_separator is not null) await _separator.DisposeAsync().ConfigureAwait(false);
        _separator = null;
        return _separator = await Separator.OpenAsync(options, ModelShelf.Catalog(offline: true), null, cancellationToken).ConfigureAwait(false);

        static bool Same(IReadOnlyList<string>? one, IReadOnlyList<string>? other) =>
            one is null ? other is null : other is not null && one.SequenceEqual(other);
    }

    private sealed class Relay(IStemObserver observer) : IStemSink, IProgress<SeparationProgress>
    {
        private float[] _buffer = [];

        public void Begin(SeparationInfo info) =>
            observer.Begin(new JobAudio(info.SampleRate, info.Channels, info.Length, [.. info.Stems]));

        public void Write(StemBlock block)
        {
            int samples = block.Length * block.Info.Channels;
            if (_buffer.Length < samples) _buffer = new float[samples];
            for (int stem = 0; stem < block.Info.Stems.Count; stem++)
            {
                block.CopyStemInterleaved(stem, _buffer);
                observer.Write(stem, _buffer.AsSpan(0, samples));
            }
        }

        public void Report(SeparationProgress value) => observer.Progress(value.Percent / 100, value.AudioSecondsDone);
    }
}
