using Stemsharp.Audio;
using Stemsharp.Separation;
using Stemsharp.Signal;

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
    public static byte[] Compute(WavReader file, long from, long to, int columns, int bins, CancellationToken cancellationToken)
    {
        byte[] picture = new byte[columns * bins];
        float[] frames = new float[Size * file.Channels];
        double[] window = [.. Enumerable.Range(0, Size).Select(i => 0.5 - 0.5 * Math.Cos(2 * Math.PI * i / Size))];
        double scale = 2 / window.Sum();
        int[] edges = Edges(file.SampleRate, bins);
        FourierTransform transform = new(Size);
        double[] real = new double[Size], imaginary = new double[Size];
        for (int column = 0; column < columns; column++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            long centre = from + (long)((column + 0.5) / columns * (to - from));
            long first = Math.Clamp(centre - Size / 2, 0, Math.Max(0, file.Header.Frames - Size));
            file.Seek(first);
            int read = FullRead.Frames(file, frames);
            for (int i = 0; i < Size; i++)
            {
                double sum = 0;
                for (int c = 0; c < file.Channels && i < read; c++)
                {
                    sum += frames[i * file.Channels + c];
                }

                real[i] = sum / file.Channels * window[i];
            }
            Array.Clear(imaginary);
            transform.Forward(real, imaginary);
            for (int bin = 0; bin < bins; bin++)
            {
                double largest = 0;
                for (int k = edges[bin]; k < Math.Max(edges[bin] + 1, edges[bin + 1]); k++)
                {
                    largest = Math.Max(largest, Math.Sqrt(real[k] * real[k] + imaginary[k] * imaginary[k]));
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
}
