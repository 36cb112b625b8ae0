namespace Stemsharp.Audio;

/// <summary>Reads the samples of a WAV file block by block.</summary>
internal sealed class WavReader : ISeekingReader
{
    private const int BufferBytes = 1 << 16;
    private readonly Stream _stream;
    private readonly string _name;
    private readonly SampleFormat _format;
    private readonly byte[] _buffer;
    private long _left;

    /// <param name="stream">Seekable, at its start; disposed with the reader.</param>
    /// <param name="name">The file's name, for messages.</param>
    public WavReader(Stream stream, string name)
    {
        _stream = stream;
        _name = name;
        try
        {
            Header = WavHeader.Parse(stream, name);
            _format = Header.Format ?? throw new AudioException(
                $"'{name}' is a WAV file with the codec number {Header.FormatTag}, not plain samples; it can only be read through FFmpeg.")
            { Failure = AudioFailure.Unsupported };
            stream.Position = Header.DataOffset;
        }
        catch (Exception error)
        {
            stream.Dispose();
            if (error is IOException io)
            {
                throw new AudioException($"'{name}' can't be read: {io.Message}", io);
            }

            throw;
        }

        _left = Header.Frames;
        _buffer = new byte[Math.Max(BufferBytes / Header.FrameBytes, 1) * Header.FrameBytes];
    }

    public WavHeader Header { get; }
    public int SampleRate => Header.SampleRate;
    public int Channels => Header.Channels;
    public long? Length => Header.Frames;

    /// <summary>What the file is, in the terms that all sources share.</summary>
    public AudioInfo Info => new()
    {
        Description = $"WAV, {Header.ValidBits}-bit {(_format.IsFloat() ? "floating point" : "integers")}",
        SampleRate = SampleRate,
        Channels = Channels,
        Length = Length,
        EstimatedLength = Length,
        SampleFormat = _format,
        SpeakerMask = Header.SpeakerMask,
        Warnings = Header.Warnings,
    };

    /// <summary>Opens a file.</summary>
    public static WavReader Open(string path) => new(InputFile.Open(path), Path.GetFileName(path));

    /// <summary>Goes to a frame; beyond the end means the end.</summary>
    public void Seek(long frame)
    {
        frame = Math.Clamp(frame, 0, Header.Frames);
        _stream.Position = Header.DataOffset + frame * Header.FrameBytes;
        _left = Header.Frames - frame;
    }

    public int Read(Span<float> interleaved)
    {
        int frames = (int)Math.Min(Math.Min(interleaved.Length / Channels, _buffer.Length / Header.FrameBytes), _left);
        if (frames == 0)
        {
            return 0;
        }

        Span<byte> bytes = _buffer.AsSpan(0, frames * Header.FrameBytes);
        int got;
        try
        {
            got = _stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        }
        catch (IOException error)
        {
            throw new AudioException($"'{_name}' can't be read: {error.Message}", error);
        }

        if (got < bytes.Length)
        {
            throw new AudioException($"'{_name}' became shorter while it was read: {_left} frames are missing. Start again when nothing writes to it.") { Failure = AudioFailure.Damaged };
        }

        SampleCodec.Decode(_format, bytes, interleaved[..(frames * Channels)]);
        _left -= frames;
        return frames;
    }

    public void Dispose() => _stream.Dispose();
}
