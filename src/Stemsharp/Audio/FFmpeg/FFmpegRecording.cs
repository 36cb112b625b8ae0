using System.Globalization;

namespace Stemsharp.Audio;

/// <summary>A file that FFmpeg decodes.</summary>
internal sealed class FFmpegRecording : IRecording
{
    private const int MaximumAnswer = 256 << 20;

    /// <summary>Seconds of an offset that is worth a word: what is less, lips do not show.</summary>
    private const double NotedOffset = 0.02;

    private readonly FFmpegTool _tool;
    private readonly FFmpegProbe _probe;
    private readonly string _path, _name;
    private readonly AudioInputOptions _options;
    private readonly long _offset;

    /// <param name="path">The file.</param>
    /// <param name="name">Its name, for messages.</param>
    /// <param name="kind">What kind of file it is, where a file of a kind that is decoded inside needs FFmpeg nevertheless: "an MP3 file at 8 kHz".</param>
    /// <param name="options">Limits and tools.</param>
    /// <param name="cancellationToken">Ends the probe.</param>
    /// <exception cref="AudioException">The file is no audio that FFmpeg can read.</exception>
    /// <exception cref="ExternalToolException">FFmpeg is missing or too old.</exception>
    public FFmpegRecording(string path, string name, string? kind, AudioInputOptions options, CancellationToken cancellationToken)
    {
        _path = path;
        _name = name;
        _options = options;
        _tool = FFmpegTool.Find(options.FFmpegPath, kind is null ? $"Reading '{name}'" : $"Reading '{name}', {kind},");
        _probe = FFmpegProbe.Run(_tool, path, name, options.Stream, options.StallLimit, cancellationToken);
        // A time that no recording has is a broken file's.
        long offset = Math.Abs(_probe.Offset) <= options.MaximumDuration.TotalSeconds ? (long)Math.Round(_probe.Offset * _probe.Info.SampleRate) : 0;
        _offset = options.KeepOffset ? offset : 0;
        bool isNoted = !options.KeepOffset && Math.Abs(_probe.Offset) >= NotedOffset && offset != 0;
        Info = _probe.Info with
        {
            EstimatedLength = _probe.Info.EstimatedLength is long frames ? Math.Max(frames + _offset, 0) : null,
            Notes = isNoted
                ? [.. _probe.Info.Notes, $"The sound begins {Seconds(Math.Abs(offset))} s {(offset > 0 ? "after" : "before")} the picture; what is read begins with the sound, unless that offset is kept."]
                : _probe.Info.Notes,
        };
    }

    public AudioInfo Info { get; }

    public bool IsDecoded => true;

    public IAudioReader Open(Action<string> found, CancellationToken cancellationToken)
    {
        FFmpegReader reader = new(_tool, _path, _name, Info, _probe.Stream, _options, (frames, atEnd, spoke) => Judge(frames, atEnd, spoke, found, cancellationToken), cancellationToken);
        return _offset == 0 ? reader : new OffsetReader(reader, _offset);
    }

    /// <summary>Adds up the packets' durations: what a header says of the whole may be a guess, or wrong.</summary>
    public long? CountFrames(CancellationToken cancellationToken)
    {
        string[] arguments =
        [
            "-hide_banner", "-loglevel", "quiet", "-select_streams", _probe.Stream.ToString(CultureInfo.InvariantCulture), "-show_entries", "packet=duration_time", "-print_format", "csv=print_section=0",
            .. FFmpegInput.Untrusted(_path),
        ];
        using FFmpegProcess process = new(_tool.ProbePath, arguments, _options.StallLimit, cancellationToken);
        using StringReader lines = new(System.Text.Encoding.ASCII.GetString(process.ReadAll(MaximumAnswer)));
        process.Finish(out _);
        double seconds = 0;
        while (lines.ReadLine() is { } line)
        {
            if (!double.TryParse(line.TrimEnd(','), NumberStyles.Float, CultureInfo.InvariantCulture, out double packet))
            {
                return null;
            }

            seconds += packet;
        }

        return seconds > 0 ? Math.Max((long)Math.Round(seconds * Info.SampleRate) + _offset, 0) : null;
    }

    public AudioTags ReadTags(CancellationToken cancellationToken) =>
        new() { Values = _probe.Tags, Cover = _probe.ReadCover(_tool, _path, _options.StallLimit, cancellationToken) };

    /// <summary>Says what was wrong with what was read.</summary>
    private void Judge(long frames, bool atEnd, bool spoke, Action<string> found, CancellationToken cancellationToken)
    {
        long? said = atEnd ? _probe.StatedLength : null;
        // Encoders' delay and padding are counted by some headers and not by others.
        bool differs = said is long stated && Math.Abs(stated - frames) > Info.SampleRate / 4;
        FFmpegDamage? damage = spoke ? FFmpegDamage.Find(_tool, _path, _probe.Stream, atEnd ? long.MaxValue : frames, _options.StallLimit, cancellationToken) : null;
        if (damage is not null)
        {
            found($"The file is damaged{(damage.Frame is long place ? $" at {Seconds(place)} s" : "")}: FFmpeg says \"{damage.Message}\". What could not be decoded is missing, and what follows it comes earlier by that much.");
        }

        if (differs)
        {
            found(Shortfall.Of(said!.Value, frames, Info.SampleRate));
        }
    }

    private string Seconds(long frames) => ((double)frames / _probe.Info.SampleRate).ToString("0.##", CultureInfo.InvariantCulture);
}
