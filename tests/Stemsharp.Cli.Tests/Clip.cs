using System.Buffers.Binary;
using Stemsharp.Audio;
using Stemsharp.Tests;

namespace Stemsharp.Cli.Tests;

/// <summary>Short recordings for tests, and their samples.</summary>
internal static class Clip
{
    /// <summary>The first part of the sample song, or of one of its stems, as a 16-bit WAV.</summary>
    internal static string Song(string path, double seconds = 1, string file = "mix.wav")
    {
        byte[] song = File.ReadAllBytes(RepositoryFiles.Sample("song", file));
        const int header = 44;
        int data = (int)(seconds * 44100) * 4;
        byte[] clip = song[..(header + data)];
        BinaryPrimitives.WriteInt32LittleEndian(clip.AsSpan(4), clip.Length - 8);
        BinaryPrimitives.WriteInt32LittleEndian(clip.AsSpan(40), data);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, clip);
        return path;
    }

    /// <summary>All samples of a WAV, as stored integers of 16 bits.</summary>
    internal static int[] Integers(string path) => [.. Floats(path).Select(f => (int)Math.Round(f * 32768.0))];

    /// <summary>All samples of a recording, channels interleaved.</summary>
    internal static float[] Floats(string path)
    {
        using IAudioReader reader = AudioFiles.Open(path);
        List<float> samples = [];
        float[] block = new float[4096 * reader.Channels];
        for (int read; (read = reader.Read(block)) > 0;)
        {
            samples.AddRange(block.AsSpan(0, read * reader.Channels));
        }

        return [.. samples];
    }
}
