using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace Stemsharp.Audio;

/// <summary>
/// Finds a linear predictor for a block by its autocorrelation under a Welch window and Levinson and Durbin's recursion, and computes
/// what it leaves. Sums are made in double precision, which holds every one of them exactly.
/// </summary>
internal sealed class FlacLinearPredictor
{
    /// <summary>As FFmpeg's level 5.</summary>
    public const int HighestOrder = 8;

    /// <summary>Bits of a coefficient.</summary>
    public const int Precision = 14;
    private const int HighestShift = 15;

    private readonly double[] _samples, _windowed, _window, _left;
    private readonly double[][] _factors = [.. Enumerable.Range(0, HighestOrder).Select(order => new double[order + 1])];
    private readonly double[] _errors = new double[HighestOrder + 1];
    private int _windowLength;

    /// <param name="block">Samples in the longest block.</param>
    public FlacLinearPredictor(int block)
    {
        _samples = new double[block];
        _windowed = new double[block];
        _window = new double[block];
        _left = new double[block];
    }

    /// <summary>Coefficients of the samples 1, 2, … before.</summary>
    public int[] Coefficients { get; } = new int[HighestOrder];

    /// <summary>How many of them there are.</summary>
    public int Order { get; private set; }

    /// <summary>The sum is divided by 2 to the power of this.</summary>
    public int Shift { get; private set; }

    /// <summary>Finds the predictor and writes its residuals.</summary>
    /// <param name="samples">A block.</param>
    /// <param name="depth">Bits of a sample.</param>
    /// <param name="residuals">As long; those of the first <see cref="Order"/> samples are not set.</param>
    /// <returns>Whether there is a predictor that can be stored.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool TryFind(ReadOnlySpan<int> samples, int depth, Span<int> residuals)
    {
        int length = samples.Length;
        if (length <= 2 * HighestOrder)
        {
            return false;
        }

        TensorPrimitives.ConvertTruncating(samples, _samples.AsSpan(0, length));
        Span<double> correlation = stackalloc double[HighestOrder + 1];
        Correlate(length, correlation);
        if (correlation[0] == 0)
        {
            return false;
        }

        Recur(correlation);
        Order = BestOrder(length, depth);
        if (!TryQuantise(_factors[Order - 1]))
        {
            return false;
        }

        // Nothing that is left may need more than 32 bits.
        long weight = 0;
        foreach (int factor in Coefficients.AsSpan(0, Order))
        {
            weight += Math.Abs(factor);
        }

        if (((weight << (depth - 1)) >> Shift) + (1L << (depth - 1)) >= int.MaxValue)
        {
            return false;
        }

        Subtract(length);
        TensorPrimitives.ConvertTruncating<double, int>(_left.AsSpan(Order, length - Order), residuals[Order..]);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Correlate(int length, Span<double> correlation)
    {
        if (_windowLength != length)
        {
            _windowLength = length;
            double middle = (length - 1) / 2.0, width = (length + 1) / 2.0;
            for (int i = 0; i < length; i++)
            {
                double distance = (i - middle) / width;
                _window[i] = 1 - distance * distance;
            }
        }

        Span<double> windowed = _windowed.AsSpan(0, length);
        TensorPrimitives.Multiply(_samples.AsSpan(0, length), _window.AsSpan(0, length), windowed);
        for (int lag = 0; lag <= HighestOrder; lag++)
        {
            correlation[lag] = TensorPrimitives.Dot<double>(windowed[lag..], windowed[..^lag]);
        }
    }

    // Levinson and Durbin: the predictors of all orders, and what error each leaves.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Recur(ReadOnlySpan<double> correlation)
    {
        Span<double> factors = stackalloc double[HighestOrder];
        double error = correlation[0];
        for (int i = 0; i < HighestOrder; i++)
        {
            double reflection = correlation[i + 1];
            for (int k = 0; k < i; k++)
            {
                reflection -= factors[k] * correlation[i - k];
            }

            reflection = error > 0 ? reflection / error : 0;
            for (int k = 0; k < i / 2; k++)
            {
                (factors[k], factors[i - 1 - k]) = (factors[k] - reflection * factors[i - 1 - k], factors[i - 1 - k] - reflection * factors[k]);
            }

            if ((i & 1) == 1)
            {
                factors[i / 2] -= reflection * factors[i / 2];
            }

            factors[i] = reflection;
            error *= 1 - reflection * reflection;
            factors[..(i + 1)].CopyTo(_factors[i]);
            _errors[i + 1] = error;
        }
    }

    // What is left is distributed as Laplace has it, about, and is never less than the noise of rounding; Rice codes of its mean tell its
    // bits. Each order costs a sample and a coefficient.
    private int BestOrder(int length, int depth)
    {
        const double windowEnergy = 8.0 / 15, rounding = 1.0 / 12;
        int best = 1;
        double least = double.MaxValue;
        for (int order = 1; order <= HighestOrder; order++)
        {
            double mean = Math.Sqrt(2 * (Math.Max(_errors[order], 0) / (length * windowEnergy) + rounding));
            double parameter = Math.Max(Math.Floor(Math.Log2(mean)), 0);
            double bits = (parameter + 1 + mean / Math.Pow(2, parameter)) * (length - order) + (double)order * (depth + Precision);
            if (bits < least)
            {
                (best, least) = (order, bits);
            }
        }

        return best;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool TryQuantise(ReadOnlySpan<double> factors)
    {
        double largest = 0;
        foreach (double factor in factors)
        {
            largest = Math.Max(largest, Math.Abs(factor));
        }

        if (largest is 0 || !double.IsFinite(largest))
        {
            return false;
        }

        const int limit = (1 << (Precision - 1)) - 1;
        Shift = Math.Min(Precision - 2 - (int)Math.Floor(Math.Log2(largest)), HighestShift);
        if (Shift < 0)
        {
            return false;
        }

        // What rounding takes from one coefficient goes to the next.
        double owed = 0;
        for (int i = 0; i < factors.Length; i++)
        {
            owed += factors[i] * (1 << Shift);
            int rounded = Math.Clamp((int)Math.Round(owed), -limit - 1, limit);
            Coefficients[i] = rounded;
            owed -= rounded;
        }

        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Subtract(int length)
    {
        Span<double> samples = _samples.AsSpan(0, length), left = _left.AsSpan(0, length);
        double scale = 1.0 / (1 << Shift);
        int order = Order, i = order;
        for (; i <= length - Vector<double>.Count; i += Vector<double>.Count)
        {
            Vector<double> sum = Vector<double>.Zero;
            for (int k = 0; k < order; k++)
            {
                sum += new Vector<double>(Coefficients[k]) * new Vector<double>(samples[(i - 1 - k)..]);
            }

            (new Vector<double>(samples[i..]) - Vector.Floor(sum * scale)).CopyTo(left[i..]);
        }

        for (; i < length; i++)
        {
            double sum = 0;
            for (int k = 0; k < order; k++)
            {
                sum += Coefficients[k] * samples[i - 1 - k];
            }

            left[i] = samples[i] - Math.Floor(sum * scale);
        }
    }
}
