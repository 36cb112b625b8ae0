using NVorbis;

namespace Stemsharp.Audio;

/// <summary>An Ogg Vorbis file, decoded by NVorbis. Its pages are walked through once when it is opened.</summary>
internal sealed class VorbisRecording : IRecording
{
    private const int MostChannels = 2, ChannelsAt = 11;

    private readonly string _path, _name;
    private readonly AudioTags _tags;

    private VorbisRecording(string path, string name, AudioInfo info, AudioTags tags)
    {
        (_path, _name, Info, _tags) = (path, name, info, tags);
    }

    public AudioInfo Info { get; }

    public bool IsDecoded => true;

    /// <summary>The beginning of its first packet.</summary>
    public static ReadOnlySpan<byte> Mark => "\u0001vorbis"u8;

    /// <summary>
    /// What of a file the decoder does not know; null where it knows all. NVorbis 0.10.5 takes the residues of several submaps, which encoders
    /// have for more than two channels, for residues of all channels, and gives noise.
    /// </summary>
    /// <param name="packet">The file from its first packet on.</param>
    public static string? WhyNot(ReadOnlySpan<byte> packet) =>
        packet.Length > ChannelsAt && packet[ChannelsAt] > MostChannels ? $"an Ogg Vorbis file with {packet[ChannelsAt]} channels" : null;

    /// <summary>Opens a file that is Ogg Vorbis.</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">Its name, for messages.</param>
    /// <exception cref="AudioException">It is broken.</exception>
    public static VorbisRecording Open(string path, string name)
    {
        using OggPackets packets = new(InputFile.Open(path), name);
        while (packets.TryNext(out _, out _))
        {
        }

        using VorbisReader reader = Reader(path, name);
        long length = Guard(name, () => reader.TotalSamples);
        return new VorbisRecording(path, name, new AudioInfo
        {
            Description = "Ogg Vorbis",
            SampleRate = reader.SampleRate,
            Channels = reader.Channels,
            EstimatedLength = length > 0 ? length : null,
            Warnings = packets.Complaint is { } complaint ? [complaint] : [],
        }, VorbisComments.Of(reader.Tags.All.SelectMany(tag => tag.Value.Select(value => $"{tag.Key}={value}"))));
    }

    public IAudioReader Open(Action<string> found, CancellationToken cancellationToken) => new SampleReader(Reader(_path, _name), _name, Info, found);

    public long? CountFrames(CancellationToken cancellationToken) => Info.EstimatedLength;

    public AudioTags ReadTags(CancellationToken cancellationToken) => _tags;

    private static VorbisReader Reader(string path, string name)
    {
        FileStream file = InputFile.Open(path);
        try
        {
            return Guard(name, () => new VorbisReader(new BufferedStream(file, 1 << 16), closeOnDispose: true) { ClipSamples = false });
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    // The library throws what the broken place happens to cause.
    private static T Guard<T>(string name, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (error is not (OutOfMemoryException or OperationCanceledException or StemsharpException))
        {
            throw new AudioException($"'{name}' can't be decoded as Ogg Vorbis: {error.Message}", error) { Failure = AudioFailure.Damaged };
        }
    }

    private sealed class SampleReader(VorbisReader reader, string name, AudioInfo info, Action<string> found) : IAudioReader
    {
        private long _frames;
        private bool _ended;

        public int SampleRate => info.SampleRate;

        public int Channels => info.Channels;

        public long? Length => null;

        public int Read(Span<float> interleaved)
        {
            // The last page says where the sound ends, within a packet as a rule.
            long left = info.EstimatedLength - _frames ?? long.MaxValue;
            int want = (int)Math.Min(interleaved.Length / Channels, left) * Channels;
            if (left == 0)
            {
                End();
            }

            if (_ended || want == 0)
            {
                return 0;
            }

            int got = 0;
            try
            {
                got = reader.ReadSamples(interleaved[..want]) / Channels;
            }
            catch (Exception error) when (error is not (OutOfMemoryException or OperationCanceledException) && _frames > 0)
            {
                found($"The file is damaged at {(double)_frames / SampleRate:0.##} s ({error.Message}); what follows is left out.");
            }
            catch (Exception error) when (error is not (OutOfMemoryException or OperationCanceledException))
            {
                throw new AudioException($"'{name}' can't be decoded as Ogg Vorbis: {error.Message}", error) { Failure = AudioFailure.Damaged };
            }

            _frames += got;
            if (got == 0)
            {
                End();
            }

            return got;
        }

        public void Dispose() => reader.Dispose();

        private void End()
        {
            _ended = true;
            if (_frames == 0)
            {
                throw new AudioException($"'{name}' has no samples. Give a file with sound.") { Failure = AudioFailure.NoSamples };
            }

            if (info.EstimatedLength is long said && Math.Abs(said - _frames) > SampleRate / 4)
            {
                found(Shortfall.Of(said, _frames, SampleRate));
            }
        }
    }
}
