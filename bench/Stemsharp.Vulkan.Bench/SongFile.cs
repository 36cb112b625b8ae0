using Stemsharp.Audio;

namespace Stemsharp.Vulkan.Bench;

/// <summary>A WAV file of noise and tones, for timing the whole command.</summary>
internal static class SongFile
{
    public static void Write(string path, int seconds)
    {
        const int Rate = 44_100;
        using IAudioWriter writer = AudioFiles.Create(path, Rate, 2, new EncodingOptions { SampleFormat = SampleFormat.Int16 }, default);
        Random random = new(1);
        float[] block = new float[2 * Rate];
        for (int second = 0; second < seconds; second++)
        {
            for (int i = 0; i < block.Length; i++)
            {
                block[i] = (float)(0.2 * Math.Sin(0.03 * (1 + second % 7) * (i / 2)) + 0.2 * (random.NextDouble() - 0.5));
            }

            writer.Write(block);
        }

        writer.Complete();
    }
}
