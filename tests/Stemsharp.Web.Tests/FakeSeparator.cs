using Stemsharp.Audio;
using Stemsharp.Client;
using Stemsharp.Web.Separation;
using Stemsharp.Web.Settings;

namespace Stemsharp.Web.Tests;

/// <summary>
/// A separator whose stems are the song at four levels. It can be stopped at every step, so that tests decide when
/// something happens instead of waiting for it.
/// </summary>
internal sealed class FakeSeparator(ServeOptions options) : ISongSeparator
{
    public static readonly string[] Stems = ["drums", "bass", "other", "vocals"];
    private readonly LibrarySeparator _library = new(options);
    private int _running;

    /// <summary>Each block of each song takes one; null for no stops.</summary>
    public SemaphoreSlim? Gate { get; set; }

    /// <summary>Blocks per song.</summary>
    public int Blocks { get; set; } = 5;

    /// <summary>Thrown in the middle of a song.</summary>
    public Exception? Error { get; set; }

    /// <summary>Thrown when settings are completed.</summary>
    public Exception? Refusal { get; set; }

    /// <summary>What is odd about every song.</summary>
    public IReadOnlyList<string> Warnings { get; set; } = [];

    /// <summary>Called before a file is looked at.</summary>
    public Action? Probing { get; set; }

    /// <summary>Called between the stems while they are written, with the file that comes next.</summary>
    public Action<string>? Writing { get; set; }

    /// <summary>Downloads end when this does.</summary>
    public Task Downloading { get; set; } = Task.CompletedTask;

    /// <summary>What models compute for a second of song, in GFLOP.</summary>
    public Dictionary<string, double> Works { get; } = [];

    /// <summary>What the machine computes in a second, when that is known.</summary>
    public Func<CancellationToken, Task<double>> Measuring { get; set; } = async cancel =>
    {
        await Task.Delay(Timeout.Infinite, cancel);
        return 0;
    };

    public int MostAtOnce { get; private set; }

    public List<string> Order { get; } = [];

    public string Engine => "fake";

    public string DefaultModel => "fake";

    public IReadOnlyList<string> Encoders => _library.Encoders;

    public IReadOnlyList<ModelInfo> Models { get; set; } =
    [
        new("fake", "Four levels.", Stems, true), new("fake2", "The same once more.", Stems, true), new("absent", "Is downloaded.", Stems, false)
        {
            DownloadBytes = 100,
            Licence = new LicenceInfo("CC BY-NC 4.0", "its trainer") { Link = "https://models.test/licence", MustBeAccepted = false },
        },
    ];

    public double? Work(string model) => Works.TryGetValue(model, out double work) ? work : null;

    public Task<double> MeasureAsync(CancellationToken cancellationToken) => Measuring(cancellationToken);

    public AudioFacts Probe(string file, CancellationToken cancellationToken)
    {
        Probing?.Invoke();
        cancellationToken.ThrowIfCancellationRequested();
        return _library.Probe(file, cancellationToken);
    }

    public IAudioReader Open(string file, CancellationToken cancellationToken) => _library.Open(file, cancellationToken);

    public JobSettings Complete(JobSettings settings, bool mayBeAbsent = false)
    {
        if (Refusal is not null)
        {
            throw Refusal;
        }

        string model = settings.Model ?? DefaultModel;
        ModelInfo known = Models.FirstOrDefault(known => known.Name == model) ?? throw new UnknownModelException("Nobody knows that model.");
        if (!known.Installed && !mayBeAbsent)
        {
            throw new ModelException("The model's files are not here.");
        }

        if (settings.Stems?.Except(Stems).Any() == true)
        {
            throw new OptionException("No such stem.");
        }

        return settings with { Model = model, Shifts = settings.Shifts ?? 0, SampleFormat = settings.SampleFormat ?? "pcm16", ClipMode = settings.ClipMode ?? "rescale" };
    }

    public int WaitingStems(string? model) => 0;

    public async Task DownloadAsync(string model, IProgress<double> progress, CancellationToken cancellationToken)
    {
        progress.Report(0.5);
        await Downloading.WaitAsync(cancellationToken);
        Models = [.. Models.Select(known => known with { Installed = true })];
    }

    /// <summary>Files in the cache, by the models that have them.</summary>
    public Dictionary<string, ModelFiles> Cached { get; } = [];

    public ModelFiles Files(string model) => Cached.GetValueOrDefault(model) ?? new ModelFiles([], []);

    public void Remove(string model)
    {
        string[] gone = [model, .. Files(model).SharedWith];
        Models = [.. Models.Select(known => gone.Contains(known.Name) ? known with { Installed = false, RemovableBytes = null } : known)];
        Cached.Remove(model);
    }

    public DecodedSong Decode(string source, string workFolder, CancellationToken cancellationToken) => new(source, Warnings);

    public async Task<IReadOnlyList<string>> SeparateAsync(
        string song, JobSettings settings, string workFolder, string stepsFolder, IStemObserver observer, CancellationToken cancellationToken)
    {
        MostAtOnce = Math.Max(MostAtOnce, Interlocked.Increment(ref _running));
        try
        {
            using AudioSource source = AudioSource.Open(song, cancellationToken: cancellationToken);
            using IAudioReader file = source.OpenReader(cancellationToken);
            long length = file.Length!.Value;
            string[] stems = [.. Stems.Where(stem => settings.Stems is null || settings.Stems.Contains(stem))];
            observer.Begin(new JobAudio(file.SampleRate, file.Channels, length, stems));
            int frames = (int)((length + Blocks - 1) / Blocks);
            float[] block = new float[frames * file.Channels], stem = new float[block.Length];
            for (int i = 0; i < Blocks; i++)
            {
                if (Gate is { } gate)
                {
                    await gate.WaitAsync(cancellationToken);
                }

                cancellationToken.ThrowIfCancellationRequested();
                if (i == Blocks / 2 && Error is { } error)
                {
                    throw error;
                }

                int samples = Fill(file, block);
                for (int s = 0; s < stems.Length; s++)
                {
                    for (int n = 0; n < samples; n++)
                    {
                        stem[n] = block[n] * (s + 1) / 4;
                    }

                    observer.Write(s, stem.AsSpan(0, samples));
                }
                observer.Progress((i + 1.0) / Blocks, (i + 1.0) / Blocks * length / file.SampleRate);
            }
            lock (Order)
            {
                Order.Add(song);
            }

            return [.. Warnings, .. source.Warnings];
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }
    }

    /// <summary>Reads until the block is full or the song ends.</summary>
    private static int Fill(IAudioReader reader, Span<float> block)
    {
        int filled = 0;
        for (int frames; (frames = reader.Read(block[filled..])) > 0;)
        {
            filled += frames * reader.Channels;
        }

        return filled;
    }

    public void WriteStems(
        IReadOnlyList<WaitingStem> stems, WaitingStem? mix, IReadOnlyList<string> targets, JobSettings settings, CancellationToken cancellationToken)
    {
        for (int i = 0; i < stems.Count; i++)
        {
            Writing?.Invoke(targets[i]);
            _library.WriteStems([stems[i]], null, [targets[i]], settings, cancellationToken);
        }
    }

    public void Encode(string wav, string target, string format, CancellationToken cancellationToken) =>
        _library.Encode(wav, target, format, cancellationToken);

    public ValueTask DisposeAsync() => _library.DisposeAsync();
}
