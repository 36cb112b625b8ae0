using System.Text;

namespace Stemsharp.Files;

/// <summary>Makes text that may come from anywhere (tags, file names of other systems) fit to be part of a file name.</summary>
internal static class SafeFileName
{
    private static readonly string[] s_reserved =
    [
        "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$",
        "COM0", "COM1", "COM2", "COM3", "COM4", "COM5", "COM6", "COM7", "COM8", "COM9", "COM¹", "COM²", "COM³",
        "LPT0", "LPT1", "LPT2", "LPT3", "LPT4", "LPT5", "LPT6", "LPT7", "LPT8", "LPT9", "LPT¹", "LPT²", "LPT³",
    ];

    /// <summary>A field's value: no separators, no control characters.</summary>
    public static string Value(string field, string? value)
    {
        // A track's name is already legal on this system, and scripts look for it unchanged;
        // tags hold anything, so they lose what any system forbids.
        bool fromFileSystem = field is "track" or "trackext" or "folder";
        string safe = Replace(value ?? "", strict: !fromFileSystem || OperatingSystem.IsWindows());
        return string.IsNullOrWhiteSpace(safe) ? (field == "trackext" ? "" : "unknown") : safe;
    }

    /// <summary>Text from the pattern itself.</summary>
    public static string Literal(string text) => Replace(text, strict: OperatingSystem.IsWindows());

    /// <summary>A whole name: not "." or "..", no trailing dot or space, not a device of Windows.</summary>
    public static string Whole(string name)
    {
        int kept = name.TrimEnd('.', ' ').Length;
        if (kept < name.Length)
        {
            name = name[..kept] + new string('_', name.Length - kept);
        }

        string device = name.Split('.', 2)[0].TrimEnd(' ');
        if (s_reserved.Contains(device, StringComparer.OrdinalIgnoreCase))
        {
            name = device + "_" + name[device.Length..];
        }
        // The batch keeps its records in a folder of that name.
        return name.StartsWith(".stemsharp", StringComparison.OrdinalIgnoreCase) ? "_" + name : name;
    }

    private static string Replace(string text, bool strict)
    {
        StringBuilder safe = new(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            bool bad = rune.Value is '/' or '\\' or 0xFFFD
                || Rune.IsControl(rune)
                // Bidirectional overrides make a name read as another one.
                || rune.Value is (>= 0x202A and <= 0x202E) or (>= 0x2066 and <= 0x2069)
                || (strict && rune.Value is '<' or '>' or ':' or '"' or '|' or '?' or '*');
            if (bad)
            {
                safe.Append('_');
            }
            else
            {
                safe.Append(rune.ToString());
            }
        }

        return safe.ToString();
    }
}
