namespace Stemsharp.Audio;

/// <summary>Opens and creates recordings.</summary>
public static class AudioFiles
{
    /// <summary>Opens a file for one pass of reading: WAV, AIFF, CAF and W64 natively, everything else as <see cref="AudioInputOptions.Decoder"/> says.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">Limits and tools.</param>
    /// <param name="cancellationToken">Ends the reading, and the decoder behind it.</param>
    /// <exception cref="AudioException">The file is missing, empty, or no audio.</exception>
    /// <exception cref="ExternalToolException">The file is not WAV and FFmpeg is missing or too old.</exception>
    public static IAudioReader Open(string path, AudioInputOptions? options = null, CancellationToken cancellationToken = default) =>
        OwningReader.Over(AudioSource.Open(path, options, cancellationToken), cancellationToken);

    /// <summary>Opens a stream, such as the standard input, for one pass of reading; it is spooled first.</summary>
    /// <param name="stream">Read to its end; left open.</param>
    /// <param name="name">What to call it in messages.</param>
    /// <param name="options">Limits and tools.</param>
    /// <param name="cancellationToken">Ends the reading, and the decoder behind it.</param>
    /// <exception cref="AudioException">The stream is empty, too long, or no audio; or there is no space to spool it.</exception>
    /// <exception cref="ExternalToolException">It is not WAV and FFmpeg is missing or too old.</exception>
    public static IAudioReader Open(
        Stream stream, string name = "standard input", AudioInputOptions? options = null, CancellationToken cancellationToken = default) =>
        OwningReader.Over(AudioSource.Open(stream, name, options, cancellationToken), cancellationToken);

    /// <summary>
    /// Checks that a format can be written as asked, before any work is done: the options, and FFmpeg with its
    /// encoder where the format needs it, which is asked whether it takes rate, channels and bit rate together.
    /// </summary>
    /// <param name="options">The format.</param>
    /// <param name="sampleRate">Frames per second of what will be written.</param>
    /// <param name="channels">Samples in a frame.</param>
    /// <returns>The rate that the file will have.</returns>
    /// <exception cref="OptionException">The options are out of range or contradict each other.</exception>
    /// <exception cref="ExternalToolException">FFmpeg is missing, too old, or lacks the encoder.</exception>
    public static int Check(EncodingOptions options, int sampleRate, int channels)
    {
        if (sampleRate < 1)
        {
            throw new OptionException($"There is no sample rate of {sampleRate} Hz.");
        }

        if (channels is < 1 or > 128)
        {
            throw new OptionException($"A file has 1 to 128 channels, not {channels}.");
        }

        if (options.SampleRate is int wanted && !SampleRates.IsWritten(wanted))
        {
            throw new OptionException($"There is no output rate of {wanted} Hz; valid are {SampleRates.Written}.");
        }

        if (options.Format == AudioFormat.Wav)
        {
            return options.SampleRate ?? sampleRate;
        }

        FFmpegEncoder encoder = FFmpegEncoder.For(options.Format);
        encoder.Check(options, channels);
        int rate = encoder.Rate(options.SampleRate, sampleRate);
        if (IsWrittenHere(options))
        {
            return rate;
        }

        string purpose = $"Writing {encoder.Name}";
        FFmpegTool tool = FFmpegTool.Find(options.FFmpegPath, purpose);
        tool.RequireEncoder(encoder.Encoder, purpose);
        encoder.CheckTogether(options, rate, channels, tool);
        return rate;
    }

    /// <summary>
    /// Creates a file. It is written under a temporary name in the same folder until <see cref="IAudioWriter.Complete"/>.
    /// </summary>
    /// <param name="path">The final name; its extension does not matter. The folder must exist.</param>
    /// <param name="sampleRate">Frames per second of what will be written.</param>
    /// <param name="channels">Samples in a frame.</param>
    /// <param name="options">The format; default 16-bit WAV.</param>
    /// <param name="cancellationToken">Ends the encoder.</param>
    /// <exception cref="AudioException">The file can't be created.</exception>
    /// <exception cref="OptionException">The options are out of range or contradict each other.</exception>
    /// <exception cref="ExternalToolException">The format needs FFmpeg, which is missing, too old, or lacks the encoder.</exception>
    public static IAudioWriter Create(
        string path, int sampleRate, int channels, EncodingOptions? options = null, CancellationToken cancellationToken = default) =>
        CreateStaged(path, sampleRate, channels, options ?? new EncodingOptions(), cancellationToken);

    /// <summary>Creates a file whose completion has two steps.</summary>
    /// <inheritdoc cref="Create(string, int, int, EncodingOptions?, CancellationToken)"/>
    internal static IStagedWriter CreateStaged(
        string path, int sampleRate, int channels, EncodingOptions options, CancellationToken cancellationToken)
    {
        int rate = Check(options, sampleRate, channels);
        PcmWriter writer = options.Format == AudioFormat.Wav ? WavWriter.Create(path, rate, channels, options)
            : IsWrittenHere(options) ? FlacWriter.Create(path, rate, channels, options)
            : CreateEncoded(path, rate, channels, options, cancellationToken);
        return rate == sampleRate ? writer : new ResamplingWriter(writer, sampleRate, options.Length);
    }

    /// <summary>Writes WAV into a stream, such as the standard output.</summary>
    /// <param name="stream">Left open. Where it can't seek and the length is not known, the header says so.</param>
    /// <param name="sampleRate">Frames per second of what will be written.</param>
    /// <param name="channels">Samples in a frame.</param>
    /// <param name="options">The depth; the format must be WAV.</param>
    /// <param name="length">Frames that will be written, where known.</param>
    /// <exception cref="OptionException">The options are out of range, or the format is not WAV.</exception>
    /// <exception cref="AudioException">The stream can't be written.</exception>
    public static IAudioWriter Create(Stream stream, int sampleRate, int channels, EncodingOptions? options = null, long? length = null)
    {
        options ??= new EncodingOptions();
        if (options.Format != AudioFormat.Wav)
        {
            throw new OptionException($"Only WAV can be written into a stream, not {options.Format}.");
        }

        int rate = Check(options, sampleRate, channels);
        long? frames = length is long known && rate != sampleRate
            ? options.Length ?? Resampler.OutputLength(known, sampleRate, rate)
            : length;
        WavWriter writer = new(stream, rate, channels, options, length: frames);
        return rate == sampleRate ? writer : new ResamplingWriter(writer, sampleRate, options.Length);
    }

    /// <summary>
    /// Removes the unfinished files that killed processes of this computer left in a folder; those of running
    /// processes stay.
    /// </summary>
    /// <param name="folder">Where stems were written.</param>
    /// <returns>How many files were removed.</returns>
    public static int RemoveLeftovers(string folder) => OutputFile.Sweep(folder);

    /// <summary>Whether a format that FFmpeg writes where it is installed is written without it.</summary>
    private static bool IsWrittenHere(EncodingOptions options) => options.Format == AudioFormat.Flac && !FFmpegTool.IsThere(options.FFmpegPath);

    private static FFmpegWriter CreateEncoded(
        string path, int rate, int channels, EncodingOptions options, CancellationToken cancellationToken)
    {
        FFmpegEncoder encoder = FFmpegEncoder.For(options.Format);
        FFmpegTool tool = FFmpegTool.Find(options.FFmpegPath, $"Writing {encoder.Name}");
        FFmpegWriter.PictureTransport picture = encoder.TakesPicture ? FFmpegWriter.PictureTransport.Stream : FFmpegWriter.PictureTransport.Tag;
        SampleFormat wire = options.Format == AudioFormat.Flac ? options.SampleFormat : SampleFormat.Float32;
        return new FFmpegWriter(tool, path, rate, channels, wire, options, ["-map", "0:a:0", .. encoder.Arguments(options, rate, tool)], picture, null, cancellationToken);
    }
}
