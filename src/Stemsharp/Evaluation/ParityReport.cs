using System.Runtime.CompilerServices;

namespace Stemsharp.Evaluation;

/// <summary>How closely computed numbers agree with expected ones.</summary>
public sealed record ParityReport
{
    /// <summary>Numbers compared.</summary>
    public required long Count { get; init; }

    /// <summary>10·log10(Σ expected²/Σ(expected − actual)²) in dB; +∞ for equal numbers.</summary>
    public required double Snr { get; init; }

    /// <summary>Scale-invariant SDR in dB.</summary>
    public required double SiSdr { get; init; }

    /// <summary>Largest |expected − actual|.</summary>
    public required double MaxDifference { get; init; }

    /// <summary>Where it is; −1 when nothing differs.</summary>
    public required long MaxDifferenceAt { get; init; }

    /// <summary>Relative tolerance of the verdict.</summary>
    public required double RelativeTolerance { get; init; }

    /// <summary>Absolute tolerance of the verdict.</summary>
    public required double AbsoluteTolerance { get; init; }

    /// <summary>Numbers for which |expected − actual| ≤ absolute + relative·|expected| does not hold, NaN included.</summary>
    public required long OutOfTolerance { get; init; }

    /// <summary>Whether every number is within tolerance.</summary>
    public bool AllClose => OutOfTolerance == 0;

    /// <summary>Compares number by number.</summary>
    /// <param name="expected">What is true.</param>
    /// <param name="actual">What was computed, as many numbers.</param>
    /// <param name="relativeTolerance">At least 0; numpy's default 1e-5.</param>
    /// <param name="absoluteTolerance">At least 0; numpy's default 1e-8.</param>
    /// <exception cref="OptionException">The lengths differ.</exception>
    public static ParityReport Compare(
        ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, double relativeTolerance = 1e-5, double absoluteTolerance = 1e-8)
    {
        ParityMeter meter = new(relativeTolerance, absoluteTolerance);
        meter.Add(expected, actual);
        return meter.Report();
    }
}

/// <summary>Makes a <see cref="ParityReport"/> of numbers that come in pieces.</summary>
/// <param name="relativeTolerance">At least 0.</param>
/// <param name="absoluteTolerance">At least 0.</param>
public sealed class ParityMeter(double relativeTolerance = 1e-5, double absoluteTolerance = 1e-8)
{
    private long _count;
    private double _signal;
    private double _noise;
    private double _product;
    private double _estimate;
    private double _maximum;
    private long _maximumAt = -1;
    private long _outside;

    /// <summary>Compares the next numbers.</summary>
    /// <param name="expected">What is true.</param>
    /// <param name="actual">What was computed, as many numbers.</param>
    /// <exception cref="OptionException">The lengths differ.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        if (expected.Length != actual.Length)
        {
            throw new OptionException($"{actual.Length} numbers can't be compared with {expected.Length}; both sides must have the same length.");
        }

        for (int i = 0; i < expected.Length; i++)
        {
            double truth = expected[i];
            double estimate = actual[i];
            double difference = Math.Abs(truth - estimate);
            _signal += truth * truth;
            _noise += difference * difference;
            _product += truth * estimate;
            _estimate += estimate * estimate;
            // Written so that NaN is outside and counts as the largest difference.
            if (!(difference <= absoluteTolerance + relativeTolerance * Math.Abs(truth)))
            {
                _outside++;
            }

            if (difference > _maximum || (double.IsNaN(difference) && !double.IsNaN(_maximum)))
            {
                _maximum = difference;
                _maximumAt = _count + i;
            }
        }

        _count += expected.Length;
    }

    /// <summary>What has been compared so far.</summary>
    public ParityReport Report() => new()
    {
        Count = _count,
        Snr = _noise == 0 ? double.PositiveInfinity : Decibels.Ratio(_signal, _noise),
        SiSdr = Decibels.ScaleInvariant(_signal, _product, _estimate),
        MaxDifference = _maximum,
        MaxDifferenceAt = _maximumAt,
        RelativeTolerance = relativeTolerance,
        AbsoluteTolerance = absoluteTolerance,
        OutOfTolerance = _outside,
    };
}
