using System.Globalization;

namespace Stemsharp.Audio;

/// <summary>A file of MPEG audio, such as an MP3, decoded by NLayer. Its frames are walked through once when it is opened: the length is exact.</summary>
internal sealed class Mp3Recording : IRecording
{
    // Fewer are no proof.
    private const int FewestFrames = 2;

    private readonly string _path, _name;
    private readonly AudioTags _tags;
    private readonly Mp3Cut _cut;

    private Mp3Recording(string path, string name, AudioInfo info, Mp3Cut cut, AudioTags tags)
    {
        (_path, _name, Info, _cut, _tags) = (path, name, info, cut, tags);
    }

    public AudioInfo Info { get; }

    public bool IsDecoded => true;

    /// <summary>Opens a file; null if it is none of this kind, or one that the decoder does not know.</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">Its name, for messages.</param>
    /// <param name="unlike">What of it the decoder does not know, in words.</param>
    /// <param name="cancellationToken">Ends the walk.</param>
    public static Mp3Recording? TryOpen(string path, string name, out string? unlike, CancellationToken cancellationToken)
    {
        unlike = null;
        AudioTags tags = ReadTags(path, name);
        using Mp3Stream stream = new(InputFile.Open(path, cancellationToken), name);
        if (!stream.Next(null))
        {
            return null;
        }

        Mp3Frame first = new();
        first.TryReadHead(stream.Frame.Bytes);
        // Sound that begins far behind the file's start is something else's.
        bool late = stream.IsBehindDamage;
        Mp3Info? said = Mp3Info.TryRead(stream.Frame);
        int channels = stream.Frame.Channels;
        long frames = said is null ? 1 : 0;
        long? damage = null;
        string? unknown = Mp3LayerThree.WhyNot(stream.Frame);
        while (stream.Next(first))
        {
            cancellationToken.ThrowIfCancellationRequested();
            damage ??= stream.IsBehindDamage ? frames : null;
            channels = Math.Max(channels, stream.Frame.Channels);
            unknown ??= Mp3LayerThree.WhyNot(stream.Frame);
            frames++;
        }

        if (frames < FewestFrames || (late && frames < 10 * FewestFrames))
        {
            return null;
        }

        unlike = unknown;
        if (unlike is not null)
        {
            return null;
        }

        Mp3Cut cut = Mp3Cut.Of(said, frames, first.SampleCount);
        List<string> warnings = [];
        if ((stream.IsBehindDamage ? damage ?? frames : damage) is long place)
        {
            warnings.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"The file is damaged at {(double)Math.Max(0, place * first.SampleCount - cut.Start) / first.SampleRate:0.##} s. What is no sound there is left out, and what follows comes earlier by what is missing."));
        }

        if (said is { Frames: > 0 } whole && Math.Abs(whole.Frames - frames) * first.SampleCount > first.SampleRate / 4)
        {
            warnings.Add(Shortfall.Of(whole.Frames * first.SampleCount, frames * first.SampleCount, first.SampleRate));
        }

        return new Mp3Recording(path, name, new AudioInfo
        {
            Description = $"MPEG audio layer {(int)first.Layer}",
            SampleRate = first.SampleRate,
            Channels = channels,
            Length = cut.Length,
            EstimatedLength = cut.Length,
            Warnings = warnings,
        }, cut, tags);
    }

    public IAudioReader Open(Action<string> found, CancellationToken cancellationToken) =>
        new Mp3Reader(InputFile.Open(_path, cancellationToken), _name, Info, _cut);

    public long? CountFrames(CancellationToken cancellationToken) => Info.Length;

    public AudioTags ReadTags(CancellationToken cancellationToken) => _tags;

    private static AudioTags ReadTags(string path, string name)
    {
        using FileStream file = InputFile.Open(path);
        long length = Id3.LengthAt(file, 0);
        if (length is 0 or > int.MaxValue / 2)
        {
            return AudioTags.Empty;
        }

        try
        {
            byte[] tag = new byte[length];
            file.Position = 0;
            file.ReadExactly(tag);
            AudioTags tags = Id3.Read(tag);
            return tags with { Values = tags.Values.Where(t => FFmpegProbe.IsCarried(t.Key)).ToDictionary() };
        }
        catch (IOException error)
        {
            throw new AudioException($"'{name}' can't be read: {error.Message}", error);
        }
    }
}

/// <summary>Which of the decoder's samples are the recording's.</summary>
/// <param name="Start">First one.</param>
/// <param name="GapStart">Beginning of a file's padding.</param>
/// <param name="GapEnd">Its end: what follows belongs to another recording that was joined to it.</param>
/// <param name="Decoded">Samples that the decoder gives.</param>
internal readonly record struct Mp3Cut(long Start, long GapStart, long GapEnd, long Decoded)
{
    /// <summary>The recording's samples.</summary>
    public long Length => Math.Max(0, Math.Min(GapStart, Decoded) - Start) + Math.Max(0, Decoded - GapEnd);

    /// <summary>From what an encoder says.</summary>
    /// <param name="info">What it says; null for nothing.</param>
    /// <param name="frames">Frames that there are.</param>
    /// <param name="samples">Samples of each.</param>
    public static Mp3Cut Of(Mp3Info? info, long frames, int samples)
    {
        long decoded = frames * samples;
        if (info is not { } said)
        {
            return new Mp3Cut(0, decoded, decoded, decoded);
        }

        long end = said.Frames * samples, gap = said.Frames == 0 ? long.MaxValue : Math.Min(end, end - said.Padding + Mp3Info.DecoderDelay);
        return new Mp3Cut(said.Delay + Mp3Info.DecoderDelay, gap, said.Frames == 0 ? long.MaxValue : end, decoded);
    }
}
