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

    /// <summary>Where the wanted part begins. Default 0.</summary>
    public TimeSpan Start { get; private init; }

    /// <summary>How long the wanted part is; null up to the end.</summary>
    public TimeSpan? Duration { get; private init; }

    internal string? Path { get; private init; }

    internal Stream? Stream { get; private init; }

    internal ReadOnlyMemory<float> Samples { get; private init; }

    internal int SampleRate { get; private init; }

    internal int Channels { get; private init; }

    /// <summary>An audio file: WAV is read directly, every other format through FFmpeg.</summary>
    /// <param name="path">Its path.</param>
    public static AudioInput FromFile(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return new AudioInput(path) { Path = path };
    }

    /// <summary>
    /// An audio file's bytes, such as standard input. Read to the end once into a temporary file, which is
    /// removed afterwards.
    /// </summary>
    /// <param name="stream">Read from its position; not disposed.</param>
    /// <param name="name">What messages call it.</param>
    public static AudioInput FromStream(Stream stream, string name = "stream")
    {
        ArgumentNullException.ThrowIfNull(stream);
        return new AudioInput(name) { Stream = stream };
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
        if (sampleRate is < 1_000 or > 768_000)
        {
            throw new OptionException($"A sample rate of {sampleRate} Hz is out of range; 1,000 to 768,000 are valid.");
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

    /// <summary>The same input, only a part of it.</summary>
    /// <param name="start">Where the part begins; not negative.</param>
    /// <param name="duration">How long it is; null up to the end.</param>
    /// <exception cref="OptionException">A negative start, or a duration that is not positive.</exception>
    public AudioInput Part(TimeSpan start, TimeSpan? duration = null)
    {
        if (start < TimeSpan.Zero || duration <= TimeSpan.Zero)
        {
            throw new OptionException(
                $"A part from {start} of length {duration} is not valid; start at 0 or later and last longer than 0.");
        }

        return new AudioInput(Name)
        {
            Path = Path,
            Stream = Stream,
            Samples = Samples,
            SampleRate = SampleRate,
            Channels = Channels,
            Start = start,
            Duration = duration,
        };
    }

    /// <summary>A path stands for the file.</summary>
    /// <param name="path">Its path.</param>
    public static implicit operator AudioInput(string path) => FromFile(path);
}
