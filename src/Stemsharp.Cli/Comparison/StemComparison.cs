using Stemsharp.Evaluation;

namespace Stemsharp.Cli.Comparison;

/// <summary>How one stem of the two sides agrees.</summary>
/// <param name="Stem">Its name.</param>
/// <param name="Report">The actual one against the expected one.</param>
/// <param name="ExpectedQuality">SI-SDR in dB of the expected one against the true stem; null where there is none to compare with.</param>
/// <param name="ActualQuality">The same of the actual one.</param>
internal sealed record StemComparison(string Stem, ParityReport Report, double? ExpectedQuality, double? ActualQuality)
{
    /// <summary>What the actual side gains or loses in SI-SDR; null where it cannot be told, as behind a stem of silence.</summary>
    internal double? QualityChange =>
        ActualQuality - ExpectedQuality is { } change && double.IsFinite(change) ? change : null;

    internal bool Passes(double leastSnr, double mostChange) => Report.Snr >= leastSnr && !(Math.Abs(QualityChange ?? 0) > mostChange);

    internal static StemComparison Of(string stem, ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, ReadOnlySpan<float> truth, double relative, double absolute)
    {
        ParityReport report = ParityReport.Compare(expected, actual, relative, absolute);
        return truth.IsEmpty
            ? new StemComparison(stem, report, null, null)
            : new StemComparison(stem, report, ParityReport.Compare(truth, expected).SiSdr, ParityReport.Compare(truth, actual).SiSdr);
    }
}
