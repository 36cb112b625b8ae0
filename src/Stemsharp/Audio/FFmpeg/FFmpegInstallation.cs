namespace Stemsharp.Audio;

/// <summary>How FFmpeg is installed on this system.</summary>
internal static class FFmpegInstallation
{
    private const string Release = "/etc/os-release";

    private static readonly string[] s_keys = ["ID=", "ID_LIKE="];

    private static readonly (string Id, string Command)[] s_commands =
    [
        ("debian", "sudo apt install ffmpeg"), ("ubuntu", "sudo apt install ffmpeg"), ("fedora", "sudo dnf install ffmpeg-free"),
        ("rhel", "sudo dnf install ffmpeg-free"), ("arch", "sudo pacman -S ffmpeg"), ("alpine", "sudo apk add ffmpeg"), ("suse", "sudo zypper install ffmpeg"),
        ("opensuse", "sudo zypper install ffmpeg"), ("void", "sudo xbps-install ffmpeg"), ("nixos", "nix-shell -p ffmpeg"),
    ];

    /// <summary>A command of the system at hand.</summary>
    public static string Command()
    {
        if (OperatingSystem.IsWindows() || OperatingSystem.IsMacOS())
        {
            return OperatingSystem.IsWindows() ? "winget install ffmpeg" : "brew install ffmpeg";
        }

        try
        {
            return Command(File.ReadAllLines(Release));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return Command([]);
        }
    }

    /// <summary>A command by what a Linux says of itself: its own name first, then those that it is like.</summary>
    internal static string Command(IReadOnlyList<string> release)
    {
        IEnumerable<string> names = s_keys
            .SelectMany(key => release.Where(line => line.StartsWith(key, StringComparison.Ordinal)).SelectMany(line => line[key.Length..].Trim('"').Split(' ')));
        return names.Select(name => Array.Find(s_commands, c => c.Id == name.Split('-')[0]).Command).FirstOrDefault(c => c is not null)
            ?? "with your package manager, for example apt install ffmpeg";
    }
}
