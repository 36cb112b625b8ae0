using System.Buffers.Binary;

namespace Stemsharp.Web.Tests;

/// <summary>A short song at 120 BPM in 4/4 and C major: a drum on every beat, a stronger one on the first of a bar, and chords C, F, G, C.</summary>
internal static class BeatSong
{
    public const double Bpm = 120;
    public const int SampleRate = 44_100;
    private static readonly int[][] s_chords = [[0, 4, 7], [5, 9, 12], [7, 11, 14], [0, 4, 7]];

    /// <summary>A 16-bit WAV file.</summary>
    public static byte[] Wav(int seconds = 24)
    {
        int frames = seconds * SampleRate, beat = (int)(60 / Bpm * SampleRate);
        byte[] wav = TestServer.Song(seconds);
        Random random = new(3);
        for (int i = 0; i < frames; i++)
        {
            int number = i / beat, bar = number / 4;
            double since = (double)(i % beat) / SampleRate, sinceBar = (double)(i % (4 * beat)) / SampleRate;
            double value = (number % 4 == 0 ? 0.5 : 0.3) * Math.Exp(-30 * since) * (Math.Sin(2 * Math.PI * 55 * since) + 0.4 * (random.NextDouble() - 0.5));
            foreach (int note in s_chords[bar % 4])
            {
                value += 0.08 * Math.Min(1, sinceBar / 0.01) * Math.Exp(-sinceBar) * Math.Sin(2 * Math.PI * 261.63 * Math.Pow(2, note / 12.0) * sinceBar);
            }

            BinaryPrimitives.WriteInt16LittleEndian(wav.AsSpan(44 + 4 * i), (short)(value * 32_000));
            BinaryPrimitives.WriteInt16LittleEndian(wav.AsSpan(46 + 4 * i), (short)(value * 32_000));
        }

        return wav;
    }
}
