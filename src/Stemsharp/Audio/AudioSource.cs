namespace Stemsharp.Audio;

/// <summary>
/// A recording that can be read several times: a file, or a stream that was spooled to a temporary file. The
/// temporary file disappears with this object, and where the platform permits also when the process is killed.
/// </summary>
public sealed class AudioSource : IDisposable
{
    private readonly string _path;
    private readonly AudioInputOptions _options;
    private readonly TemporaryFile? _spooled;
    private readonly FFmpegTool? _tool;
    private readonly FFmpegProbe? _probe;
    private readonly AudioInfo _whole;
    private readonly (long Length, DateTime Written) _stamp;
    private AudioTags? _tags;

    private AudioSource(string path, string name, AudioInputOptions options, TemporaryFile? spooled, CancellationToken cancellationToken)
    {
        _path = path;
        Name = name;
        _options = options;
        _spooled = spooled;
        using (FileStream stream = InputFile.Open(path))
        {
            _stamp = Stamp();
            byte[] head = new byte[FileKind.HeadBytes];
            int got = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
            if (WavHeader.Looks(head.AsSpan(0, got)))
            {
                stream.Position = 0;
                WavHeader header = WavHeader.Parse(stream, name);
                if (header.Format is not null)
                {
                    using WavReader reader = OpenWav();
                    if (reader.Length == 0)
                    {
                        throw new AudioException($"'{name}' has no samples. Give a file with sound.");
                    }

                    _whole = reader.Info;
                    Info = Part(_whole);
                    return;
                }
            }
            else if (FileKind.IsText(head.AsSpan(0, got)))
            {
                throw new AudioException(
                    $"'{name}' is a text file, whatever its name says: it begins with \"{FileKind.Excerpt(head.AsSpan(0, got))}\". Give an audio file.");
            }
        }

        _tool = FFmpegTool.Find(options.FFmpegPath, $"Reading '{name}'");
        _probe = FFmpegProbe.Run(_tool, path, name, options.StallLimit, cancellationToken);
        _whole = _probe.Info;
        Info = Part(_whole);
    }

    /// <summary>The file's name, or what the stream was called; for messages.</summary>
    public string Name { get; }

    /// <summary>What is known of the recording, or of the part of it that is read.</summary>
    public AudioInfo Info { get; }

    /// <summary>Whether FFmpeg reads it.</summary>
    internal bool ByFFmpeg => _tool is not null;

    /// <summary>Opens a file: WAV natively, everything else through FFmpeg. Pipes that have a name are spooled.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">Limits and tools.</param>
    /// <param name="cancellationToken">Stops the opening.</param>
    /// <exception cref="AudioException">The file is missing, empty, or no audio.</exception>
    /// <exception cref="ExternalToolException">The file is not WAV and FFmpeg is missing or too old.</exception>
    public static AudioSource Open(string path, AudioInputOptions? options = null, CancellationToken cancellationToken = default)
    {
        using FileStream stream = InputFile.Open(path);
        string name = Path.GetFileName(path);
        // A pipe with a name, such as a shell's <(…), can be read only once, and not from the middle.
        return stream.CanSeek ? new AudioSource(path, name, Checked(options), null, cancellationToken) : Open(stream, name, options, cancellationToken);
    }

    /// <summary>Spools a stream, such as the standard input, into a temporary file and opens that.</summary>
    /// <param name="stream">Read to its end; left open.</param>
    /// <param name="name">What to call it in messages.</param>
    /// <param name="options">Limits and tools.</param>
    /// <param name="cancellationToken">Stops the spooling.</param>
    /// <exception cref="AudioException">The stream is empty, too long, or no audio; or there is no space to spool it.</exception>
    /// <exception cref="ExternalToolException">It is not WAV and FFmpeg is missing or too old.</exception>
    public static AudioSource Open(
        Stream stream, string name = "standard input", AudioInputOptions? options = null, CancellationToken cancellationToken = default)
    {
        options = Checked(options);
        TemporaryFile spooled = Spool.Copy(stream, name, options, cancellationToken);
        try
        {
            return new AudioSource(spooled.Path, name, options, spooled, cancellationToken);
        }
        catch
        {
            spooled.Dispose();
            throw;
        }
    }

    /// <summary>A new reader at the start of what is read; several may be open at once.</summary>
    /// <param name="cancellationToken">Ends the reading, and the decoder behind it.</param>
    /// <exception cref="AudioException">The file changed since it was opened, or can't be read any more.</exception>
    public IAudioReader OpenReader(CancellationToken cancellationToken = default)
    {
        RequireUnchanged();
        IAudioReader reader = _tool is null ? OpenWav() : new FFmpegReader(_tool, _path, Name, _whole, _options, cancellationToken);
        return _options.Start > TimeSpan.Zero || _options.Duration is not null ? new RangeReader(reader, StartFrame, PartFrames) : reader;
    }

    /// <summary>A new reader in another form: channels first (one is duplicated, of many the first are taken), then the rate.</summary>
    /// <param name="sampleRate">The rate that is wanted.</param>
    /// <param name="channels">The channels that are wanted.</param>
    /// <param name="cancellationToken">Ends the reading, and the decoder behind it.</param>
    /// <exception cref="AudioException">The channels can't be converted, or the file can't be read any more.</exception>
    public IAudioReader OpenReader(int sampleRate, int channels, CancellationToken cancellationToken = default) =>
        Convert(OpenReader(cancellationToken), sampleRate, channels);

    /// <summary>A reader over another one, in another form.</summary>
    /// <inheritdoc cref="OpenReader(int, int, CancellationToken)"/>
    internal static IAudioReader Convert(IAudioReader reader, int sampleRate, int channels)
    {
        try
        {
            if (reader.Channels != channels)
            {
                reader = new ChannelReader(reader, channels);
            }

            if (reader.SampleRate != sampleRate)
            {
                reader = new ResamplingReader(reader, sampleRate);
            }

            return reader;
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    /// <summary>Tags and cover; read at the first call.</summary>
    /// <param name="cancellationToken">Stops the reading.</param>
    public AudioTags ReadTags(CancellationToken cancellationToken = default)
    {
        if (_tags is not null)
        {
            return _tags;
        }

        if (_tool is not null && _probe is not null)
        {
            CoverArt? cover = _probe.ReadCover(_tool, _path, _options.StallLimit, cancellationToken);
            return _tags = new AudioTags { Values = _probe.Tags, Cover = cover };
        }

        using FileStream stream = InputFile.Open(_path);
        return _tags = WavTags.Read(stream, WavHeader.Parse(stream, Name));
    }

    /// <inheritdoc/>
    public void Dispose() => _spooled?.Dispose();

    /// <exception cref="AudioException">The file is not what it was when it was opened.</exception>
    internal void RequireUnchanged()
    {
        if (Stamp() != _stamp)
        {
            throw new AudioException($"'{Name}' was changed while it was being worked on. Start again when nothing writes to it.");
        }
    }

    /// <summary>Whether FFmpeg decodes it, which costs as much each time.</summary>
    internal bool IsDecoded => _tool is not null;

    private long StartFrame => (long)Math.Round(_options.Start.TotalSeconds * _whole.SampleRate);

    private long PartFrames => _options.Duration is { } duration ? (long)Math.Round(duration.TotalSeconds * _whole.SampleRate) : long.MaxValue;

    private static AudioInputOptions Checked(AudioInputOptions? options)
    {
        options ??= AudioInputOptions.Default;
        if (options.Start < TimeSpan.Zero)
        {
            throw new OptionException($"A recording can't start at {options.Start.TotalSeconds} s; valid is 0 or later.");
        }

        if (options.Duration <= TimeSpan.Zero)
        {
            throw new OptionException($"A part of {options.Duration.Value.TotalSeconds} s is nothing; give a duration above 0.");
        }

        return options;
    }

    private AudioInfo Part(AudioInfo whole)
    {
        if (whole.EstimatedLength is long all && StartFrame >= all)
        {
            throw new OptionException($"'{Name}' lasts {all / (double)whole.SampleRate:0.###} s; it can't be read from {_options.Start.TotalSeconds:0.###} s on.");
        }

        return whole with { Length = Cut(whole.Length), EstimatedLength = Cut(whole.EstimatedLength) };

        long? Cut(long? frames) => frames is long known ? Math.Min(known - StartFrame, PartFrames) : null;
    }

    private WavReader OpenWav() => new(InputFile.Open(_path), Name);

    private (long Length, DateTime Written) Stamp()
    {
        // A spooled file is ours alone, and may have no name that could be asked.
        if (_spooled is not null)
        {
            return default;
        }

        FileInfo file = new(_path);
        return file.Exists ? (file.Length, file.LastWriteTimeUtc) : default;
    }
}
