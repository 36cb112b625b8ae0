using System.Diagnostics;
using System.Globalization;
using Stemsharp.Audio;

namespace Stemsharp.Bench;

/// <summary>
/// How fast is the resampler? Times real time for stereo, one thread, per ratio; the median of several runs over a
/// minute of audio. Before it measures, a sine has to come out where and as loud as it went in.
/// </summary>
internal static class ResamplingBenchmark
{
    private const int Seconds = 60, Runs = 5, Block = 4096;

    private static readonly (int From, int To)[] Ratios =
        [(48000, 44100), (44100, 48000), (96000, 44100), (44100, 96000), (8000, 44100), (192000, 44100), (44100, 44101)];

    /// <summary>Prints a row per ratio.</summary>
    public static void Run()
    {
        Console.WriteLine("    from       to   × real time   ns per output frame");
        foreach ((int from, int to) in Ratios)
        {
            Verify(from, to);
            double[] times = new double[Runs];
            long frames = 0;
            for (int run = -1; run < Runs; run++)
            {
                long start = Stopwatch.GetTimestamp();
                frames = Pass(from, to);
                if (run >= 0)
                {
                    times[run] = Stopwatch.GetElapsedTime(start).TotalSeconds;
                }
            }

            Array.Sort(times);
            double median = times[Runs / 2];
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{from,8} {to,8} {Seconds / median,13:f0} {median / frames * 1e9,21:f1}"));
        }
    }

    private static long Pass(int from, int to)
    {
        Resampler resampler = new(from, to, 2);
        float[] input = new float[2 * Block], output = new float[2 * Block];
        for (int i = 0; i < input.Length; i++)
        {
            input[i] = MathF.Sin(i * 0.1f);
        }

        long frames = 0;
        for (long left = (long)from * Seconds; left > 0;)
        {
            ReadOnlySpan<float> rest = input.AsSpan(0, 2 * (int)Math.Min(left, Block));
            left -= rest.Length / 2;
            while (!rest.IsEmpty)
            {
                frames += resampler.Process(rest, output, out int consumed);
                rest = rest[(2 * consumed)..];
            }
        }

        return frames;
    }

    private static void Verify(int from, int to)
    {
        float[] input = new float[from];
        for (int i = 0; i < from; i++)
        {
            input[i] = (float)Math.Sin(2 * Math.PI * 997 * i / from);
        }

        float[] output = new float[Resampler.OutputLength(from, from, to)];
        Resampler resampler = new(from, to, 1);
        int made = resampler.Process(input, output, out _);
        made += resampler.Finish(output.AsSpan(made));
        if (made != output.Length)
        {
            throw new InvalidOperationException($"{from} → {to} gives {made} frames, not {output.Length}.");
        }

        for (int i = to / 4; i < to * 3 / 4; i++)
        {
            double off = Math.Abs(output[i] - Math.Sin(2 * Math.PI * 997 * i / to));
            if (off > 2e-6)
            {
                throw new InvalidOperationException($"{from} → {to} is off by {off} at frame {i}.");
            }
        }
    }
}
