using System.Runtime.CompilerServices;

namespace Stemsharp.Signal;

/// <summary>
/// What samples that frames have been added up to are multiplied by: 1 over the sum of the squared windows that lie there, or over one
/// constant. Positions are counted from the first frame's first sample, dropped frames included.
/// </summary>
/// <remarks>Between the ends the sums repeat with every hop, so that a hop of them is enough there.</remarks>
internal sealed class OverlapWeights
{
    /// <summary>Less of a window than this is none: torch.istft's own bound.</summary>
    private const double Least = 1e-11;

    private readonly double[] _head, _period, _tail;
    private readonly int _tailStart;

    /// <param name="definition">A valid one.</param>
    /// <param name="window">Its window.</param>
    /// <param name="frames">Frames, those included that are dropped.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public OverlapWeights(TransformDefinition definition, ReadOnlySpan<double> window, int frames)
    {
        int nfft = definition.Nfft, hop = definition.Hop;
        _head = new double[nfft];
        _period = new double[hop];
        _tail = new double[nfft];
        _tailStart = Math.Max(nfft, checked(frames * hop));
        for (int i = 0; i < hop; i++)
        {
            _period[i] = Inverse(Squares(window, i, hop, 0, int.MaxValue));
        }

        bool constant = definition.Envelope == TransformEnvelope.Constant;
        for (int i = 0; i < nfft; i++)
        {
            // Frame t lies over a position if 0 ≤ position − t·hop < n.
            _head[i] = constant ? _period[0] : Inverse(Squares(window, i % hop, hop, i / hop - frames + 1, i / hop));
            int tail = _tailStart + i;
            _tail[i] = constant ? _period[0] : Inverse(Squares(window, tail % hop, hop, tail / hop - frames + 1, tail / hop));
        }
    }

    /// <summary>The weights from a position on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void CopyTo(int position, Span<double> weights)
    {
        while (weights.Length > 0)
        {
            ReadOnlySpan<double> run = position < _head.Length ? _head.AsSpan(position)
                : position < _tailStart ? _period.AsSpan(position % _period.Length)
                : _tail.AsSpan(Math.Min(position - _tailStart, _tail.Length));
            int count = Math.Min(run.Length, weights.Length);
            if (count == 0)
            {
                weights.Clear(); // beyond the last frame
                return;
            }

            if (position >= _head.Length && position < _tailStart)
            {
                count = Math.Min(count, _tailStart - position);
            }

            run[..count].CopyTo(weights);
            weights = weights[count..];
            position += count;
        }
    }

    /// <summary>The squared window at first + k·hop for all k in a range.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double Squares(ReadOnlySpan<double> window, int first, int hop, int least, int most)
    {
        double sum = 0;
        for (int k = Math.Max(least, 0); k <= most && first + (long)k * hop < window.Length; k++)
        {
            sum += window[first + k * hop] * window[first + k * hop];
        }

        return sum;
    }

    private static double Inverse(double squares) => squares > Least ? 1 / squares : 0;
}
