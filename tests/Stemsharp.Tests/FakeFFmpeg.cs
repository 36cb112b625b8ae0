using System.Runtime.Versioning;

namespace Stemsharp.Tests;

/// <summary>
/// Programs that stand in for ffmpeg and ffprobe: they say a version and the encoders that ours are, and otherwise do what a test writes in
/// shell, where <c>$out</c> is the file to write. So what happens around FFmpeg is tested where there is none; that a real one
/// takes our arguments is the matter of tests with a <see cref="ToolFactAttribute"/>.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal static class FakeFFmpeg
{
    /// <summary>An encoder that keeps what it gets through a pipe.</summary>
    public const string Encodes = """case "$*" in *pipe:0*pipe:1) cat > /dev/null ;; *pipe:0*) cat > "$out" ;; *) : > "$out" ;; esac""";

    /// <summary>What ffprobe says of a file with one stream of sound.</summary>
    /// <param name="rate">Frames per second.</param>
    /// <param name="channels">Samples in a frame.</param>
    /// <param name="seconds">What the header says of the length; null for nothing.</param>
    public static string Probes(int rate, int channels, string? seconds = null) => Says(
        $"{{\"streams\":[{{\"index\":0,\"codec_type\":\"audio\",\"codec_name\":\"mp3\",\"sample_rate\":\"{rate}\",\"channels\":{channels}{(seconds is null ? "" : $",\"duration\":\"{seconds}\"")}}}],\"format\":{{\"format_name\":\"mp3\"}}}}");

    /// <summary>A program's line that writes a text.</summary>
    public static string Says(string text) => $"printf '%s\\n' '{text}'";

    /// <summary>Makes both programs.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="ffmpeg">What ffmpeg does.</param>
    /// <param name="ffprobe">What ffprobe does.</param>
    /// <param name="encoders">What there is to encode with.</param>
    /// <returns>The path of ffmpeg.</returns>
    public static string Make(string folder, string ffmpeg, string ffprobe = "exit 1", string encoders = "flac libmp3lame aac alac libopus libvorbis")
    {
        Write(Path.Combine(folder, "ffprobe"), ffprobe);
        return Write(Path.Combine(folder, "ffmpeg"), $"""
            for out; do :; done
            out="${"{out#file:}"}"
            case " $*" in
                *" -version"*) echo 'ffmpeg version 6.1 x'; exit ;;
                *" -encoders"*) for name in {encoders}; do echo " A..... $name x"; done; exit ;;
            esac
            {ffmpeg}
            """);
    }

    /// <summary>Makes a program of some lines of shell.</summary>
    /// <returns>Its path.</returns>
    public static string Write(string path, string lines)
    {
        File.WriteAllText(path, $"#!/bin/sh\n{lines}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }
}
