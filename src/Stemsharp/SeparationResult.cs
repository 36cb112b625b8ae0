using Stemsharp.Inference;

namespace Stemsharp;

/// <summary>What is known about a song before its first block comes.</summary>
/// <param name="Model">The model's name.</param>
/// <param name="Stems">The stems that come, in order.</param>
/// <param name="SampleRate">Their rate in Hz: the model's.</param>
/// <param name="Channels">Their channels: 2.</param>
/// <param name="Length">Their length in samples per channel at <paramref name="SampleRate"/>.</param>
/// <param name="SourceSampleRate">The input's own rate in Hz.</param>
/// <param name="SourceChannels">The input's own number of channels.</param>
public sealed record SeparationInfo(
    string Model,
    IReadOnlyList<string> Stems,
    int SampleRate,
    int Channels,
    long Length,
    int SourceSampleRate,
    int SourceChannels)
{
    /// <summary>The length in time.</summary>
    public TimeSpan Duration => TimeSpan.FromSeconds((double)Length / SampleRate);
}

/// <summary>What a separation did.</summary>
/// <param name="Info">The song and its stems.</param>
/// <param name="Segments">Runs of the network, silent segments not counted.</param>
/// <param name="SilentSegments">Segments of digital silence, which cost nothing.</param>
/// <param name="Elapsed">How long it took.</param>
/// <param name="Peaks">Each stem's largest absolute sample; above 1 it clips unless it is scaled on saving.</param>
/// <param name="Engines">
/// Which engine made which segments, in order: one entry as a rule, more where one failed and another went on. Empty when all was silent.
/// </param>
public sealed record SeparationSummary(
    SeparationInfo Info,
    long Segments,
    long SilentSegments,
    TimeSpan Elapsed,
    IReadOnlyList<float> Peaks,
    IReadOnlyList<EngineShare> Engines)
{
    /// <summary>What was odd about the input, such as damage that its decoder met, in sentences for the user.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>The last engine's own description; empty when all was silent.</summary>
    public string Engine => Engines.Count > 0 ? Engines[^1].Description : "";
}

/// <summary>A song's stems in memory.</summary>
public sealed class SeparationResult
{
    private readonly float[][][] _stems;

    internal SeparationResult(SeparationSummary summary, float[][] mix, float[][][] stems)
    {
        Summary = summary;
        Mix = mix;
        _stems = stems;
    }

    /// <summary>What was done.</summary>
    public SeparationSummary Summary { get; }

    /// <summary>The stems' names, in the model's order.</summary>
    public IReadOnlyList<string> Stems => Summary.Info.Stems;

    /// <summary>The stems' rate in Hz.</summary>
    public int SampleRate => Summary.Info.SampleRate;

    /// <summary>The mix as the model heard it, [channel][sample]: resampled, two channels.</summary>
    public IReadOnlyList<float[]> Mix { get; }

    /// <summary>A stem's samples, [channel][sample].</summary>
    /// <param name="stem">Its name.</param>
    /// <exception cref="OptionException">There is no such stem among <see cref="Stems"/>.</exception>
    public IReadOnlyList<float[]> this[string stem]
    {
        get
        {
            for (int i = 0; i < Stems.Count; i++)
            {
                if (Stems[i] == stem)
                {
                    return _stems[i];
                }
            }

            throw new OptionException($"There is no stem '{stem}' in this result; it has {string.Join(", ", Stems)}.");
        }
    }
}
