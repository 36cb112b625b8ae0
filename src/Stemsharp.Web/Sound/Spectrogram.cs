using System.Numerics;

namespace Stemsharp.Web.Sound;

/// <summary>
/// A picture of a stem's spectrum over time: one transform for each column of the picture, at the middle of the
/// stretch that the column stands for, so that the cost depends on the picture's size and not on the song's length.
/// </summary>
internal static class Spectrogram
{
    private const int Size = 2048;
    private const double LowestHertz = 30;
    private const double Floor = -90;

    /// <summary>[columns, bins] bytes; the bins lie evenly on a logarithmic scale from 30 Hz to half the sample rate.</summary>
    /// <param name="file">The stem.</param>
    /// <param name="from">The first frame that is shown.</param>
    /// <param name="to">The frame behind the last one.</param>
    /// <param name="columns">Columns of the picture.</param>
    /// <param name="bins">Rows of the picture.</param>
    /// <param name="cancellationToken">Stops.</param>
    public static byte[] Compute(PcmFile file, long from, long to, int columns, int bins, CancellationToken cancellationToken)
    {
        byte[] picture = new byte[columns * bins];
        float[] frames = new float[Size * file.Channels];
        double[] window = [.. Enumerable.Range(0, Size).Select(i => 0.5 - 0.5 * Math.Cos(2 * Math.PI * i / Size))];
        double scale = 2 / window.Sum();
        int[] edges = Edges(file.SampleRate, bins);
        Complex[] spectrum = new Complex[Size], roots = Roots();
        for (int column = 0; column < columns; column++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            long centre = from + (long)((column + 0.5) / columns * (to - from));
            long first = Math.Clamp(centre - Size / 2, 0, Math.Max(0, file.Frames - Size));
            int read = file.Read(first, frames);
            for (int i = 0; i < Size; i++)
            {
                double sum = 0;
                for (int c = 0; c < file.Channels && i < read; c++)
                {
                    sum += frames[i * file.Channels + c];
                }

                spectrum[i] = sum / file.Channels * window[i];
            }
            Transform(spectrum, roots);
            for (int bin = 0; bin < bins; bin++)
            {
                double largest = 0;
                for (int k = edges[bin]; k < Math.Max(edges[bin] + 1, edges[bin + 1]); k++)
                {
                    largest = Math.Max(largest, spectrum[k].Magnitude);
                }

                double decibels = 20 * Math.Log10(Math.Max(largest * scale, 1e-9));
                picture[column * bins + bin] = (byte)Math.Clamp((decibels - Floor) / -Floor * 255, 0, 255);
            }
        }
        return picture;
    }

    private static int[] Edges(int sampleRate, int bins)
    {
        double highest = sampleRate / 2.0, ratio = highest / LowestHertz;
        return [.. Enumerable.Range(0, bins + 1).Select(i =>
            Math.Clamp((int)(LowestHertz * Math.Pow(ratio, (double)i / bins) * Size / sampleRate), 1, Size / 2 - 1))];
    }

    private static Complex[] Roots() =>
        [.. Enumerable.Range(0, Size / 2).Select(i => Complex.FromPolarCoordinates(1, -2 * Math.PI * i / Size))];

    /// <summary>The radix-2 transform, in place.</summary>
    private static void Transform(Complex[] values, Complex[] roots)
    {
        for (int i = 1, j = 0; i < Size; i++)
        {
            int bit = Size >> 1;
            for (; (j & bit) != 0; bit >>= 1)
            {
                j ^= bit;
            }

            j ^= bit;
            if (i < j)
            {
                (values[i], values[j]) = (values[j], values[i]);
            }
        }
        for (int length = 2; length <= Size; length <<= 1)
        {
            int half = length / 2, step = Size / length;
            for (int start = 0; start < Size; start += length)
            {
                for (int k = 0; k < half; k++)
                {
                    Complex even = values[start + k], odd = values[start + k + half] * roots[k * step];
                    values[start + k] = even + odd;
                    values[start + k + half] = even - odd;
                }
            }
        }
    }
}
