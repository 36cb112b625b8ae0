using Stemsharp.Audio;

namespace Stemsharp.Samples;

/// <summary>Adds up stems' files, each at a level of its own, block by block.</summary>
internal static class StemMix
{
    private const int Block = 1 << 15;

    /// <param name="stems">Files of equal rate, channels and length, with their levels in percent; 100 leaves a stem as it is, 0 leaves it out.</param>
    /// <param name="path">The file to make; its extension says the format.</param>
    public static void Write(IReadOnlyList<(string Path, int Percent)> stems, string path)
    {
        List<IAudioReader> readers = [];
        try
        {
            readers.AddRange(stems.Select(stem => AudioFiles.Open(stem.Path)));
            using IAudioWriter writer = AudioFiles.Create(path, readers[0].SampleRate, readers[0].Channels);
            float[] mix = new float[Block * writer.Channels], part = new float[mix.Length];
            int length;
            do
            {
                Array.Clear(mix);
                length = 0;
                for (int i = 0; i < readers.Count; i++)
                {
                    int read = writer.Channels * readers[i].Read(part);
                    for (int k = 0; k < read; k++)
                    {
                        mix[k] += stems[i].Percent / 100f * part[k];
                    }

                    length = Math.Max(length, read);
                }

                writer.Write(mix.AsSpan(0, length));
            }
            while (length > 0);
            writer.Complete();
        }
        finally
        {
            readers.ForEach(reader => reader.Dispose());
        }
    }
}
