using System.Globalization;

namespace Stemsharp.Audio;

/// <summary>The warning about a file that holds more or less than it says.</summary>
internal static class Shortfall
{
    /// <summary>What to tell the user.</summary>
    /// <param name="said">Frames that the header promises.</param>
    /// <param name="decoded">Frames that there are.</param>
    /// <param name="sampleRate">Frames per second.</param>
    public static string Of(long said, long decoded, int sampleRate)
    {
        string Seconds(long frames) => ((double)frames / sampleRate).ToString("0.##", CultureInfo.InvariantCulture);
        return said > decoded
            ? $"The file is cut short or damaged: its header promises {Seconds(said)} s, {Seconds(decoded)} s could be decoded and are used."
            : $"The file is longer than its header says: {Seconds(said)} s; {Seconds(decoded)} s were decoded and are used.";
    }
}
