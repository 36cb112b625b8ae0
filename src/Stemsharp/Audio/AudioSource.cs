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
    private readonly IRecording _recording;
    private readonly Lock _lock = new();
    private readonly List<string> _found = [];
    private readonly (long Length, DateTime Written) _stamp;
    private AudioTags? _tags;

    private AudioSource(string path, string name, AudioInputOptions options, TemporaryFile? spooled, CancellationToken cancellationToken)
    {
        _path = path;
        Name = name;
        _options = options;
        _spooled = spooled;
        _stamp = Stamp();
        _recording = Recognise(cancellationToken);
        if (options.Stream is { } stream && stream != "1" && _recording is not FFmpegRecording)
        {
            throw new OptionException($"'{name}' has no audio stream {stream}; it has one. Leave the choice out.");
        }

        Info = Part(_recording.Info);
        if (Info.Length > BoundedReader.Frames(options.MaximumDuration, Info.SampleRate))
        {
            throw BoundedReader.IsTooLong(name, options.MaximumDuration);
        }

        if (options.Strict && Info.Warnings is [{ } first, ..])
        {
            throw NotFlawless(first);
        }
    }

    /// <summary>The file's name, or what the stream was called; for messages.</summary>
    public string Name { get; }

    /// <summary>What is known of the recording, or of the part of it that is read.</summary>
    public AudioInfo Info { get; }

    /// <summary>
    /// What is odd about it, in sentences for the user: <see cref="AudioInfo.Warnings"/> and what reading it has shown since, such as damage that a
    /// decoder met. Complete when a reader has come to its end.
    /// </summary>
    public IReadOnlyList<string> Warnings
    {
        get
        {
            lock (_lock)
            {
                return [.. Info.Warnings, .. _found];
            }
        }
    }

    /// <summary>Whether reading it has met damage, or another length than it says.</summary>
    internal bool IsDamaged
    {
        get
        {
            lock (_lock)
            {
                return _found.Count > 0;
            }
        }
    }

    /// <summary>Whether FFmpeg reads it.</summary>
    internal bool ByFFmpeg => _recording is FFmpegRecording;

    /// <summary>Opens a file: WAV, AIFF, CAF and W64 natively, everything else as <see cref="AudioInputOptions.Decoder"/> says. Pipes that have a name are spooled.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">Limits and tools.</param>
    /// <param name="cancellationToken">Stops the opening.</param>
    /// <exception cref="AudioException">The file is missing, empty, or no audio.</exception>
    /// <exception cref="ExternalToolException">The file is not WAV and FFmpeg is missing or too old.</exception>
    public static AudioSource Open(string path, AudioInputOptions? options = null, CancellationToken cancellationToken = default)
    {
        string name = Path.GetFileName(path);
        using (FileStream stream = InputFile.Open(path, cancellationToken))
        {
            // A pipe with a name, such as a shell's <(…), can be read only once, and not from the middle.
            if (!stream.CanSeek)
            {
                return Open(stream, name, options, cancellationToken);
            }
        }

        return new AudioSource(path, name, Checked(options), null, cancellationToken);
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
        IAudioReader reader = _recording.Open(Found, cancellationToken);
        if (_options.Start > TimeSpan.Zero || _options.Duration is not null)
        {
            reader = new RangeReader(reader, Name, StartFrame, PartFrames);
        }

        // What is known to be longer was refused when it was opened.
        return Info.Length is null ? new BoundedReader(reader, Name, _options.MaximumDuration) : reader;
    }

    /// <summary>
    /// A new reader in another form: channels first (one is duplicated, of many the first are taken unless
    /// <see cref="AudioInputOptions.Downmix"/> says otherwise), then the rate.
    /// </summary>
    /// <param name="sampleRate">The rate that is wanted.</param>
    /// <param name="channels">The channels that are wanted.</param>
    /// <param name="cancellationToken">Ends the reading, and the decoder behind it.</param>
    /// <exception cref="AudioException">The channels can't be converted, or the file can't be read any more.</exception>
    public IAudioReader OpenReader(int sampleRate, int channels, CancellationToken cancellationToken = default) =>
        Convert(OpenReader(cancellationToken), sampleRate, channels, _options.Downmix, Info.SpeakerMask);

    /// <summary>A reader over another one, in another form.</summary>
    /// <inheritdoc cref="OpenReader(int, int, CancellationToken)"/>
    internal static IAudioReader Convert(IAudioReader reader, int sampleRate, int channels, Downmix downmix, int? mask)
    {
        try
        {
            if (reader.Channels != channels)
            {
                reader = new ChannelReader(reader, channels, downmix, mask);
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

    /// <summary>Tags, cover and, of a broadcast WAV file, the place in time of what is read; read at the first call.</summary>
    /// <param name="cancellationToken">Stops the reading.</param>
    public AudioTags ReadTags(CancellationToken cancellationToken = default) => _tags ??= Placed(_recording.ReadTags(cancellationToken));

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

    /// <summary>How more channels than are wanted become fewer.</summary>
    internal Downmix Downmix => _options.Downmix;

    /// <summary>Whether it is decoded, which costs as much each time.</summary>
    internal bool IsDecoded => _recording.IsDecoded;

    /// <summary>
    /// The frames of what is read, counted where the header only gives an estimate, or is not to be trusted; null where only decoding would tell.
    /// </summary>
    /// <param name="cancellationToken">Stops the counting.</param>
    /// <exception cref="OptionException">The part that is wanted begins behind the end.</exception>
    internal long? CountFrames(CancellationToken cancellationToken)
    {
        if (Info.Length is long known)
        {
            return known;
        }

        return _recording.CountFrames(cancellationToken) is not long all ? null
            : all > StartFrame ? Cut(all)
            : throw RangeReader.StartsBehindTheEnd(Name, all, StartFrame, Info.SampleRate);
    }

    private long StartFrame => (long)Math.Round(_options.Start.TotalSeconds * _recording.Info.SampleRate);

    private long PartFrames => _options.Duration is { } duration ? (long)Math.Round(duration.TotalSeconds * _recording.Info.SampleRate) : long.MaxValue;

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

    private AudioTags Placed(AudioTags tags) =>
        tags.Broadcast is { } position ? tags with { Broadcast = position.At(position.SampleRate, _options.Start) } : tags;

    private IRecording Recognise(CancellationToken cancellationToken)
    {
        byte[] head = new byte[FileKind.HeadBytes];
        int got;
        string? unlike = null;
        using (FileStream stream = InputFile.Open(_path, cancellationToken))
        {
            got = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
            if (WavHeader.Looks(head.AsSpan(0, got)))
            {
                stream.Position = 0;
                if (WavHeader.Parse(stream, Name).Format is not null)
                {
                    return new WavRecording(_path, Name);
                }
            }
            else if (FileKind.IsText(head.AsSpan(0, got)))
            {
                throw new AudioException(
                    $"'{Name}' is a text file, whatever its name says: it begins with \"{FileKind.Excerpt(head.AsSpan(0, got))}\". Give an audio file.")
                { Failure = AudioFailure.NotAudio };
            }
        }

        if (_options.Decoder != AudioDecoder.FFmpeg)
        {
            if (PcmRecording.TryOpen(_path, Name, head.AsSpan(0, got)) is { } plain)
            {
                return plain;
            }

            bool isManaged = _options.Decoder == AudioDecoder.Managed || !FFmpegTool.IsThere(_options.FFmpegPath);
            if (isManaged && ManagedDecoders.TryOpen(_path, Name, head.AsSpan(0, got), out unlike, cancellationToken) is { } decoded)
            {
                return decoded;
            }
        }

        return new FFmpegRecording(_path, Name, unlike, _options, cancellationToken);
    }

    private AudioInfo Part(AudioInfo whole)
    {
        if (whole.Length is long all && StartFrame >= all)
        {
            throw RangeReader.StartsBehindTheEnd(Name, all, StartFrame, whole.SampleRate);
        }

        // An estimate is no reason to refuse a part: reading finds out.
        return whole with
        {
            Length = whole.Length is long exact ? Cut(exact) : null,
            EstimatedLength = whole.EstimatedLength is long estimate && estimate > StartFrame ? Cut(estimate) : null,
        };
    }

    private long Cut(long frames) => Math.Min(frames - StartFrame, PartFrames);

    private void Found(string warning)
    {
        lock (_lock)
        {
            // Each pass over a damaged file meets the same damage.
            if (!_found.Contains(warning))
            {
                _found.Add(warning);
            }
        }

        if (_options.Strict)
        {
            throw NotFlawless(warning);
        }
    }

    private AudioException NotFlawless(string warning) => new($"'{Name}' is not flawless, as was asked for. {warning}");

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
