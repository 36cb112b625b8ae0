using System.Runtime.CompilerServices;
using Stemsharp.Audio;
using Stemsharp.Inference;

namespace Stemsharp.Separation;

/// <summary>What a track's samples are shifted and divided by before the network, and back after it.</summary>
/// <param name="Mean">Subtracted, and added to every stem.</param>
/// <param name="Scale">Divided by, and multiplied with.</param>
internal readonly record struct TrackLevel(double Mean, double Scale);

/// <summary>What one pass over a track tells: its length, and the mean and deviation of its channels' mean.</summary>
/// <param name="Length">Samples per channel.</param>
/// <param name="Mean">Mean of the mono mix.</param>
/// <param name="Deviation">Its standard deviation, unbiased (divided by length − 1).</param>
/// <param name="Peak">Largest absolute sample of any channel.</param>
internal sealed record TrackStatistics(long Length, double Mean, double Deviation, float Peak = 0)
{
    /// <summary>Added to the unbiased deviation by Demucs, so that silence divides by something.</summary>
    private const double Epsilon = 1e-8;

    /// <summary>What a network's definition makes of them.</summary>
    public TrackLevel Level(TrackNormalization normalization)
    {
        switch (normalization)
        {
            case TrackNormalization.Sample:
                return new TrackLevel(Mean, Deviation + Epsilon);
            case TrackNormalization.Population:
                // Silence is divided by 1: the originals give no numbers for it.
                double deviation = Length > 1 ? Deviation * Math.Sqrt((Length - 1.0) / Length) : 0;
                return new TrackLevel(Mean, deviation > 0 ? deviation : 1);
            default:
                return new TrackLevel(0, 1);
        }
    }

    /// <summary>Reads a track to its end.</summary>
    /// <param name="reader">The track.</param>
    /// <param name="cancellationToken">Stops between blocks.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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
