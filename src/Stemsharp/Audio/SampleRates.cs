using System.Globalization;

namespace Stemsharp.Audio;

/// <summary>The sample rates that are read and written.</summary>
internal static class SampleRates
{
    private const int LowestRead = 100, LowestWritten = 1_000, HighestWritten = 768_000;

    /// <summary>One-bit recordings are decoded to such rates.</summary>
    private const int HighestRead = 3_072_000;

    /// <summary>The rates of files that are read, for a message.</summary>
    public static string Read { get; } = Between(LowestRead, HighestRead);

    /// <summary>The rates that are written, for a message.</summary>
    public static string Written { get; } = Between(LowestWritten, HighestWritten);

    /// <summary>Whether files of a rate are read; no recording has another one.</summary>
    public static bool IsRead(double rate) => rate is >= LowestRead and <= HighestRead;

    /// <summary>Whether a rate is written, and may be one of samples in memory.</summary>
    public static bool IsWritten(int rate) => rate is >= LowestWritten and <= HighestWritten;

    private static string Between(int lowest, int highest) => string.Create(CultureInfo.InvariantCulture, $"{lowest:N0} to {highest:N0} Hz");
}
