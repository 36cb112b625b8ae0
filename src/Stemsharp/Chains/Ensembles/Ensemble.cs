using Stemsharp.Audio;

namespace Stemsharp.Chains.Ensembles;

/// <summary>Several versions of one sound as one, read front to back in constant memory.</summary>
internal static class Ensemble
{
    /// <summary>Opens it at its start.</summary>
    /// <param name="how">The rule.</param>
    /// <param name="versions">Open each version at its start: at least two, of one rate, number of channels and known length.</param>
    public static IAudioReader Open(ChainEnsemble how, IReadOnlyList<Func<IAudioReader>> versions) => how.Algorithm switch
    {
        EnsembleAlgorithm.AverageWave or EnsembleAlgorithm.AverageSpectrum => new WaveReader(Open(versions), WaveReader.Average(Weights(how, versions.Count))),
        EnsembleAlgorithm.MedianWave => new WaveReader(Open(versions), WaveReader.Median),
        EnsembleAlgorithm.MinimumWave => new WaveReader(Open(versions), WaveReader.Smallest),
        EnsembleAlgorithm.MaximumWave => new WaveReader(Open(versions), WaveReader.Largest),
        EnsembleAlgorithm.QuietestWave => new QuietestReader(versions),
        _ => new SpectrumReader(how.Algorithm, Open(versions)),
    };

    /// <summary>Opens all of some readers, or none.</summary>
    public static IAudioReader[] Open(IReadOnlyList<Func<IAudioReader>> versions)
    {
        List<IAudioReader> readers = [];
        try
        {
            readers.AddRange(versions.Select(open => open()));
            return [.. readers];
        }
        catch
        {
            readers.ForEach(reader => reader.Dispose());
            throw;
        }
    }

    private static double[] Weights(ChainEnsemble how, int count)
    {
        double[] weights = how.Weights is null ? [.. Enumerable.Repeat(1.0, count)] : [.. how.Weights];
        double sum = weights.Sum();
        return [.. weights.Select(weight => weight / sum)];
    }
}
