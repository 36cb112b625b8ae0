using System.IO.Pipelines;
using Stemsharp.Audio;

namespace Stemsharp;

/// <summary>
/// A song to be separated: a file, a stream or samples in memory, whole or in part. Any rate and any number of
/// channels; one channel is doubled, of more than two the first two count.
/// </summary>
public sealed class AudioInput
{
    private AudioInput(string name) => Name = name;

    /// <summary>What messages call it: the file's path, or a short description.</summary>
    public string Name { get; }

    internal int SampleRate { get; private init; }

    internal int Channels { get; private init; }

    private string? Path { get; init; }

    private Stream? Stream { get; init; }

    private AudioSource? Source { get; init; }

    private AudioInputOptions Options { get; init; } = AudioInputOptions.Default;

    private ReadOnlyMemory<float> Samples { get; init; }

    private (Func<IAudioReader> Open, long Frames)? Reader { get; init; }

    /// <summary>Whether reading it is work that is not to be done twice.</summary>
    internal bool IsCostly { get; private init; }

    /// <summary>An audio file: WAV is read directly, every other format through FFmpeg.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="options">Limits, tools, and which part of it; null for all of it.</param>
    public static AudioInput FromFile(string path, AudioInputOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        return new AudioInput(path) { Path = path, Options = options ?? AudioInputOptions.Default };
    }

    /// <summary>
    /// An audio file's bytes, such as standard input. Read to the end once into a temporary file, which is
    /// removed afterwards.
    /// </summary>
    /// <param name="stream">Read from its position, hence good for one separation; not disposed.</param>
    /// <param name="name">What messages call it.</param>
    /// <param name="options">Limits, tools, and which part of it; null for all of it.</param>
    public static AudioInput FromStream(Stream stream, string name = "stream", AudioInputOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return new AudioInput(name) { Stream = stream, Options = options ?? AudioInputOptions.Default };
    }

    /// <summary>An audio file's bytes as they come through a pipe, such as a request's body. Read to the end once into a temporary file.</summary>
    /// <param name="reader">Read to its end, hence good for one separation; not completed.</param>
    /// <param name="name">What messages call it.</param>
    /// <param name="options">Limits, tools, and which part of it; null for all of it.</param>
    public static AudioInput FromPipe(PipeReader reader, string name = "pipe", AudioInputOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(reader);
        return FromStream(reader.AsStream(leaveOpen: true), name, options);
    }

    /// <summary>A recording that is open already.</summary>
    /// <param name="source">Not disposed; may serve several separations.</param>
    /// <param name="name">What messages call it.</param>
    public static AudioInput FromSource(AudioSource source, string name)
    {
        ArgumentNullException.ThrowIfNull(source);
        return new AudioInput(name) { Source = source };
    }

    /// <summary>Samples in memory, not copied.</summary>
    /// <param name="interleaved">Sample by sample, the channels side by side; nominally within ±1.</param>
    /// <param name="sampleRate">In Hz, 1,000 … 768,000.</param>
    /// <param name="channels">1 … 64.</param>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="OptionException">The rate or the channels are out of range, or the length does not divide.</exception>
    public static AudioInput FromSamples(
        ReadOnlyMemory<float> interleaved, int sampleRate, int channels, string name = "samples")
    {
        if (!SampleRates.IsWritten(sampleRate))
        {
            throw new OptionException($"A sample rate of {sampleRate} Hz is out of range; {SampleRates.Written} are valid.");
        }

        if (channels is < 1 or > 64)
        {
            throw new OptionException($"{channels} channels are out of range; 1 to 64 are valid.");
        }

        if (interleaved.Length % channels != 0)
        {
            throw new OptionException(
                $"{interleaved.Length} samples do not divide into {channels} channels; pass whole frames.");
        }

        return new AudioInput(name) { Samples = interleaved, SampleRate = sampleRate, Channels = channels };
    }

    /// <summary>
    /// The same input, only a part of it; of a part, a part of that, whatever the input is. One that is open already cannot be cut any more.
    /// </summary>
    /// <param name="start">Where the part begins, counted in this input; not negative.</param>
    /// <param name="duration">How long it is; null up to this input's end, which it does not go beyond.</param>
    /// <exception cref="OptionException">A negative start, or a duration that is not positive.</exception>
    public AudioInput Part(TimeSpan start, TimeSpan? duration = null)
    {
        if (start < TimeSpan.Zero || duration <= TimeSpan.Zero)
        {
            throw new OptionException(
                $"A part from {start} of length {duration} is not valid; start at 0 or later and last longer than 0.");
        }

        if (Source is not null)
        {
            throw new OptionException($"'{Name}' is open already; choose its part when it is opened.");
        }

        if (Options.Duration <= start)
        {
            throw new OptionException($"'{Name}' is a part of {Options.Duration}; it has nothing from {start} on.");
        }

        long first = Channels * Math.Min(Frame(start), Samples.Length / Math.Max(Channels, 1));
        long count = duration is { } length ? Math.Min(Channels * Frame(length), Samples.Length - first) : Samples.Length - first;
        return new AudioInput(Name)
        {
            Path = Path,
            Stream = Stream,
            Options = Options with { Start = Options.Start + start, Duration = Shorter(Options.Duration - start, duration) },
            Samples = Samples.Slice((int)first, (int)count),
            SampleRate = SampleRate,
            Channels = Channels,
        };

        static TimeSpan? Shorter(TimeSpan? rest, TimeSpan? wanted) => rest is { } most && !(wanted < most) ? most : wanted;

        long Frame(TimeSpan time) => (long)Math.Round(time.TotalSeconds * SampleRate);
    }

    /// <summary>A path stands for the file.</summary>
    /// <param name="path">Its path.</param>
    public static implicit operator AudioInput(string path) => FromFile(path);

    /// <summary>The recording behind this input, and whether it was opened for this call; null for samples in memory.</summary>
    internal (AudioSource? Source, bool Owned) OpenSource(string? temporaryFolder, CancellationToken cancellationToken)
    {
        AudioInputOptions options = Options.TemporaryFolder is null ? Options with { TemporaryFolder = temporaryFolder } : Options;
        if (Path is not null)
        {
            return (AudioSource.Open(Path, options, cancellationToken), true);
        }

        return Stream is not null ? (AudioSource.Open(Stream, Name, options, cancellationToken), true) : (Source, false);
    }

    /// <summary>Sound that readers give, each from its start on.</summary>
    /// <param name="open">Opens a reader, as often as needed.</param>
    /// <param name="sampleRate">The readers' rate in Hz.</param>
    /// <param name="channels">The readers' channels.</param>
    /// <param name="frames">The readers' length.</param>
    /// <param name="name">What messages call it.</param>
    /// <param name="isCostly">Whether reading it is work that is not to be done twice.</param>
    internal static AudioInput FromReaders(Func<IAudioReader> open, int sampleRate, int channels, long frames, string name, bool isCostly) => new(name)
    {
        Reader = (open, frames),
        SampleRate = sampleRate,
        Channels = channels,
        IsCostly = isCostly,
    };

    /// <summary>The same input under the name by which the user knows it.</summary>
    internal AudioInput Called(string name) => new(name)
    {
        Path = Path,
        Stream = Stream,
        Source = Source,
        Options = Options,
        Samples = Samples,
        Reader = Reader,
        IsCostly = IsCostly,
        SampleRate = SampleRate,
        Channels = Channels,
    };

    /// <summary>Frames of what is neither a file nor a stream.</summary>
    internal long FrameCount => Reader?.Frames ?? Samples.Length / Channels;

    internal IAudioReader OpenSamples() => Reader?.Open() ?? new MemoryReader(Samples, SampleRate, Channels);
}
