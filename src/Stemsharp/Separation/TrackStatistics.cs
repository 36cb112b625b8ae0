using Stemsharp.Audio;

namespace Stemsharp.Separation;

/// <summary>What one pass over a track tells: its length, and the mean and deviation of its channels' mean.</summary>
/// <param name="Length">Samples per channel.</param>
/// <param name="Mean">Mean of the mono mix.</param>
/// <param name="Deviation">Its standard deviation, unbiased (divided by length − 1).</param>
/// <param name="Peak">Largest absolute sample of any channel.</param>
internal sealed record TrackStatistics(long Length, double Mean, double Deviation, float Peak = 0)
{
    /// <summary>Added to the deviation, so that silence divides by something.</summary>
    private const double Epsilon = 1e-8;

    /// <summary>Neither shifts nor scales.</summary>
    public static TrackStatistics Neutral(long length) => new(length, 0, 1 - Epsilon);

    /// <summary>What samples are divided by before the network and multiplied with after it.</summary>
    public double Scale => Deviation + Epsilon;

    /// <summary>Reads a track to its end.</summary>
    /// <param name="reader">The track.</param>
    /// <param name="cancellationToken">Stops between blocks.</param>
    public static TrackStatistics Measure(IAudioReader reader, CancellationToken cancellationToken)
    {
        // Block by block in double precision, blocks joined by Chan's update. Blocks are filled to the brim, so that
        // the bits do not depend on how a pipe happens to deliver.
        const int Block = 65_536;
        float[] samples = new float[Block * reader.Channels];
        double[] mono = new double[Block];
        PeakMeter peak = new();
        long length = 0;
        double mean = 0, squares = 0;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int frames = FullRead.Frames(reader, samples);
            if (frames == 0)
            {
                break;
            }

            peak.Add(samples.AsSpan(0, frames * reader.Channels));
            double sum = 0;
            for (int i = 0; i < frames; i++)
            {
                double value = 0;
                for (int c = 0; c < reader.Channels; c++)
                {
                    value += samples[i * reader.Channels + c];
                }

                mono[i] = value / reader.Channels;
                sum += mono[i];
            }

            double blockMean = sum / frames, blockSquares = 0;
            for (int i = 0; i < frames; i++)
            {
                blockSquares += (mono[i] - blockMean) * (mono[i] - blockMean);
            }

            double delta = blockMean - mean;
            long total = length + frames;
            mean += delta * frames / total;
            squares += blockSquares + delta * delta * length * frames / total;
            length = total;
        }

        return new TrackStatistics(length, mean, length > 1 ? Math.Sqrt(squares / (length - 1)) : 0, peak.Peak);
    }
}
