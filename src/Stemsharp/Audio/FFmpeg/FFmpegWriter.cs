using System.Globalization;

namespace Stemsharp.Audio;

/// <summary>Pipes samples into FFmpeg, which encodes them into a temporary file.</summary>
internal sealed class FFmpegWriter : PcmWriter
{
    private static readonly TimeSpan StallLimit = TimeSpan.FromMinutes(5);
    private readonly FFmpegProcess? _process;
    private readonly Action<string>? _finishing;
    private readonly List<TemporaryFile> _side = [];

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
        : base(new OutputFile(path), sampleRate, channels, wire, options)
    {
        _finishing = finishing;
        try
        {
            AudioTags tags = options.Tags ?? AudioTags.Empty;
            string raw = wire switch { SampleFormat.Int16 => "s16le", SampleFormat.Int24 => "s24le", _ => "f32le" };
            List<string> arguments =
            [
                .. FFmpegInput.Common, "-y", "-thread_queue_size", Queue(tool), "-f", raw, "-ar", sampleRate.ToString(CultureInfo.InvariantCulture),
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

            arguments.AddRange(["-map_metadata", "1", .. output, .. cover, FFmpegInput.Name(File!.TemporaryPath)]);
            _process = new FFmpegProcess(tool.Path, arguments, StallLimit, cancellation);
        }
        catch
        {
            Dispose();
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
    }

    protected override void WriteBytes(ReadOnlySpan<byte> bytes)
    {
        try
        {
            _process!.Write(bytes);
        }
        catch (IOException error)
        {
            _process!.Finish(out string? fault);
            throw Failure(fault, error);
        }
    }

    protected override void FinishContent()
    {
        int code = _process!.Finish(out string? fault);
        if (code != 0 || fault is not null)
        {
            throw Failure(fault, null);
        }

        if (_finishing is not null)
        {
            File!.Guard(() => _finishing(File.TemporaryPath));
        }

        Close();
    }

    protected override void Close()
    {
        _process?.Dispose();
        foreach (TemporaryFile file in _side)
        {
            file.Dispose();
        }
    }

    private OutputException Failure(string? fault, Exception? error)
    {
        string message = fault ?? FFmpegProbe.Readable(_process!.Message, File!.TemporaryPath);
        bool isDiskFull = message.Contains("No space left", StringComparison.OrdinalIgnoreCase);
        string hint = isDiskFull
            ? $"'{File!.Path}' can't be written: no space left on the disk. Free some space or choose another folder."
            : $"'{File!.Path}' can't be encoded. FFmpeg says: {message}.";
        return new OutputException(hint, error, isDiskFull);
    }

    /// <summary>
    /// Packets between FFmpeg's reading and encoding. With several inputs it sleeps for 10 ms whenever it finds none there, which was
    /// half of an encoder's time with its usual 8. Up to version 5, 0 lets it read where it encodes; version 6 has no such way, but
    /// in 10 ms as much as it can encode meanwhile fits into 1024.
    /// </summary>
    private static string Queue(FFmpegTool tool) => tool.Major < 6 ? "0" : "1024";

    private string Side(ReadOnlySpan<byte> content)
    {
        TemporaryFile file = new(folder: null, forOtherPrograms: true);
        _side.Add(file);
        file.Stream.Write(content);
        file.Stream.Flush();
        return FFmpegInput.Name(file.Path);
    }
}
