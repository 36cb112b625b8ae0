namespace Stemsharp.Audio;

/// <summary>A reader that gives no more than is accepted of a recording whose length is not known before.</summary>
/// <param name="inner">What is read; disposed with this reader.</param>
/// <param name="name">The recording's name, for messages.</param>
/// <param name="longest">The longest recording that is accepted.</param>
internal sealed class BoundedReader(IAudioReader inner, string name, TimeSpan longest) : IAudioReader
{
    private readonly long _most = Frames(longest, inner.SampleRate);
    private long _frames;

    public int SampleRate => inner.SampleRate;

    public int Channels => inner.Channels;

    public long? Length => inner.Length;

    /// <summary>The frames of so long a recording.</summary>
    public static long Frames(TimeSpan longest, int sampleRate) => (long)Math.Min(longest.TotalSeconds * sampleRate, long.MaxValue / 2);

    /// <summary>The error of a recording that is longer.</summary>
    public static AudioException IsTooLong(string name, TimeSpan longest) =>
        new($"'{name}' is longer than {(longest.TotalHours >= 1 ? $"{longest.TotalHours:0.##} hours" : $"{longest.TotalSeconds:0.##} s")}, the most that is accepted. Cut it into parts.") { Failure = AudioFailure.TooLong };

    public int Read(Span<float> interleaved)
    {
        int got = inner.Read(interleaved);
        _frames += got;
        return _frames <= _most ? got : throw IsTooLong(name, longest);
    }

    public void Dispose() => inner.Dispose();
}
