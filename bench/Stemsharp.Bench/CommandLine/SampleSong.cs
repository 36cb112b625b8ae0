using Stemsharp.Audio;

namespace Stemsharp.Bench.CommandLine;

/// <summary>Recordings of any length, made of the sample song.</summary>
internal static class SampleSong
{
    /// <summary>Writes the song again and again until so much is there; the extension says the format.</summary>
    public static void Write(string path, double seconds)
    {
        AudioFormats.TryFromPath(path, out AudioFormat format);
        using IAudioWriter writer = AudioFiles.Create(path, 44_100, 2, new EncodingOptions { Format = format });
        float[] block = new float[1 << 16];
        long left = (long)(seconds * 44_100);
        while (left > 0)
        {
            using IAudioReader reader = AudioFiles.Open(Sample());
            for (int read; left > 0 && (read = reader.Read(block.AsSpan(0, (int)Math.Min(block.Length, 2 * left)))) > 0; left -= read)
            {
                writer.Write(block.AsSpan(0, 2 * read));
            }
        }

        writer.Complete();
    }

    private static string Sample()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string sample = Path.Combine(folder.FullName, "samples", "song", "mix.wav");
            if (File.Exists(sample))
            {
                return sample;
            }
        }

        throw new FileNotFoundException("Run this from the repository's own build output: samples/song/mix.wav was not found.");
    }
}
