namespace Stemsharp.Web.Separation;

/// <summary>Programs that are used where they are there.</summary>
internal static class ExternalPrograms
{
    public static bool HasFFmpeg => Environment.GetEnvironmentVariable("STEMSHARP_FFMPEG") is { Length: > 0 } named
        ? File.Exists(named)
        : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Any(folder => File.Exists(Path.Combine(folder, OperatingSystem.IsWindows() ? "ffmpeg.exe" : "ffmpeg")));
}
