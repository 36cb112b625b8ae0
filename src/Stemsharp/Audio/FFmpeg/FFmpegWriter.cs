using System.Globalization;

namespace Stemsharp.Audio;

/// <summary>Pipes samples into FFmpeg, which encodes them into a temporary file.</summary>
internal sealed class FFmpegWriter : IAudioWriter
{
    private const int BufferBytes = 1 << 16;
    private static readonly TimeSpan StallLimit = TimeSpan.FromMinutes(5);
    private readonly FFmpegProcess _process;
    private readonly OutputFile _file;
    private readonly Action<string>? _finishing;
    private readonly List<TemporaryFile> _side = [];
    private readonly SampleFormat _wire;
    private readonly Quantiser? _quantiser;
    private readonly byte[] _buffer;
    private readonly int[] _integers;
    private bool _done;

    /// <param name="tool">FFmpeg.</param>
    /// <param name="path">The final name.</param>
    /// <param name="sampleRate">Frames per second.</param>
    /// <param name="channels">Samples in a frame.</param>
    /// <param name="wire">How samples go through the pipe: rounded here, with our dither, or floats.</param>
    /// <param name="options">Dither and tags.</param>
    /// <param name="output">FFmpeg's arguments behind the inputs: filters, maps, encoder, muxer.</param>
    /// <param name="picture">How the cover travels.</param>
    /// <param name="finishing">Called with the temporary file before it gets its final name.</param>
    /// <param name="cancellation">Ends the encoder.</param>
    public FFmpegWriter(
        FFmpegTool tool, string path, int sampleRate, int channels, SampleFormat wire, EncodingOptions options,
        IEnumerable<string> output, PictureTransport picture, Action<string>? finishing, CancellationToken cancellation)
    {
        _wire = wire;
        _finishing = finishing;
        SampleRate = sampleRate;
        Channels = channels;
        if (!wire.IsFloat()) _quantiser = new Quantiser(wire.Bits(), options.Dither, options.DitherSeed);
        int bytesEach = SampleCodec.Bytes(wire);
        int samples = BufferBytes / (bytesEach * channels) * channels;
        _buffer = new byte[samples * bytesEach];
        _integers = wire.IsFloat() ? [] : new int[samples];
        _file = new OutputFile(path);
        try
        {
            AudioTags tags = options.Tags ?? AudioTags.Empty;
            string raw = wire switch { SampleFormat.Int16 => "s16le", SampleFormat.Int24 => "s24le", _ => "f32le" };
            List<string> arguments =
            [
                .. FFmpegInput.Common, "-y", "-f", raw, "-ar", sampleRate.ToString(CultureInfo.InvariantCulture),
                "-ac", channels.ToString(CultureInfo.InvariantCulture), "-i", "pipe:0",
                "-protocol_whitelist", "file", "-f", "ffmetadata", "-i", Side(FFmetadata.Write(tags, picture == PictureTransport.Tag)),
            ];
            List<string> cover = [];
            if (picture == PictureTransport.Stream && tags.Cover is { } art)
            {
                string demuxer = art.MimeType == "image/png" ? "png_pipe" : "jpeg_pipe";
                arguments.AddRange(["-protocol_whitelist", "file", "-f", demuxer, "-i", Side(art.Data.Span)]);
                cover.AddRange(["-map", "2:v:0", "-c:v", "copy", "-disposition:v:0", "attached_pic"]);
            }

            arguments.AddRange(["-map_metadata", "1", .. output, .. cover, FFmpegInput.Name(_file.TemporaryPath)]);
            _process = new FFmpegProcess(tool.Path, arguments, StallLimit, cancellation);
        }
        catch
        {
            Clean();
            throw;
        }
    }

    /// <summary>How a cover reaches the file.</summary>
    public enum PictureTransport
    {
        /// <summary>As a stream of its own, marked as attached picture.</summary>
        Stream,

        /// <summary>Inside a tag.</summary>
        Tag,

        /// <summary>Not at all.</summary>
        None,
    }

    public int SampleRate { get; }
    public int Channels { get; }
    public long ClippedSamples => _quantiser?.ClippedSamples ?? 0;

    public void Write(ReadOnlySpan<float> interleaved)
    {
        ObjectDisposedException.ThrowIf(_done, this);
        if (interleaved.Length % Channels != 0) throw new ArgumentException("Whole frames are written.", nameof(interleaved));
        int bytesEach = SampleCodec.Bytes(_wire);
        while (!interleaved.IsEmpty)
        {
            ReadOnlySpan<float> part = interleaved[..Math.Min(interleaved.Length, _buffer.Length / bytesEach)];
            Span<byte> bytes = _buffer.AsSpan(0, part.Length * bytesEach);
            if (_quantiser is null)
            {
                SampleCodec.EncodeFloats(_wire, part, bytes);
            }
            else
            {
                _quantiser.Quantise(part, _integers);
                SampleCodec.EncodeIntegers(_wire, _integers.AsSpan(0, part.Length), bytes);
            }

            try
            {
                _process.Write(bytes);
            }
            catch (IOException error)
            {
                _process.Finish(out string? fault);
                throw Failure(fault, error);
            }

            interleaved = interleaved[part.Length..];
        }
    }

    public void Complete()
    {
        ObjectDisposedException.ThrowIf(_done, this);
        int code = _process.Finish(out string? fault);
        if (code != 0 || fault is not null) throw Failure(fault, null);
        if (_finishing is not null) _file.Guard(() => _finishing(_file.TemporaryPath));
        _done = true;
        _file.Commit();
    }

    public void Dispose()
    {
        _done = true;
        _process.Dispose();
        Clean();
    }

    private AudioException Failure(string? fault, Exception? error)
    {
        string message = fault ?? FFmpegProbe.Readable(_process.Message, _file.TemporaryPath);
        string hint = message.Contains("No space left", StringComparison.OrdinalIgnoreCase)
            ? $"'{_file.Path}' can't be written: no space left on the disk. Free some space or choose another folder."
            : $"'{_file.Path}' can't be encoded. FFmpeg says: {message}.";
        return error is null ? new AudioException(hint) : new AudioException(hint, error);
    }

    private string Side(ReadOnlySpan<byte> content)
    {
        TemporaryFile file = new(folder: null, forOtherPrograms: true);
        _side.Add(file);
        file.Stream.Write(content);
        file.Stream.Flush();
        return FFmpegInput.Name(file.Path);
    }

    private void Clean()
    {
        foreach (TemporaryFile file in _side) file.Dispose();
        _file.Dispose();
    }
}
