using System.Globalization;

namespace Stemsharp.Audio;

/// <summary>Foresees how much disk recordings need, so that a full disk is met before the work and not after it.</summary>
internal static class DiskSpace
{
    private const int HeaderBytes = 8192;

    /// <summary>Bytes of a finished file, rather too many than too few.</summary>
    /// <param name="seconds">Its length.</param>
    /// <param name="channels">Its channels.</param>
    /// <param name="encoding">Its format.</param>
    /// <param name="sampleRate">The rate that samples arrive with.</param>
    public static long FileBytes(double seconds, int channels, EncodingOptions encoding, int sampleRate)
    {
        double rate = encoding.SampleRate ?? sampleRate;
        // Noise does not compress: lossless formats stay below PCM plus their headers.
        double bytes = encoding.Format.IsLossless()
            ? seconds * rate * channels * encoding.SampleFormat.Bits() / 8
            : seconds * (encoding.BitrateKbps ?? FFmpegEncoder.For(encoding.Format).Bitrate) * 1000 / 8 * 1.1;
        return (long)bytes + (encoding.Tags?.Cover?.Data.Length ?? 0) + HeaderBytes;
    }

    /// <summary>Free bytes for this user; null where the system does not tell.</summary>
    public static long? Available(string folder)
    {
        try
        {
            string full = Path.GetFullPath(folder);
            return new DriveInfo(OperatingSystem.IsWindows() ? Path.GetPathRoot(full)! : full).AvailableFreeSpace;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Refuses when a folder's disk has less.</summary>
    /// <param name="folder">The folder; must exist.</param>
    /// <param name="bytes">What is needed.</param>
    /// <param name="purpose">For what, as in "for the stems".</param>
    /// <param name="shown">What messages call the folder; null for its path.</param>
    /// <exception cref="OutputException">There is too little space.</exception>
    public static void Require(string folder, long bytes, string purpose, string? shown = null)
    {
        if (Available(folder) is long available && available < bytes)
        {
            throw new OutputException(
                $"The disk of '{shown ?? folder}' has {Megabytes(available)} free, but {Megabytes(bytes)} are needed there {purpose}. " +
                "Free some space, choose another folder, or ask for fewer stems.", isDiskFull: true);
        }
    }

    private static string Megabytes(long bytes) => (bytes / 1e6).ToString("N1", CultureInfo.InvariantCulture) + " MB";
}
