using System.Globalization;

namespace Stemsharp.Audio;

/// <summary>How FFmpeg writes one of our formats: encoder, muxer, and the rates that they take.</summary>
internal sealed record FFmpegEncoder
{
    private static readonly int[] Mp3Rates = [8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000];
    private static readonly int[] AacRates = [7350, 8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000];

    // MPEG 1, 2 and 2.5: LAME takes the nearest of these, whatever it is told.
    private static readonly (int Rate, int[] Bitrates)[] Mp3Bitrates =
    [
        (32_000, [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320]),
        (16_000, [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160]),
        (0, [8, 16, 24, 32, 40, 48, 56, 64]),
    ];

    // Tried where an encoder refuses a bit rate, to say what it takes.
    private static readonly int[] Candidates = [8, 16, 24, 32, 40, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 500, 510];

    // What every encoder takes with its own default bit rate, and FLAC at any rate up to here.
    private const int PlainFlacRate = 192_000, PlainChannels = 2;
    private static readonly int[] PlainRates = [44_100, 48_000];

    private static readonly Dictionary<AudioFormat, FFmpegEncoder> All = new()
    {
        [AudioFormat.Flac] = new() { Name = "FLAC", Encoder = "flac", Muxer = "flac", HighestRate = 655_350, TakesPicture = true },
        [AudioFormat.Mp3] = new() { Name = "MP3", Encoder = "libmp3lame", Muxer = "mp3", Rates = Mp3Rates, HighestRate = 48_000, Bitrate = 320, HighestBitrate = 320, HighestChannels = 2, TakesPicture = true },
        [AudioFormat.M4a] = new() { Name = "M4A", Encoder = "aac", Muxer = "ipod", Rates = AacRates, HighestRate = 96_000, Bitrate = 256, HighestBitrate = 512, TakesPicture = true },
        [AudioFormat.Opus] = new() { Name = "Opus", Encoder = "libopus", Muxer = "opus", Rates = [48_000], HighestRate = 48_000, Bitrate = 192, HighestBitrate = 510 },
        [AudioFormat.Ogg] = new() { Name = "Ogg Vorbis", Encoder = "libvorbis", Muxer = "ogg", HighestRate = 192_000, Bitrate = 256, HighestBitrate = 500 },
    };

    public required string Name { get; init; }
    public required string Encoder { get; init; }
    public required string Muxer { get; init; }

    /// <summary>The rates there are; empty: any up to the highest.</summary>
    public IReadOnlyList<int> Rates { get; init; } = [];
    public required int HighestRate { get; init; }
    public int HighestChannels { get; init; } = 8;

    /// <summary>Default in kbit/s; 0 for lossless formats.</summary>
    public int Bitrate { get; init; }
    public int HighestBitrate { get; init; }

    /// <summary>Whether the muxer takes the cover as a picture stream; Ogg has it as a tag.</summary>
    public bool TakesPicture { get; init; }

    public static FFmpegEncoder For(AudioFormat format) =>
        All.TryGetValue(format, out FFmpegEncoder? encoder) ? encoder : throw new ArgumentOutOfRangeException(nameof(format));

    /// <summary>The rate to write at: the wanted one, or the nearest above that the format has.</summary>
    /// <param name="wanted">What the user asked for, if anything.</param>
    /// <param name="incoming">The rate that samples arrive with.</param>
    /// <exception cref="OptionException">The format does not have the wanted rate.</exception>
    public int Rate(int? wanted, int incoming)
    {
        if (wanted is int rate)
        {
            // Opus files always play at 48 kHz; asking for another rate with Opus among several formats is no mistake.
            if (Rates.Count == 1)
            {
                return Rates[0];
            }

            if (Rates.Count > 0 ? Rates.Contains(rate) : rate <= HighestRate)
            {
                return rate;
            }

            string valid = Rates.Count > 0 ? string.Join(", ", Rates) : $"up to {HighestRate}";
            throw new OptionException($"{Name} has no rate of {rate} Hz; valid are {valid}.");
        }

        foreach (int candidate in Rates)
        {
            if (candidate >= incoming)
            {
                return candidate;
            }
        }

        return Math.Min(incoming, HighestRate);
    }

    /// <summary>Checks what does not depend on FFmpeg.</summary>
    /// <exception cref="OptionException">An option is out of range.</exception>
    public void Check(EncodingOptions options, int channels)
    {
        if (channels > HighestChannels)
        {
            throw new OptionException($"{Name} takes at most {HighestChannels} channels, not {channels}. Choose WAV or FLAC.");
        }

        if (options.Format == AudioFormat.Flac && options.SampleFormat is not (SampleFormat.Int16 or SampleFormat.Int24))
        {
            throw new OptionException($"FLAC stores 16- or 24-bit integers, not {options.SampleFormat}. Choose one of these, or WAV.");
        }

        if (options.BitrateKbps is int bitrate && Bitrate > 0 && (bitrate < 8 || bitrate > HighestBitrate))
        {
            throw new OptionException($"{Name} has no bit rate of {bitrate} kbit/s; valid are 8 to {HighestBitrate}.");
        }

        if (options.Format == AudioFormat.Mp3 && options.Mp3Preset is < 2 or > 7)
        {
            throw new OptionException($"There is no MP3 preset {options.Mp3Preset}; valid are 2 (best) to 7 (fastest).");
        }
    }

    /// <summary>
    /// Checks that this FFmpeg's encoder takes rate, channels and bit rate together: limits differ from encoder to encoder and from
    /// version to version, so it is asked, with a moment of silence.
    /// </summary>
    /// <param name="options">Depth, bit rate, preset.</param>
    /// <param name="rate">Frames per second of the file.</param>
    /// <param name="channels">Samples in a frame.</param>
    /// <param name="tool">The FFmpeg that will encode.</param>
    /// <exception cref="OptionException">It does not, or would silently take other values.</exception>
    public void CheckTogether(EncodingOptions options, int rate, int channels, FFmpegTool tool)
    {
        int bitrate = options.BitrateKbps ?? Bitrate;
        if (options.Format == AudioFormat.Mp3)
        {
            // A default is the highest that there is.
            int[] valid = Mp3Bitrates.First(row => rate >= row.Rate).Bitrates;
            if (options.BitrateKbps is not null && !valid.Contains(bitrate))
            {
                throw new OptionException($"MP3 at {rate} Hz has no bit rate of {bitrate} kbit/s; valid are {string.Join(", ", valid)}.");
            }
        }

        bool isPlain = (Bitrate == 0 ? rate <= PlainFlacRate : PlainRates.Contains(rate) && channels == PlainChannels) && options.BitrateKbps is null;
        if (isPlain || tool.WhyRefused(Arguments(options, rate, tool), rate, channels) is not { } reason)
        {
            return;
        }

        if (Bitrate == 0)
        {
            throw new OptionException($"{Name} can't be written with {rate} Hz and {channels} channels. FFmpeg says: {reason}. Choose another rate, or WAV.");
        }

        int[] taken = [.. Candidates.Where(c => c <= HighestBitrate && tool.WhyRefused(Arguments(options with { BitrateKbps = c }, rate, tool), rate, channels) is null)];
        throw new OptionException(
            $"{Name} can't be written with {bitrate} kbit/s at {rate} Hz and {channels} channel{(channels == 1 ? "" : "s")} by this FFmpeg; "
            + (taken.Length > 0 ? $"it takes {taken[0]} to {taken[^1]} kbit/s there." : "it takes no bit rate there. Choose another rate."));
    }

    /// <summary>FFmpeg's arguments for the encoder and the muxer.</summary>
    /// <param name="options">Depth, bit rate, preset.</param>
    /// <param name="rate">Frames per second.</param>
    /// <param name="tool">The FFmpeg that gets them.</param>
    public IEnumerable<string> Arguments(EncodingOptions options, int rate, FFmpegTool tool)
    {
        List<string> arguments = ["-c:a", Encoder];
        if (Bitrate > 0)
        {
            arguments.AddRange(["-b:a", string.Create(CultureInfo.InvariantCulture, $"{options.BitrateKbps ?? Bitrate}k")]);
        }

        switch (options.Format)
        {
            case AudioFormat.Flac:
                // FFmpeg's own level 5, too: 8 takes twice the time and saves a hundredth of the size.
                if (options.SampleFormat == SampleFormat.Int24)
                {
                    arguments.AddRange(["-sample_fmt", "s32", "-bits_per_raw_sample", "24"]);
                }

                break;
            case AudioFormat.Mp3:
                // LAME's own scale of quality, and the header that tells players the encoder's delay.
                arguments.AddRange(["-compression_level", options.Mp3Preset.ToString(CultureInfo.InvariantCulture), "-id3v2_version", "3", "-write_xing", "1"]);
                break;
            case AudioFormat.M4a:
                arguments.AddRange([.. ExactEditList(rate, tool), "-movflags", "+faststart"]);
                break;
        }

        return [.. arguments, "-f", Muxer];
    }

    /// <summary>
    /// MPEG-4's edit list, which hides the encoder's delay and padding, counts in the movie's time scale: with the default
    /// of milliseconds it would be off by up to 44 frames.
    /// </summary>
    /// <param name="rate">Frames per second.</param>
    /// <param name="tool">FFmpeg has the option since version 5.</param>
    public static string[] ExactEditList(int rate, FFmpegTool tool) =>
        tool.Major >= 5 ? ["-movie_timescale", rate.ToString(CultureInfo.InvariantCulture)] : [];
}
