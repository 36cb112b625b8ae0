using Stemsharp.Evaluation;

namespace Stemsharp.Cli.Evaluation;

/// <summary>What a stem sounds like, drawn: the reference, the estimate, and the difference of the two.</summary>
internal sealed record StemPictures(SoundPicture Reference, SoundPicture Estimate, SoundPicture Error)
{
    /// <summary>Columns of waveforms and spectrograms.</summary>
    internal const int Columns = 480;

    /// <summary>Reads both recordings once and draws them, channels averaged.</summary>
    /// <param name="pair">Reference and estimate.</param>
    /// <param name="length">Samples per channel of the track.</param>
    /// <param name="cancellationToken">Stops between blocks.</param>
    internal static StemPictures Draw(StemPair pair, long length, CancellationToken cancellationToken)
    {
        using SignalGroup group = new([pair.Reference, pair.Estimate], 1, cancellationToken);
        SoundPicture reference = new(Columns, length), estimate = new(Columns, length), error = new(Columns, length);
        Spectrogram spectra = new(Columns, length, group.SampleRate, reference, estimate, error);
        double[] truth = new double[SignalGroup.BlockFrames], guess = new double[SignalGroup.BlockFrames];
        for (int count = group.Read(out double[][] block); count > 0; count = group.Read(out block))
        {
            cancellationToken.ThrowIfCancellationRequested();
            long start = group.Position - count;
            for (int i = 0; i < count; i++)
            {
                truth[i] = Mean(block, 0, group.Channels, i);
                guess[i] = Mean(block, group.Channels, group.Channels, i);
                reference.Add(start + i, truth[i]);
                estimate.Add(start + i, guess[i]);
                error.Add(start + i, guess[i] - truth[i]);
            }

            spectra.Add(truth.AsSpan(0, count), guess.AsSpan(0, count));
        }

        spectra.Complete();
        return new StemPictures(reference, estimate, error);
    }

    private static double Mean(double[][] block, int first, int channels, int index)
    {
        double sum = 0;
        for (int c = first; c < first + channels; c++)
        {
            sum += block[c][index];
        }

        return sum / channels;
    }
}

/// <summary>One recording's outline and spectrogram.</summary>
/// <param name="columns">Width of both.</param>
/// <param name="length">Samples that they span.</param>
internal sealed class SoundPicture(int columns, long length)
{
    /// <summary>Smallest and largest sample of each column.</summary>
    internal (double Low, double High)[] Outline { get; } = new (double, double)[columns];

    /// <summary>Power of each column [column][row], row 0 the lowest frequency; see <see cref="Spectrogram"/>.</summary>
    internal double[][] Power { get; } = [.. Enumerable.Range(0, columns).Select(_ => new double[Spectrogram.Rows])];

    /// <summary>Takes one sample into the outline.</summary>
    internal void Add(long position, double sample)
    {
        ref (double Low, double High) column = ref Outline[Math.Min(columns - 1, position * columns / length)];
        column.Low = Math.Min(column.Low, sample);
        column.High = Math.Max(column.High, sample);
    }
}
