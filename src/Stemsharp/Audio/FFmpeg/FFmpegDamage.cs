using System.Globalization;
using System.Text.RegularExpressions;

namespace Stemsharp.Audio;

/// <summary>Where a file is damaged, as FFmpeg sees it.</summary>
/// <param name="Frame">Frames that were decoded before the first error; null where that could not be found out.</param>
/// <param name="Message">What FFmpeg said first, in one line.</param>
internal sealed partial record FFmpegDamage(long? Frame, string Message)
{
    private const int MostMessages = 3;

    /// <summary>
    /// Decodes a file once more, with each frame counted between the messages: a decoder that is read through a pipe says its errors
    /// seconds ahead of the samples.
    /// </summary>
    /// <param name="tool">FFmpeg.</param>
    /// <param name="path">The file.</param>
    /// <param name="stream">The sound's stream.</param>
    /// <param name="frames">Errors behind this many frames do not matter.</param>
    /// <param name="limit">How long it may take; beyond it the place stays unknown.</param>
    /// <param name="cancellation">Ends the decoder.</param>
    /// <returns>Null where there is no error among these frames.</returns>
    public static FFmpegDamage? Find(FFmpegTool tool, string path, int stream, long frames, TimeSpan limit, CancellationToken cancellation)
    {
        Scan scan = new(frames);
        string[] arguments =
        [
            "-nostdin", "-hide_banner", "-nostats", "-loglevel", "level+info", .. FFmpegInput.MemoryLimit, "-vn", "-sn", "-dn", .. FFmpegInput.Untrusted(path),
            "-map", string.Create(CultureInfo.InvariantCulture, $"0:{stream}"), "-af", "ashowinfo", "-f", "null", "-",
        ];
        using FFmpegProcess process = new(tool.Path, arguments, limit, cancellation) { Listener = scan.Hear };
        process.Finish(out string? fault);
        return scan.Result(path, isComplete: fault is null);
    }

    [GeneratedRegex(@" nb_samples:(\d+)")]
    private static partial Regex FrameSamples();

    [GeneratedRegex(@"^(\[[^\]]* @ [^\]]*\] )?\[(error|fatal|panic)\] (.*)$")]
    private static partial Regex ErrorLine();

    private sealed class Scan(long frames)
    {
        private readonly List<string> _messages = [];
        private long _decoded;
        private long? _place;

        public void Hear(string line)
        {
            lock (_messages)
            {
                if (line.StartsWith("[Parsed_ashowinfo", StringComparison.Ordinal))
                {
                    Match samples = FrameSamples().Match(line);
                    _decoded += samples.Success ? long.Parse(samples.Groups[1].Value, CultureInfo.InvariantCulture) : 0;
                }
                else if (_decoded < frames && _messages.Count < MostMessages && ErrorLine().Match(line) is { Success: true } error)
                {
                    _place ??= _decoded;
                    if (!_messages.Contains(error.Groups[3].Value))
                    {
                        _messages.Add(error.Groups[3].Value);
                    }
                }
            }
        }

        public FFmpegDamage? Result(string path, bool isComplete)
        {
            lock (_messages)
            {
                return _messages.Count > 0
                    ? new FFmpegDamage(_place, FFmpegProbe.Readable(string.Join("; ", _messages), path))
                    : isComplete ? null : new FFmpegDamage(null, "it reported errors");
            }
        }
    }
}
