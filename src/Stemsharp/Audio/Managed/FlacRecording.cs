using System.Buffers.Binary;

namespace Stemsharp.Audio;

/// <summary>A FLAC file of up to 24 bits, decoded here.</summary>
internal sealed class FlacRecording : IRecording
{
    /// <summary>Kinds of blocks before the sound.</summary>
    internal const int StreamInfoBlock = 0, CommentBlock = 4, PictureBlock = 6;
    private const int LargestBlock = 1 << 24;

    private readonly string _path, _name;
    private readonly long _audio;
    private readonly FlacStreamInfo _stream;
    private AudioTags _tags = AudioTags.Empty;

    private FlacRecording(string path, string name, FlacStreamInfo stream, long audio)
    {
        _path = path;
        _name = name;
        _stream = stream;
        _audio = audio;
        Info = new AudioInfo
        {
            Description = $"FLAC, {stream.Bits}-bit integers",
            SampleRate = stream.SampleRate,
            Channels = stream.Channels,
            EstimatedLength = stream.Samples > 0 ? stream.Samples : null,
            SampleFormat = stream.Bits <= 8 ? SampleFormat.UInt8 : stream.Bits <= 16 ? SampleFormat.Int16 : SampleFormat.Int24,
        };
    }

    public AudioInfo Info { get; }

    public bool IsDecoded => true;

    /// <summary>Opens a file; null if it is none of this kind.</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">Its name, for messages.</param>
    public static FlacRecording? TryOpen(string path, string name)
    {
        using FileStream file = InputFile.Open(path);
        using BinaryReader reader = new(file);
        try
        {
            file.Position = Id3.LengthAt(file, 0);
            if (!reader.ReadBytes(4).AsSpan().SequenceEqual("fLaC"u8))
            {
                return null;
            }

            FlacStreamInfo? stream = null;
            AudioTags tags = AudioTags.Empty;
            CoverArt? cover = null;
            for (bool isLast = false; !isLast;)
            {
                byte[] head = reader.ReadBytes(4);
                if (head.Length < 4)
                {
                    return null;
                }

                int size = BinaryPrimitives.ReadInt32BigEndian(head) & (LargestBlock - 1);
                isLast = (head[0] & 0x80) != 0;
                switch (head[0] & 0x7F)
                {
                    case StreamInfoBlock:
                        stream = Read(reader.ReadBytes(size));
                        break;
                    case CommentBlock:
                        tags = VorbisComments.Read(reader.ReadBytes(size));
                        break;
                    case PictureBlock:
                        cover ??= VorbisComments.Picture(reader.ReadBytes(size));
                        break;
                    default:
                        file.Seek(size, SeekOrigin.Current);
                        break;
                }
            }

            return stream is null ? null : new FlacRecording(path, name, stream, file.Position) { _tags = tags with { Cover = cover ?? tags.Cover } };
        }
        catch (IOException error)
        {
            throw new AudioException($"'{name}' can't be read: {error.Message}", error);
        }
    }

    public IAudioReader Open(Action<string> found, CancellationToken cancellationToken)
    {
        FileStream file = InputFile.Open(_path, cancellationToken);
        file.Position = _audio;
        return new FlacReader(file, _name, _stream, found);
    }

    public long? CountFrames(CancellationToken cancellationToken) => null;

    public AudioTags ReadTags(CancellationToken cancellationToken) => _tags;

    private static FlacStreamInfo? Read(ReadOnlySpan<byte> block)
    {
        if (block.Length < 34)
        {
            return null;
        }

        ulong packed = BinaryPrimitives.ReadUInt64BigEndian(block[10..]);
        FlacStreamInfo info = new(
            BinaryPrimitives.ReadUInt16BigEndian(block),
            BinaryPrimitives.ReadUInt16BigEndian(block[2..]),
            BinaryPrimitives.ReadInt32BigEndian(block[6..]) & (LargestBlock - 1),
            (int)(packed >> 44),
            (int)(packed >> 41 & 7) + 1,
            (int)(packed >> 36 & 31) + 1,
            (long)(packed & 0xF_FFFF_FFFF),
            block.Slice(18, 16).ToArray());
        return SampleRates.IsRead(info.SampleRate) && info.Bits <= 24 && info.LargestBlock >= 16 ? info : null;
    }
}
