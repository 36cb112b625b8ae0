using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Stemsharp.Audio;

/// <summary>The FFmpeg that was found: its programs, version and encoders.</summary>
internal sealed partial class FFmpegTool
{
    /// <summary>The environment variable that names the program.</summary>
    public const string EnvironmentVariable = "STEMSHARP_FFMPEG";

    private const int OldestMajor = 4;

    /// <summary>More than any encoder's frame.</summary>
    private const int ProbeFrames = 4096;

    private static readonly TimeSpan AnswerLimit = TimeSpan.FromMinutes(1);
    private static readonly ConcurrentDictionary<string, FFmpegTool> Found = new();
    private readonly Lazy<HashSet<string>> _encoders;
    private readonly ConcurrentDictionary<string, string> _refusals = new();

    private FFmpegTool(string path, string probePath, string version, int major)
    {
        Major = major;
        Path = path;
        ProbePath = probePath;
        Version = version;
        _encoders = new Lazy<HashSet<string>>(ReadEncoders);
    }

    /// <summary>The ffmpeg program.</summary>
    public string Path { get; }

    /// <summary>The ffprobe program.</summary>
    public string ProbePath { get; }

    /// <summary>The version as the program says it, such as <c>5.1.9-0+deb12u1</c>.</summary>
    public string Version { get; }

    /// <summary>The version's first number; the highest there is for builds from the repository, which have none.</summary>
    public int Major { get; }

    /// <summary>Whether there is a program where one would be looked for.</summary>
    /// <param name="option">A path that the user gave.</param>
    public static bool IsThere(string? option)
    {
        try
        {
            Locate(option, Environment.GetEnvironmentVariable(EnvironmentVariable), Environment.GetEnvironmentVariable("PATH"), "");
            return true;
        }
        catch (ExternalToolException) when (string.IsNullOrEmpty(option) && string.IsNullOrEmpty(Environment.GetEnvironmentVariable(EnvironmentVariable)))
        {
            return false;
        }
    }

    /// <summary>Finds FFmpeg and checks its version.</summary>
    /// <param name="option">A path that the user gave; it alone is tried then.</param>
    /// <param name="purpose">What it is needed for, to begin the message with: <c>Reading 'song.mp3'</c>.</param>
    /// <exception cref="ExternalToolException">It is missing, does not run, or is too old.</exception>
    public static FFmpegTool Find(string? option, string purpose)
    {
        string path = Locate(option, Environment.GetEnvironmentVariable(EnvironmentVariable), Environment.GetEnvironmentVariable("PATH"), purpose);
        return Found.GetOrAdd(path, found => Check(found, purpose));
    }

    /// <summary>Makes sure that an encoder is compiled in.</summary>
    /// <param name="encoder">FFmpeg's name of it.</param>
    /// <param name="purpose">What it is needed for.</param>
    /// <exception cref="ExternalToolException">It is not.</exception>
    public void RequireEncoder(string encoder, string purpose)
    {
        if (!_encoders.Value.Contains(encoder))
        {
            throw new ExternalToolException(
                $"{purpose} needs the encoder {encoder}, which this FFmpeg ({Path}, version {Version}) lacks. "
                + "Install a complete FFmpeg, or choose another format; WAV needs no FFmpeg.");
        }
    }

    /// <summary>Why an encoder does not take what it is told, or would take something else; null where it does. Asked once.</summary>
    /// <param name="output">FFmpeg's arguments for encoder and muxer.</param>
    /// <param name="rate">Frames per second.</param>
    /// <param name="channels">Samples in a frame.</param>
    public string? WhyRefused(IEnumerable<string> output, int rate, int channels)
    {
        string[] arguments =
        [
            "-nostdin", "-hide_banner", "-nostats", "-loglevel", "warning", "-f", "f32le", "-ar", rate.ToString(CultureInfo.InvariantCulture),
            "-ac", channels.ToString(CultureInfo.InvariantCulture), "-i", "pipe:0", .. output, "-f", "null", "pipe:1",
        ];
        string reason = _refusals.GetOrAdd(string.Join(' ', arguments), _ =>
        {
            using FFmpegProcess process = new(Path, arguments, AnswerLimit, CancellationToken.None);
            try
            {
                process.Write(new byte[sizeof(float) * channels * ProbeFrames]);
            }
            catch (IOException)
            {
                // It has ended already, and says why.
            }

            int code = process.Finish(out string? fault);
            return code != 0 || fault is not null || process.Message.Contains("clamp", StringComparison.OrdinalIgnoreCase) ? fault ?? process.Message : "";
        });
        return reason.Length > 0 ? reason : null;
    }

    /// <summary>The program's path: as given, else as the environment variable says, else on the search path.</summary>
    internal static string Locate(string? option, string? variable, string? searchPath, string purpose)
    {
        string program = OperatingSystem.IsWindows() ? "ffmpeg.exe" : "ffmpeg";
        (string? given, string from) = !string.IsNullOrEmpty(option) ? (option, "as given") : (variable, $"as the environment variable {EnvironmentVariable} says");
        if (!string.IsNullOrEmpty(given))
        {
            string path = System.IO.Path.GetFullPath(Directory.Exists(given) ? System.IO.Path.Combine(given, program) : given);
            return File.Exists(path)
                ? path
                : throw new ExternalToolException($"{purpose} needs FFmpeg, and '{given}', {from}, does not exist. Give the path of the ffmpeg program.");
        }

        // Only the search path's absolute folders: a program in the current folder is not what the user chose.
        foreach (string folder in (searchPath ?? "").Split(System.IO.Path.PathSeparator))
        {
            if (!System.IO.Path.IsPathRooted(folder))
            {
                continue;
            }

            string path = System.IO.Path.Combine(folder, program);
            if (File.Exists(path))
            {
                return path;
            }
        }

        throw new ExternalToolException(
            $"{purpose} needs FFmpeg, which was not found. Install it ({FFmpegInstallation.Command()}) or set {EnvironmentVariable} to its path. "
            + $"Without it {ManagedDecoders.Kinds} are read, and WAV and FLAC are written.");
    }

    private static FFmpegTool Check(string path, string purpose)
    {
        string answer = FFmpegProcess.Ask(path, ["-hide_banner", "-version"], AnswerLimit, $"{purpose} needs FFmpeg, and '{path}'");
        Match match = VersionLine().Match(answer);
        if (!match.Success)
        {
            throw new ExternalToolException($"{purpose} needs FFmpeg, and '{path}' does not answer as FFmpeg does. Give the path of the ffmpeg program.");
        }

        string version = match.Groups[1].Value;
        // Builds from the repository have no number but a revision; they are newer than what is asked for.
        Match number = Number().Match(version);
        int major = number.Success && int.TryParse(number.Groups[1].Value, out int first) ? first : int.MaxValue;
        if (major < OldestMajor)
        {
            throw new ExternalToolException($"{purpose} needs FFmpeg {OldestMajor}.0 or newer; '{path}' is version {version}. Install a newer one.");
        }

        string probe = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(path)!, OperatingSystem.IsWindows() ? "ffprobe.exe" : "ffprobe");
        if (!File.Exists(probe))
        {
            throw new ExternalToolException($"{purpose} needs ffprobe, which belongs to FFmpeg but is not beside '{path}'. Install a complete FFmpeg.");
        }

        return new FFmpegTool(path, probe, version, major);
    }

    private HashSet<string> ReadEncoders()
    {
        string list = FFmpegProcess.Ask(Path, ["-hide_banner", "-encoders"], AnswerLimit, $"FFmpeg '{Path}'");
        return [.. list.Split('\n').Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(words => words.Length > 1).Select(words => words[1])];
    }

    [GeneratedRegex(@"^ffmpeg version (\S+)")]
    private static partial Regex VersionLine();

    [GeneratedRegex(@"^n?(\d+)\.")]
    private static partial Regex Number();
}
