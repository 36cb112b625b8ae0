using System.Runtime.CompilerServices;

namespace Stemsharp.Audio;

/// <summary>A file of plain samples that is no WAV file: AIFF, AIFF-C, CAF or W64.</summary>
internal sealed class PcmRecording : IRecording
{
    private readonly string _path, _name;
    private readonly PcmLayout _layout;

    private PcmRecording(string path, string name, PcmLayout layout, long fileBytes)
    {
        (_path, _name) = (path, name);
        long there = Math.Max(0, Math.Min(layout.Bytes, fileBytes - layout.Offset));
        _layout = layout with { Bytes = there };
        long frames = there / layout.FrameBytes;
        Info = new AudioInfo
        {
            Description = $"{layout.Container}, {layout.Format.Bits()}-bit {(layout.Format.IsFloat() ? "floating point" : "integers")}",
            SampleRate = layout.SampleRate,
            Channels = layout.Channels,
            Length = frames > 0 ? frames : throw new AudioException($"'{name}' has no samples. Give a file with sound.") { Failure = AudioFailure.NoSamples },
            EstimatedLength = frames,
            SampleFormat = layout.Format,
            Warnings = there < layout.Bytes ? [$"The file is truncated: its header promises {layout.Bytes} bytes of samples, {there} are there and are read."] : [],
        };
    }

    public AudioInfo Info { get; }

    public bool IsDecoded => false;

    /// <summary>Opens a file; null where it is no such kind, or holds something else than plain samples.</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">Its name, for messages.</param>
    /// <param name="head">Its first bytes.</param>
    /// <exception cref="AudioException">It is such a kind, and broken.</exception>
    public static PcmRecording? TryOpen(string path, string name, ReadOnlySpan<byte> head)
    {
        Func<Stream, PcmLayout?>? parse = AiffLayout.Looks(head) ? AiffLayout.TryRead : CafLayout.Looks(head) ? CafLayout.TryRead : W64Layout.Looks(head) ? W64Layout.TryRead : null;
        if (parse is null)
        {
            return null;
        }

        using FileStream file = InputFile.Open(path);
        try
        {
            return parse(file) is { } layout && SampleRates.IsRead(layout.SampleRate) && layout.Channels is >= 1 and <= 128 ? new PcmRecording(path, name, layout, file.Length) : null;
        }
        catch (EndOfStreamException error)
        {
            throw new AudioException($"'{name}' ends within its header. Is it complete?", error) { Failure = AudioFailure.Damaged };
        }
        catch (IOException error)
        {
            throw new AudioException($"'{name}' can't be read: {error.Message}", error);
        }
    }

    public IAudioReader Open(Action<string> found, CancellationToken cancellationToken) => new Reader(InputFile.Open(_path, cancellationToken), _name, _layout);

    public long? CountFrames(CancellationToken cancellationToken) => Info.Length;

    public AudioTags ReadTags(CancellationToken cancellationToken) => _layout.Tags;

    private sealed class Reader : ISeekingReader
    {
        private const int BufferBytes = 1 << 16;

        private readonly Stream _file;
        private readonly string _name;
        private readonly PcmLayout _layout;
        private readonly byte[] _buffer;
        private long _left;

        public Reader(Stream file, string name, PcmLayout layout)
        {
            (_file, _name, _layout) = (file, name, layout);
            _buffer = new byte[Math.Max(BufferBytes / layout.FrameBytes, 1) * layout.FrameBytes];
            Length = layout.Bytes / layout.FrameBytes;
            Seek(0);
        }

        public int SampleRate => _layout.SampleRate;

        public int Channels => _layout.Channels;

        public long? Length { get; }

        public void Seek(long frame)
        {
            frame = Math.Clamp(frame, 0, Length!.Value);
            _file.Position = _layout.Offset + frame * _layout.FrameBytes;
            _left = Length.Value - frame;
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public int Read(Span<float> interleaved)
        {
            int frames = (int)Math.Min(Math.Min(interleaved.Length / Channels, _buffer.Length / _layout.FrameBytes), _left);
            Span<byte> bytes = _buffer.AsSpan(0, frames * _layout.FrameBytes);
            try
            {
                _file.ReadExactly(bytes);
            }
            catch (IOException error)
            {
                throw new AudioException($"'{_name}' can't be read, or became shorter while it was read: {error.Message}", error) { Failure = AudioFailure.Damaged };
            }

            int width = _layout.Format.Bits() / 8;
            for (int at = 0; _layout.IsBigEndian && width > 1 && at < bytes.Length; at += width)
            {
                bytes.Slice(at, width).Reverse();
            }

            for (int at = 0; _layout.IsSigned && width == 1 && at < bytes.Length; at++)
            {
                bytes[at] ^= 0x80;
            }

            SampleCodec.Decode(_layout.Format, bytes, interleaved[..(frames * Channels)]);
            _left -= frames;
            return frames;
        }

        public void Dispose() => _file.Dispose();
    }
}
