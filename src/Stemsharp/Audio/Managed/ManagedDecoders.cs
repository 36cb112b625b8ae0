namespace Stemsharp.Audio;

/// <summary>The kinds of compressed files that are decoded without FFmpeg.</summary>
internal static class ManagedDecoders
{
    // A page of one packet.
    private const int PageHead = 60;

    /// <summary>In words, for messages.</summary>
    public const string Kinds = "WAV, AIFF, CAF, W64, FLAC, MP3, Ogg Vorbis and Opus";

    /// <summary>Opens a file; null where it is no such kind, or one whose sound would not come out right.</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">Its name, for messages.</param>
    /// <param name="head">Its first bytes.</param>
    /// <param name="unlike">What of it the decoders do not know, in words: "an MP3 file at 8 kHz"; null where they have nothing to say.</param>
    /// <param name="cancellationToken">Ends the opening.</param>
    /// <exception cref="AudioException">It is such a kind, and broken.</exception>
    public static IRecording? TryOpen(string path, string name, ReadOnlySpan<byte> head, out string? unlike, CancellationToken cancellationToken)
    {
        unlike = null;
        if (head.StartsWith("OggS"u8))
        {
            if (head.IndexOf(VorbisRecording.Mark) is >= 0 and < PageHead and int at)
            {
                unlike = VorbisRecording.WhyNot(head[at..]);
                return unlike is null ? VorbisRecording.Open(path, name) : null;
            }

            return head.IndexOf("OpusHead"u8) is >= 0 and < PageHead ? OpusRecording.Open(path, name) : null;
        }

        if (head.StartsWith("fLaC"u8))
        {
            return FlacRecording.TryOpen(path, name);
        }

        // What is called so by its tag may be a FLAC file, too.
        return head.StartsWith("ID3"u8) || IsFrame(head)
            ? (IRecording?)FlacRecording.TryOpen(path, name) ?? Mp3Recording.TryOpen(path, name, out unlike, cancellationToken)
            : null;
    }

    // Some writers put zeros before the first one.
    private static bool IsFrame(ReadOnlySpan<byte> head) => head.IndexOfAnyExcept((byte)0) is >= 0 and int at && new Mp3Frame().TryReadHead(head[at..]);
}
