using System.Text.RegularExpressions;

namespace Stemsharp.Checkpoints;

/// <summary>
/// The names that checkpoints are published under: <c>signature-checksum.th</c>, the checksum being the first
/// hex digits (eight, mostly) of the file's SHA-256. A name without a checksum is a signature alone.
/// </summary>
internal static partial class FileNames
{
    public static (string Signature, string? Checksum) Parse(string fileName)
    {
        string stem = Path.GetFileNameWithoutExtension(fileName);
        // A converted .safetensors keeps the .th's name, and with it a checksum that is not its own.
        Match match = Path.GetExtension(fileName) == ".th" ? Named().Match(stem) : Match.Empty;
        return match.Success ? (match.Groups[1].Value, match.Groups[2].Value) : (stem, null);
    }

    [GeneratedRegex("^(.+)-([0-9a-f]{8,64})$")]
    private static partial Regex Named();
}
