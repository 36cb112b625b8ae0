using System.Runtime.CompilerServices;

namespace Stemsharp.Evaluation;

/// <summary>How far numbers are from the true ones, taken in parts: 10·log10(Σ truth² / Σ (truth − found)²).</summary>
internal struct SignalToNoise
{
    private double _signal;
    private double _noise;

    /// <summary>The ratio so far in dB; +∞ for equal numbers, NaN where one of them is NaN or all are zero.</summary>
    public readonly double Ratio => Decibels.Ratio(_signal, _noise);

    /// <summary>The ratio of all numbers at once.</summary>
    /// <param name="truth">True numbers.</param>
    /// <param name="found">As many others.</param>
    public static double Of(ReadOnlySpan<float> truth, ReadOnlySpan<float> found)
    {
        SignalToNoise sums = new();
        sums.Add(truth, found);
        return sums.Ratio;
    }

    /// <inheritdoc cref="Of(ReadOnlySpan{float}, ReadOnlySpan{float})"/>
    public static double Of(ReadOnlySpan<double> truth, ReadOnlySpan<float> found)
    {
        SignalToNoise sums = new();
        sums.Add(truth, found);
        return sums.Ratio;
    }

    /// <summary>Takes the next numbers.</summary>
    /// <param name="truth">True numbers.</param>
    /// <param name="found">As many others.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add(ReadOnlySpan<float> truth, ReadOnlySpan<float> found)
    {
        Check(truth.Length, found.Length);
        for (int i = 0; i < truth.Length; i++)
        {
            Add(truth[i], found[i]);
        }
    }

    /// <inheritdoc cref="Add(ReadOnlySpan{float}, ReadOnlySpan{float})"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add(ReadOnlySpan<double> truth, ReadOnlySpan<float> found)
    {
        Check(truth.Length, found.Length);
        for (int i = 0; i < truth.Length; i++)
        {
            Add(truth[i], found[i]);
        }
    }

    private void Add(double truth, double found)
    {
        _signal += truth * truth;
        _noise += (truth - found) * (truth - found);
    }

    private static void Check(int truth, int found)
    {
        if (truth != found)
        {
            throw new ArgumentException($"{found} numbers cannot be compared with {truth}.");
        }
    }
}
