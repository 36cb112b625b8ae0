using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Concentus;

namespace Stemsharp.Audio;

/// <summary>An Ogg Opus file, decoded by Concentus; always at 48 kHz. Its pages are walked through once when it is opened.</summary>
internal sealed class OpusRecording : IRecording
{
    private const int Rate = 48_000;

    private readonly string _path, _name;
    private readonly OpusHead _head;
    private readonly AudioTags _tags;

    private OpusRecording(string path, string name, OpusHead head, AudioInfo info, AudioTags tags)
    {
        (_path, _name, _head, Info, _tags) = (path, name, head, info, tags);
    }

    public AudioInfo Info { get; }

    public bool IsDecoded => true;

    /// <summary>Opens a file that is Ogg Opus.</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">Its name, for messages.</param>
    /// <exception cref="AudioException">It is broken.</exception>
    public static OpusRecording Open(string path, string name)
    {
        using OggPackets packets = new(InputFile.Open(path), name);
        if (!packets.TryNext(out byte[] first, out _) || OpusHead.TryRead(first) is not { } head)
        {
            throw new AudioException($"'{name}' is a broken Opus file: its head makes no sense.") { Failure = AudioFailure.Damaged };
        }

        AudioTags tags = packets.TryNext(out byte[] comments, out _) && comments.AsSpan().StartsWith("OpusTags"u8)
            ? VorbisComments.Read(comments.AsSpan(8)) : AudioTags.Empty;
        long samples = 0, end = -1, start = 0;
        while (packets.TryNext(out byte[] packet, out long granule))
        {
            samples += OpusHead.SamplesOf(packet);
            if (granule >= 0)
            {
                // A recording that was cut out of a stream begins later than at zero.
                start = end < 0 ? Math.Max(0, granule - samples) : start;
                end = granule - start;
            }
        }

        long length = Math.Max(0, Math.Min(samples, end < 0 ? samples : end) - head.PreSkip);
        return length > 0
            ? new OpusRecording(path, name, head, new AudioInfo
            {
                Description = "Ogg Opus",
                SampleRate = Rate,
                Channels = head.Channels,
                Length = length,
                EstimatedLength = length,
                Warnings = packets.Complaint is { } complaint ? [complaint] : [],
            }, tags)
            : throw new AudioException($"'{name}' has no samples. Give a file with sound.") { Failure = AudioFailure.NoSamples };
    }

    public IAudioReader Open(Action<string> found, CancellationToken cancellationToken) =>
        new OpusReader(new OggPackets(InputFile.Open(_path, cancellationToken), _name), _head, Info.Length!.Value);

    public long? CountFrames(CancellationToken cancellationToken) => Info.Length;

    public AudioTags ReadTags(CancellationToken cancellationToken) => _tags;

    private sealed class OpusReader : IAudioReader
    {
        // 120 ms.
        private const int LargestPacket = 5760;

        private readonly OggPackets _packets;
        private readonly IOpusMultiStreamDecoder _decoder;
        private readonly float[] _samples;
        private readonly float _gain;
        private int _at, _end, _skip;
        private long _left;

        public OpusReader(OggPackets packets, OpusHead head, long length)
        {
            _packets = packets;
            Channels = head.Channels;
            Length = _left = length;
            _skip = head.PreSkip;
            _gain = head.Gain;
            _samples = new float[LargestPacket * Channels];
            // The library would look for a native one otherwise.
            OpusCodecFactory.AttemptToUseNativeLibrary = false;
            _decoder = OpusCodecFactory.CreateMultiStreamDecoder(Rate, Channels, head.Streams, head.Coupled, head.Mapping, null);
            // Head and tags.
            packets.TryNext(out _, out _);
            packets.TryNext(out _, out _);
        }

        public int SampleRate => Rate;

        public int Channels { get; }

        public long? Length { get; }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public int Read(Span<float> interleaved)
        {
            while (_at == _end)
            {
                if (_left == 0 || interleaved.Length < Channels || !Next())
                {
                    return 0;
                }
            }

            int frames = (int)Math.Min(Math.Min(interleaved.Length / Channels, _end - _at), _left);
            _samples.AsSpan(_at * Channels, frames * Channels).CopyTo(interleaved);
            _at += frames;
            _left -= frames;
            return frames;
        }

        public void Dispose() => _packets.Dispose();

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private bool Next()
        {
            if (!_packets.TryNext(out byte[] packet, out _))
            {
                return false;
            }

            int count = Math.Min(OpusHead.SamplesOf(packet), LargestPacket);
            Span<float> samples = _samples.AsSpan(0, count * Channels);
            try
            {
                if (count > 0 && _decoder.DecodeMultistream(packet, samples, count, false) is int decoded && decoded < count)
                {
                    samples[(Math.Max(0, decoded) * Channels)..].Clear();
                }
            }
            catch (Exception error) when (error is OpusException or ArgumentException or IndexOutOfRangeException)
            {
                // A broken packet is silence, so that the others keep their place.
                samples.Clear();
                _decoder.ResetState();
            }

            for (int i = 0; _gain != 1 && i < samples.Length; i++)
            {
                samples[i] *= _gain;
            }

            int skipped = Math.Min(_skip, count);
            _skip -= skipped;
            (_at, _end) = (skipped, count);
            return true;
        }
    }
}

/// <summary>The head of an Opus stream, as RFC 7845 lays it out.</summary>
/// <param name="Channels">Channels of the sound.</param>
/// <param name="PreSkip">Samples at the start that are not sound.</param>
/// <param name="Gain">What every sample is multiplied with.</param>
/// <param name="Streams">Streams inside a packet.</param>
/// <param name="Coupled">Those of two channels, which come first.</param>
/// <param name="Mapping">Which decoded channel each channel is; 255 for silence.</param>
internal sealed record OpusHead(int Channels, int PreSkip, float Gain, int Streams, int Coupled, byte[] Mapping)
{
    /// <summary>Reads it; null where it makes no sense.</summary>
    public static OpusHead? TryRead(ReadOnlySpan<byte> packet)
    {
        if (packet.Length < 19 || !packet.StartsWith("OpusHead"u8) || packet[8] > 15 || packet[9] == 0)
        {
            return null;
        }

        int channels = packet[9];
        float gain = (float)Math.Pow(10, BinaryPrimitives.ReadInt16LittleEndian(packet[16..]) / 256.0 / 20);
        int preSkip = BinaryPrimitives.ReadUInt16LittleEndian(packet[10..]);
        if (packet[18] == 0)
        {
            return channels > 2 ? null : new OpusHead(channels, preSkip, gain, 1, channels - 1, channels == 1 ? [0] : [0, 1]);
        }

        if (packet.Length < 21 + channels || packet[19] == 0 || packet[20] > packet[19] || packet[19] + packet[20] > 255)
        {
            return null;
        }

        byte[] mapping = packet.Slice(21, channels).ToArray();
        int decoded = packet[19] + packet[20];
        // Vorbis's order of channels becomes WAV's, which is FFmpeg's too.
        byte[] order = channels switch
        {
            3 => [0, 2, 1],
            5 => [0, 2, 1, 3, 4],
            6 => [0, 2, 1, 5, 3, 4],
            7 => [0, 2, 1, 6, 5, 3, 4],
            8 => [0, 2, 1, 7, 5, 6, 3, 4],
            _ => [.. Enumerable.Range(0, channels).Select(c => (byte)c)],
        };
        return mapping.All(m => m == 255 || m < decoded)
            ? new OpusHead(channels, preSkip, gain, packet[19], packet[20], packet[18] == 1 ? [.. order.Select(c => mapping[c])] : mapping) : null;
    }

    /// <summary>Samples per channel in a packet, at 48 kHz; 0 for one that makes no sense.</summary>
    public static int SamplesOf(ReadOnlySpan<byte> packet)
    {
        if (packet.IsEmpty)
        {
            return 0;
        }

        int configuration = packet[0] >> 3;
        int frame = configuration switch
        {
            < 12 => new[] { 480, 960, 1920, 2880 }[configuration & 3],
            < 16 => (configuration & 1) == 0 ? 480 : 960,
            _ => 120 << (configuration & 3),
        };
        int count = (packet[0] & 3) switch { 0 => 1, 3 => packet.Length > 1 ? packet[1] & 63 : 0, _ => 2 };
        return frame * count <= 5760 ? frame * count : 0;
    }
}
