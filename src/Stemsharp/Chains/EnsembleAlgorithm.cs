namespace Stemsharp.Chains;

/// <summary>
/// How several models' versions of one stem become one. Versions x₁ … xₙ, sample by sample or, for spectra X₁ … Xₙ, bin by bin of a
/// Fourier transform of 2048 points (Hann) every 1024 samples, each channel for itself. Names in definitions are audio-separator's.
/// </summary>
public enum EnsembleAlgorithm
{
    /// <summary><c>avg_wave</c>: Σ wᵢ·xᵢ / Σ wᵢ.</summary>
    AverageWave,

    /// <summary><c>median_wave</c>: the middle sample; of an even number the mean of the two in the middle.</summary>
    MedianWave,

    /// <summary><c>min_wave</c>: the sample nearest to zero, the first of equal ones.</summary>
    MinimumWave,

    /// <summary><c>max_wave</c>: the sample farthest from zero, the first of equal ones.</summary>
    MaximumWave,

    /// <summary><c>avg_fft</c>: Σ wᵢ·Xᵢ / Σ wᵢ; the transform is linear, so it is <see cref="AverageWave"/>.</summary>
    AverageSpectrum,

    /// <summary><c>median_fft</c>: the medians of the real and of the imaginary parts.</summary>
    MedianSpectrum,

    /// <summary><c>min_fft</c>: the bin of the least magnitude, the first of equal ones.</summary>
    MinimumSpectrum,

    /// <summary><c>max_fft</c>: the bin of the greatest magnitude, the first of equal ones.</summary>
    MaximumSpectrum,

    /// <summary><c>uvr_max_spec</c>: <see cref="MaximumSpectrum"/>, but the last of equal ones.</summary>
    UvrMaximumSpectrum,

    /// <summary><c>uvr_min_spec</c>: <see cref="MinimumSpectrum"/>, but the last of equal ones.</summary>
    UvrMinimumSpectrum,

    /// <summary><c>ensemble_wav</c>: for each channel the whole version whose mean magnitude is least.</summary>
    QuietestWave,
}

/// <summary>The names of the algorithms in definitions.</summary>
internal static class EnsembleAlgorithms
{
    /// <summary>All of them, in the order of their numbers.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        "avg_wave", "median_wave", "min_wave", "max_wave", "avg_fft", "median_fft", "min_fft", "max_fft", "uvr_max_spec", "uvr_min_spec",
        "ensemble_wav",
    ];

    /// <summary>The algorithm of a name; null for none.</summary>
    public static EnsembleAlgorithm? Find(string name)
    {
        for (int i = 0; i < Names.Count; i++)
        {
            if (Names[i] == name)
            {
                return (EnsembleAlgorithm)i;
            }
        }

        return null;
    }

    /// <summary>Its name.</summary>
    public static string NameOf(EnsembleAlgorithm algorithm) => Names[(int)algorithm];

    /// <summary>Whether weights mean something: for averages.</summary>
    public static bool IsWeighted(EnsembleAlgorithm algorithm) => algorithm is EnsembleAlgorithm.AverageWave or EnsembleAlgorithm.AverageSpectrum;
}
