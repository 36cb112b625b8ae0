using Stemsharp.Audio;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Progress;

namespace Stemsharp.Cli.Output;

/// <summary>Foresees how much disk a track needs, so that a full disk is met before the work and not after it.</summary>
internal static class DiskSpace
{
    /// <summary>The most bytes in use at once while a track is written.</summary>
    internal static long Needed(int lanes, SeparationInfo info, EncodingOptions encoding, bool spools)
    {
        long floats = info.Length * info.Channels * sizeof(float);
        return lanes * ((spools ? floats : 0) + FileBytes(info.Duration.TotalSeconds, info.Channels, encoding, info.SampleRate));
    }

    /// <summary>Bytes of one finished file, rather too many than too few.</summary>
    internal static long FileBytes(double seconds, int channels, EncodingOptions encoding, int sampleRate)
    {
        double rate = encoding.SampleRate ?? sampleRate;
        double pcm = seconds * rate * channels * encoding.SampleFormat.Bits() / 8;
        double kbps = encoding.BitrateKbps ?? encoding.Format switch
        {
            AudioFormat.Mp3 => 320,
            AudioFormat.Opus => 192,
            _ => 256,
        };
        double bytes = encoding.Format switch
        {
            AudioFormat.Wav => pcm,
            // Noise does not compress: FLAC stays below PCM plus its headers.
            AudioFormat.Flac => pcm,
            _ => seconds * kbps * 1000 / 8 * 1.1,
        };
        long cover = encoding.Tags?.Cover?.Data.Length ?? 0;
        return (long)bytes + cover + 8192;
    }

    /// <summary>Refuses when a folder's disk has less.</summary>
    /// <exception cref="OutputException">There is too little space.</exception>
    internal static void Require(string folder, long bytes)
    {
        if (Available(folder) is { } available && available < bytes)
        {
            throw new OutputException(
                $"The disk of {folder} has {Words.Bytes(available)} left, and this track needs {Words.Bytes(bytes)} there. " +
                "Free some space, choose another folder with --out, or fewer stems with --stems.", isDiskFull: true);
        }
    }

    internal static long? Available(string folder)
    {
        try
        {
            return new DriveInfo(Path.GetFullPath(folder)).AvailableFreeSpace;
        }
        catch (Exception exception) when (exception is IOException or ArgumentException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
