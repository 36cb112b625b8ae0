using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Stemsharp.Audio;

/// <summary>What ffprobe says of a file.</summary>
internal sealed partial record FFmpegProbe
{
    private const int MaximumAnswer = 16 << 20;
    private const int MaximumCover = 32 << 20;

    /// <summary>A part of what FFmpeg says when a duration is no more than size over bit rate.</summary>
    private const string Guess = "duration from bitrate";

    /// <summary>Tags about the file rather than the recording, and those that are wrong for a stem.</summary>
    private static readonly HashSet<string> NotCarried = new(StringComparer.OrdinalIgnoreCase)
    {
        "encoder", "major_brand", "minor_version", "compatible_brands", "creation_time", "handler_name", "vendor_id", "duration",
        "itunsmpb", "itunnorm", "gapless_playback", "tsse", "tlen", "encoded_by", "metadata_block_picture", "isom", "hw", "timecode",
        "replaygain_track_gain", "replaygain_track_peak", "replaygain_album_gain", "replaygain_album_peak", "r128_track_gain",
        "r128_album_gain", "_statistics_writing_app", "_statistics_writing_date_utc", "_statistics_tags", "bps", "number_of_frames", "number_of_bytes",
    };

    public required AudioInfo Info { get; init; }
    public required IReadOnlyDictionary<string, string> Tags { get; init; }

    /// <summary>Frames that the container says the sound has; null where it says nothing, or FFmpeg guessed from the bit rate.</summary>
    public long? StatedLength { get; init; }

    /// <summary>Seconds that the sound begins after the picture; negative: before it. 0 without a picture.</summary>
    public double Offset { get; init; }

    /// <summary>Stream that holds the cover, where there is one.</summary>
    public int? CoverStream { get; init; }

    /// <summary>The sound's stream, counted over all streams of the file.</summary>
    public required int Stream { get; init; }

    /// <summary>Asks ffprobe.</summary>
    /// <param name="tool">FFmpeg.</param>
    /// <param name="path">The file.</param>
    /// <param name="name">Its name, for messages.</param>
    /// <param name="wanted">Which audio stream: its number among them from 1, or a language; null for the one that players choose.</param>
    /// <param name="limit">Longest wait.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="OptionException">There is no such stream.</exception>
    /// <exception cref="AudioException">The file is no audio that FFmpeg can read.</exception>
    public static FFmpegProbe Run(FFmpegTool tool, string path, string name, string? wanted, TimeSpan limit, CancellationToken cancellation)
    {
        string[] arguments =
        [
            "-hide_banner", "-loglevel", "warning", "-print_format", "json", "-show_format", "-show_streams", .. FFmpegInput.Untrusted(path),
        ];
        using FFmpegProcess process = new(tool.ProbePath, arguments, limit, cancellation);
        byte[] answer = process.ReadAll(MaximumAnswer);
        int code = process.Finish(out string? fault);
        if (code != 0 || fault is not null || answer.Length > MaximumAnswer)
        {
            throw new AudioException($"'{name}' can't be read as audio. FFmpeg says: {Readable(fault ?? process.Message, path)}. Is it a sound file, and complete?") { Failure = AudioFailure.NotAudio };
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(answer);
            return Interpret(document.RootElement, name, wanted, isGuess: process.Message.Contains(Guess, StringComparison.Ordinal));
        }
        catch (JsonException error)
        {
            throw new AudioException($"'{name}' can't be read: ffprobe's answer makes no sense ({error.Message}).", error) { Failure = AudioFailure.Damaged };
        }
    }

    /// <summary>Takes the cover out of the file.</summary>
    /// <returns><see langword="null"/> where there is none, or none that could be read: no reason to refuse the recording.</returns>
    public CoverArt? ReadCover(FFmpegTool tool, string path, TimeSpan limit, CancellationToken cancellation)
    {
        if (CoverStream is not int stream)
        {
            return null;
        }

        string[] arguments =
        [
            .. FFmpegInput.Common, .. FFmpegInput.Untrusted(path), "-map", string.Create(CultureInfo.InvariantCulture, $"0:{stream}"),
            "-c", "copy", "-frames:v", "1", "-f", "image2pipe", "pipe:1",
        ];
        using FFmpegProcess process = new(tool.Path, arguments, limit, cancellation);
        byte[] picture = process.ReadAll(MaximumCover);
        int code = process.Finish(out string? fault);
        return code == 0 && fault is null && picture.Length <= MaximumCover ? Id3.Cover(picture) : null;
    }

    /// <summary>
    /// FFmpeg's message without the path, which is long, or a number where a stream was spooled, and without the list of formats that are let in.
    /// </summary>
    internal static string Readable(string message, string path) =>
        Whitelist().Replace(message.Replace(FFmpegInput.Name(path) + ": ", ""), "is a kind that is not read");

    [GeneratedRegex(@"not (on|in) whitelist '[^']*'", RegexOptions.IgnoreCase)]
    private static partial Regex Whitelist();

    /// <summary>Whether a tag of the recording is one of the stems', too.</summary>
    internal static bool IsCarried(string name) => !NotCarried.Contains(name);

    private static FFmpegProbe Interpret(JsonElement root, string name, string? wanted, bool isGuess)
    {
        Dictionary<string, string> tags = [];
        int others = 0;
        List<JsonElement> sounds = [];
        int? cover = null;
        double? pictureStart = null;
        root.TryGetProperty("format", out JsonElement format);
        AddTags(format, tags);
        if (root.TryGetProperty("streams", out JsonElement streams))
        {
            foreach (JsonElement stream in streams.EnumerateArray())
            {
                string type = Text(stream, "codec_type");
                if (type == "audio")
                {
                    sounds.Add(stream);
                }
                else if (type == "video" && cover is null && stream.TryGetProperty("disposition", out JsonElement disposition)
                    && Number(disposition, "attached_pic") == 1)
                {
                    cover = (int)(Number(stream, "index") ?? 0);
                }
                else
                {
                    others++;
                    pictureStart ??= type == "video" ? Number(stream, "start_time") : null;
                }
            }
        }

        if (sounds.Count == 0)
        {
            throw new AudioException($"'{name}' has no audio in it. Give a file with sound.") { Failure = AudioFailure.NotAudio };
        }

        (JsonElement found, string? note) = Choose(sounds, wanted, name);
        others += sounds.Count - 1;
        AddTags(found, tags);

        double rate = Number(found, "sample_rate") ?? 0, channels = Number(found, "channels") ?? 0;
        if (!SampleRates.IsRead(rate) || channels is < 1 or > 128)
        {
            throw new AudioException($"'{name}' makes no sense: {rate} samples per second on {channels} channels; {SampleRates.Read} on 1 to 128 are read.") { Failure = AudioFailure.Damaged };
        }

        string codec = Text(found, "codec_name");
        double? own = Number(found, "duration");
        double? seconds = own ?? (format.ValueKind == JsonValueKind.Object ? Number(format, "duration") : null);
        long? frames = seconds is > 0 and < 1e9 ? (long)Math.Round(seconds.Value * rate) : null;
        return new FFmpegProbe
        {
            Info = new AudioInfo
            {
                Description = $"{codec} in {(format.ValueKind == JsonValueKind.Object ? Text(format, "format_name").Split(',')[0] : "?")}",
                SampleRate = (int)rate,
                Channels = (int)channels,
                EstimatedLength = frames,
                SampleFormat = Depth(codec, found),
                Notes = note is null ? [] : [note],
            },
            Offset = Number(found, "start_time") - pictureStart ?? 0,
            Stream = (int)(Number(found, "index") ?? 0),
            Tags = tags,
            // A container's duration is that of its longest stream.
            StatedLength = !isGuess && (own is not null || others == 0) ? frames : null,
            CoverStream = cover,
        };
    }

    /// <summary>The wanted stream; of several, with a note about the others.</summary>
    private static (JsonElement Stream, string? Note) Choose(List<JsonElement> sounds, string? wanted, string name)
    {
        string all = string.Join(", ", sounds.Select((s, i) => $"{i + 1} ({Describe(s)})"));
        int chosen = wanted is null ? Math.Max(0, sounds.FindIndex(s => s.TryGetProperty("disposition", out JsonElement d) && Number(d, "default") == 1))
            : int.TryParse(wanted, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number - 1
            : sounds.FindIndex(s => Language(s).Equals(wanted, StringComparison.OrdinalIgnoreCase));
        if (chosen < 0 || chosen >= sounds.Count)
        {
            throw new OptionException($"'{name}' has no audio stream {wanted}; it has {all}.");
        }

        return (sounds[chosen], wanted is null && sounds.Count > 1 ? $"The file has {sounds.Count} audio streams: {all}. Stream {chosen + 1} is used." : null);

        static string Language(JsonElement stream) => stream.TryGetProperty("tags", out JsonElement tags) ? Text(tags, "language") : "";

        static string Describe(JsonElement stream)
        {
            string language = Language(stream), title = stream.TryGetProperty("tags", out JsonElement tags) ? Text(tags, "title") : "";
            string channels = string.Create(CultureInfo.InvariantCulture, $"{Number(stream, "channels") ?? 0} channels");
            return string.Join(", ", new[] { language, title, Text(stream, "codec_name"), channels }.Where(part => part.Length > 0));
        }
    }

    /// <summary>The depth of lossless codecs.</summary>
    private static SampleFormat? Depth(string codec, JsonElement stream)
    {
        bool plain = codec.StartsWith("pcm_", StringComparison.Ordinal);
        if (!plain && codec is not ("flac" or "alac" or "wavpack" or "ape" or "tta" or "tak" or "shorten" or "mlp" or "truehd" or "wmalossless"))
        {
            return null;
        }

        if (codec is "pcm_alaw" or "pcm_mulaw")
        {
            return Stemsharp.Audio.SampleFormat.Int16;
        }

        if (codec.StartsWith("pcm_f", StringComparison.Ordinal) || Text(stream, "sample_fmt").StartsWith("flt", StringComparison.Ordinal))
        {
            return codec.StartsWith("pcm_f64", StringComparison.Ordinal) ? Stemsharp.Audio.SampleFormat.Float64 : Stemsharp.Audio.SampleFormat.Float32;
        }

        double bits = Number(stream, "bits_per_raw_sample") is > 0 and double raw ? raw : Number(stream, "bits_per_sample") ?? 0;
        if (bits == 0 && Text(stream, "sample_fmt").StartsWith("s16", StringComparison.Ordinal))
        {
            bits = 16;
        }

        return bits switch
        {
            > 0 and <= 8 => Stemsharp.Audio.SampleFormat.UInt8,
            > 8 and <= 16 => Stemsharp.Audio.SampleFormat.Int16,
            0 or (> 16 and <= 24) => Stemsharp.Audio.SampleFormat.Int24,
            _ => Stemsharp.Audio.SampleFormat.Int32,
        };
    }

    private static void AddTags(JsonElement holder, Dictionary<string, string> tags)
    {
        if (holder.ValueKind != JsonValueKind.Object || !holder.TryGetProperty("tags", out JsonElement found))
        {
            return;
        }

        foreach (JsonProperty tag in found.EnumerateObject())
        {
            string name = tag.Name.ToLowerInvariant();
            // Streams of Matroska and MP4 have a language of their own; "und" says nothing.
            if (NotCarried.Contains(name) || name.StartsWith("_statistics", StringComparison.Ordinal) || tag.Value.ValueKind != JsonValueKind.String)
            {
                continue;
            }

            string value = tag.Value.GetString()!;
            if (value.Length > 0 && !(name == "language" && value == "und"))
            {
                tags.TryAdd(name, value);
            }
        }
    }

    private static string Text(JsonElement holder, string name) =>
        holder.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    /// <summary>A number, which ffprobe writes now as a number and now as text.</summary>
    private static double? Number(JsonElement holder, string name)
    {
        if (!holder.TryGetProperty(name, out JsonElement value))
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Number)
        {
            return value.GetDouble();
        }

        return value.ValueKind == JsonValueKind.String
            && double.TryParse(value.GetString(), NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number : null;
    }
}
