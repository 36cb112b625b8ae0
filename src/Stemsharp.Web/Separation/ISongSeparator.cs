using Stemsharp.Audio;
using Stemsharp.Client;

namespace Stemsharp.Web.Separation;

/// <summary>What a file is, as far as its header tells.</summary>
internal sealed record AudioFacts(double DurationSeconds, int SampleRate, int Channels, string Format)
{
    public string? Title { get; init; }

    public string? Artist { get; init; }

    public CoverArt? Cover { get; init; }
}

/// <summary>A song that is ready to be separated.</summary>
/// <param name="Path">The file.</param>
/// <param name="Warnings">What was odd about what was decoded, in sentences for the user.</param>
internal sealed record DecodedSong(string Path, IReadOnlyList<string> Warnings);

/// <summary>Gets a song's stems as they are made. Called on the thread that separates.</summary>
internal interface IStemObserver
{
    /// <summary>Before the first samples.</summary>
    void Begin(JobAudio audio);

    /// <summary>The next frames of the song itself, before those of its stems; only for <see cref="JobSettings.ExactSum"/>.</summary>
    void WriteMix(ReadOnlySpan<float> interleaved);

    /// <summary>The next frames of one stem, interleaved; every stem gets the same frames before any gets the next.</summary>
    void Write(int stem, ReadOnlySpan<float> interleaved);

    /// <summary>How far the separation is, 0 … 1, and how many seconds of the song that means.</summary>
    void Progress(double fraction, double songSeconds);

    /// <summary>What whoever runs the server should know: an engine that failed, and which goes on.</summary>
    void Notice(string text);
}

/// <summary>A stem or the song as the network gave it, waiting for its final level.</summary>
/// <param name="Name">Its name, which seeds its dither.</param>
/// <param name="Floats">A float WAV file.</param>
/// <param name="Peak">Its largest absolute sample.</param>
internal sealed record WaitingStem(string Name, string Floats, float Peak);

/// <summary>What the server needs of the library; the tests put a fake here.</summary>
internal interface ISongSeparator : IAsyncDisposable
{
    string Engine { get; }

    string DefaultModel { get; }

    /// <summary>Formats that stems can be fetched in, <c>wav</c> first.</summary>
    IReadOnlyList<string> Encoders { get; }

    /// <summary>The models as they stand, downloads in progress not included.</summary>
    IReadOnlyList<ModelInfo> Models { get; }

    /// <summary>What a model or a chain computes for a second of song, in GFLOP and in one pass; null where nothing tells.</summary>
    double? Work(string model);

    /// <summary>Measures what the engine computes in a second, in GFLOP. Takes all processors for some seconds.</summary>
    Task<double> MeasureAsync(CancellationToken cancellationToken);

    /// <summary>Looks what a file is.</summary>
    /// <exception cref="AudioException">It is no music that can be read.</exception>
    AudioFacts Probe(string file, CancellationToken cancellationToken);

    /// <summary>Reads a file as it is.</summary>
    /// <exception cref="AudioException">It is no music that can be read.</exception>
    IAudioReader Open(string file, CancellationToken cancellationToken);

    /// <summary>Fills in defaults and checks the settings against the model; completed settings stay as they are.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="mayBeAbsent">Whether the model's files may be missing: then what is not known without them is not checked.</param>
    /// <exception cref="OptionException">A setting is not valid.</exception>
    /// <exception cref="ModelException">The model is not known, or its files are not here.</exception>
    JobSettings Complete(JobSettings settings, bool mayBeAbsent = false);

    /// <summary>Fetches what is missing of a model.</summary>
    Task DownloadAsync(string model, IProgress<double> progress, CancellationToken cancellationToken);

    /// <summary>What goes when a model is removed.</summary>
    ModelFiles Files(string model);

    /// <summary>Deletes a model's files from the cache. None of the models that share them may be at work.</summary>
    /// <exception cref="ModelException">A file cannot be deleted.</exception>
    void Remove(string model);

    /// <summary>
    /// Decodes a song ahead of its separation, where that is worth while: the answer is the file to separate, which
    /// is <paramref name="source"/> itself or lies in <paramref name="workFolder"/>.
    /// </summary>
    DecodedSong Decode(string source, string workFolder, CancellationToken cancellationToken);

    /// <summary>Stems in floats that wait for later steps of a chain at the same time at most; 0 for a single model.</summary>
    int WaitingStems(string? model);

    /// <summary>Separates a song. One at a time.</summary>
    /// <param name="song">The file.</param>
    /// <param name="settings">How.</param>
    /// <param name="workFolder">For temporary files; it exists.</param>
    /// <param name="stepsFolder">Keeps finished steps of a chain; made where it is needed.</param>
    /// <param name="observer">Gets the stems.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <returns>What was odd about the file, in sentences for the user.</returns>
    Task<IReadOnlyList<string>> SeparateAsync(
        string song, JobSettings settings, string workFolder, string stepsFolder, IStemObserver observer, CancellationToken cancellationToken);

    /// <summary>
    /// Writes final WAV files in <see cref="JobSettings.SampleFormat"/>: levelled as <see cref="JobSettings.ClipMode"/> says, or
    /// made to add up to <paramref name="mix"/>.
    /// </summary>
    /// <param name="stems">The stems.</param>
    /// <param name="mix">The song, for <see cref="JobSettings.ExactSum"/>; null otherwise.</param>
    /// <param name="targets">The file to write for each stem.</param>
    /// <param name="settings">How.</param>
    /// <param name="cancellationToken">Stops.</param>
    void WriteStems(
        IReadOnlyList<WaitingStem> stems, WaitingStem? mix, IReadOnlyList<string> targets, JobSettings settings, CancellationToken cancellationToken);

    /// <summary>Encodes a WAV file as <c>flac</c> or <c>mp3</c>.</summary>
    void Encode(string wav, string target, string format, CancellationToken cancellationToken);
}
