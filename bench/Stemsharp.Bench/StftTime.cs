using System.Diagnostics;
using Stemsharp.Signal;

namespace Stemsharp.Bench;

/// <summary>What do a segment's transforms cost on one thread? (2 channels there, 8 planes back, official sizes.)</summary>
internal static unsafe class StftTime
{
    public static void Print()
    {
        using SegmentStft stft = new(4096, 343_980);
        float[] wave = new float[8 * 343_980];
        float[] spec = new float[8L * 2 * stft.Bins * stft.Frames];
        float[] seam = new float[stft.SeamLength];
        for (int i = 0; i < wave.Length; i++)
        {
            wave[i] = MathF.Sin(i * 0.01f);
        }

        fixed (float* w = wave, s = spec, e = seam)
        {
            for (int round = 0; round < 4; round++)
            {
                long start = Stopwatch.GetTimestamp();
                for (int c = 0; c < 2; c++)
                {
                    for (int k = 0; k < stft.Chunks; k++)
                    {
                        stft.Forward(w + c * 343_980, k, s + (long)c * 2 * stft.Bins * stft.Frames);
                    }
                }

                double forward = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
                start = Stopwatch.GetTimestamp();
                for (int c = 0; c < 8; c++)
                {
                    for (int k = 0; k < stft.Chunks; k++)
                    {
                        stft.Inverse(s + (long)c * 2 * stft.Bins * stft.Frames, k, w + c * 343_980, e);
                        if (k < stft.Chunks - 1)
                        {
                            stft.AddSeam(e, k, w + c * 343_980);
                        }
                    }
                }

                Console.WriteLine($"forward {forward:F1} ms, inverse {Stopwatch.GetElapsedTime(start).TotalMilliseconds:F1} ms");
            }
        }
    }
}
