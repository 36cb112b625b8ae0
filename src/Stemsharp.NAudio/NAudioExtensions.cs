using NAudio.Wave;

namespace Stemsharp;

/// <summary>Ways between Stemsharp and NAudio.</summary>
public static class NAudioExtensions
{
    /// <summary>
    /// A song to be separated that a sample provider plays. Read to its end once into a temporary file, hence good for one separation.
    /// </summary>
    /// <param name="provider">Any rate; of more than two channels the first two count. It has to end.</param>
    /// <param name="name">What messages call it.</param>
    public static AudioInput ToAudioInput(this ISampleProvider provider, string name = "sample provider")
    {
        ArgumentNullException.ThrowIfNull(provider);
        return AudioInput.FromStream(new SampleProviderStream(provider), name);
    }

    /// <summary>Plays a stem that was separated into memory, from its start.</summary>
    /// <param name="result">The separated song.</param>
    /// <param name="stem">Which stem.</param>
    /// <exception cref="OptionException">There is no such stem in the result.</exception>
    public static ISampleProvider ToSampleProvider(this SeparationResult result, string stem)
    {
        ArgumentNullException.ThrowIfNull(result);
        return new ReaderSampleProvider(result.OpenReader(stem));
    }

    /// <summary>Plays a stem while the song is separated.</summary>
    /// <inheritdoc cref="StemSampleProvider(StemSeparator, AudioInput, string, SeparationOptions?)"/>
    public static StemSampleProvider Play(this StemSeparator separator, AudioInput input, string stem, SeparationOptions? options = null) =>
        new(separator, input, stem, options);
}
