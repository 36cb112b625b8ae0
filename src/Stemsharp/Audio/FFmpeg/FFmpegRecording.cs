using System.Globalization;

namespace Stemsharp.Audio;

/// <summary>A file that FFmpeg decodes.</summary>
internal sealed class FFmpegRecording : IRecording
{
    private const int MaximumAnswer = 256 << 20;

    private readonly FFmpegTool _tool;
    private readonly FFmpegProbe _probe;
    private readonly string _path, _name;
    private readonly AudioInputOptions _options;

    /// <param name="path">The file.</param>
    /// <param name="name">Its name, for messages.</param>
    /// <param name="options">Limits and tools.</param>
    /// <param name="cancellationToken">Ends the probe.</param>
    /// <exception cref="AudioException">The file is no audio that FFmpeg can read.</exception>
    /// <exception cref="ExternalToolException">FFmpeg is missing or too old.</exception>
    public FFmpegRecording(string path, string name, AudioInputOptions options, CancellationToken cancellationToken)
    {
        _path = path;
        _name = name;
        _options = options;
        _tool = FFmpegTool.Find(options.FFmpegPath, $"Reading '{name}'");
        _probe = FFmpegProbe.Run(_tool, path, name, options.Stream, options.StallLimit, cancellationToken);
    }

    public AudioInfo Info => _probe.Info;

    public bool IsDecoded => true;

    public IAudioReader Open(Action<string> found, CancellationToken cancellationToken) =>
        new FFmpegReader(_tool, _path, _name, Info, _probe.Stream, _options, (frames, atEnd, spoke) => Judge(frames, atEnd, spoke, found, cancellationToken), cancellationToken);

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

        return seconds > 0 ? (long)Math.Round(seconds * Info.SampleRate) : null;
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

    private string Seconds(long frames) => ((double)frames / Info.SampleRate).ToString("0.##", CultureInfo.InvariantCulture);
}
