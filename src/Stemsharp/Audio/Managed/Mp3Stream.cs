using System.Buffers.Binary;
using NLayer;

namespace Stemsharp.Audio;

/// <summary>Walks through the frames of an MP3 file.</summary>
internal sealed class Mp3Stream : IDisposable
{
    private readonly ByteWindow _window;
    private readonly Mp3Frame _ahead = new();

    /// <param name="file">A file; disposed with this object.</param>
    /// <param name="name">Its name, for messages.</param>
    public Mp3Stream(Stream file, string name)
    {
        file.Position = Id3.LengthAt(file, 0);
        _window = new ByteWindow(file, name, 4 * Mp3Frame.LargestBytes);
    }

    /// <summary>The frame that was read last.</summary>
    public Mp3Frame Frame { get; } = new();

    /// <summary>Whether bytes that are no frame stood before it, or it is cut.</summary>
    public bool IsBehindDamage { get; private set; }

    /// <summary>Goes to the next frame.</summary>
    /// <param name="like">The first frame of the stream; null before it is known.</param>
    public bool Next(Mp3Frame? like)
    {
        IsBehindDamage = false;
        while (true)
        {
            ReadOnlySpan<byte> bytes = _window.Peek(Mp3Frame.LargestBytes + Mp3Frame.HeadBytes);
            if (bytes.Length < Mp3Frame.HeadBytes || IsTag(bytes))
            {
                return false;
            }

            if (Frame.TryReadHead(bytes) && (like is null || Frame.IsLike(like)) && IsFollowed(bytes, like))
            {
                IsBehindDamage |= bytes.Length < Frame.FrameLength;
                int length = Math.Min(Frame.FrameLength, bytes.Length);
                Frame.Take(bytes[..length]);
                _window.Advance(length);
                return true;
            }

            // Some padding at the end of a file is no damage.
            int next = bytes[1..].IndexOf((byte)0xFF);
            IsBehindDamage |= bytes.ContainsAnyExcept((byte)0);
            _window.Advance(next < 0 ? bytes.Length : next + 1);
        }
    }

    public void Dispose() => _window.Dispose();

    // A head is four bytes, which chance makes too: another one has to follow where the frame ends.
    private bool IsFollowed(ReadOnlySpan<byte> bytes, Mp3Frame? like)
    {
        if (like is not null && !IsBehindDamage)
        {
            return true;
        }

        return Frame.FrameLength + Mp3Frame.HeadBytes > bytes.Length
            ? like is not null
            : IsTag(bytes[Frame.FrameLength..]) || (_ahead.TryReadHead(bytes[Frame.FrameLength..]) && _ahead.IsLike(Frame));
    }

    private static bool IsTag(ReadOnlySpan<byte> bytes) => bytes.StartsWith("TAG"u8) || bytes.StartsWith("APETAGEX"u8) || bytes.StartsWith("LYRICSBEGIN"u8);
}

/// <summary>What an encoder wrote into a file's first frame about the whole: how many frames, and what at the ends is not sound.</summary>
/// <param name="Frames">Frames behind it; 0 where it does not say.</param>
/// <param name="Delay">Samples before the sound, without the decoder's own delay.</param>
/// <param name="Padding">Samples behind the sound.</param>
internal readonly record struct Mp3Info(long Frames, int Delay, int Padding)
{
    /// <summary>What every decoder of layer 3 is late.</summary>
    public const int DecoderDelay = 529;

    /// <summary>Reads it; null where the frame holds sound.</summary>
    public static Mp3Info? TryRead(Mp3Frame frame)
    {
        if (frame.Layer != MpegLayer.LayerIII || frame.FrameLength < frame.SideBytes + 8)
        {
            return null;
        }

        ReadOnlySpan<byte> tag = frame.Bytes[frame.SideBytes..];
        if (!tag.StartsWith("Xing"u8) && !tag.StartsWith("Info"u8))
        {
            return null;
        }

        int flags = BinaryPrimitives.ReadInt32BigEndian(tag[4..]), at = 8;
        long frames = 0;
        if ((flags & 1) != 0 && tag.Length >= at + 4)
        {
            frames = BinaryPrimitives.ReadUInt32BigEndian(tag[at..]);
            at += 4;
        }

        at += ((flags & 2) != 0 ? 4 : 0) + ((flags & 4) != 0 ? 100 : 0) + ((flags & 8) != 0 ? 4 : 0);
        // LAME's extension: 21 bytes in, two numbers of 12 bits.
        const int offset = 21;
        if (tag.Length < at + offset + 3)
        {
            return new Mp3Info(frames, 0, 0);
        }

        ReadOnlySpan<byte> ends = tag[(at + offset)..];
        return new Mp3Info(frames, ends[0] << 4 | ends[1] >> 4, (ends[1] & 15) << 8 | ends[2]);
    }
}
