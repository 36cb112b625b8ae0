using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace Stemsharp.Evaluation;

/// <summary>What the first reading of a track collects: energies, and correlations for the filters.</summary>
internal sealed class WholeTrack
{
    private readonly int _stems;
    private readonly int _channels;
    private readonly int _filterLength;
    private readonly bool _hasMixture;
    private readonly EnergySums[] _estimates;
    private readonly EnergySums[] _mixture;
    private readonly bool[] _audible;
    private readonly double[] _scratch = new double[SignalGroup.BlockFrames];
    private DelayCorrelations? _correlations;

    private WholeTrack(int stems, int channels, bool hasMixture, EvaluationOptions options)
    {
        _stems = stems;
        _channels = channels;
        _hasMixture = hasMixture;
        _filterLength = options.FilterLength;
        _estimates = new EnergySums[stems];
        _mixture = new EnergySums[stems];
        _audible = new bool[2 * stems];
        if (options.Decompose)
        {
            _correlations = new DelayCorrelations(stems * channels, stems * channels, options.FilterLength);
        }
    }

    /// <summary>Frames per second.</summary>
    public int SampleRate { get; private init; }

    /// <summary>Samples per channel.</summary>
    public long Length { get; private set; }

    /// <summary>Reads references, estimates and possibly the mixture to the end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static WholeTrack Read(
        IReadOnlyList<EvaluationSignal> signals, int stems, EvaluationOptions options, CancellationToken cancellationToken)
    {
        using SignalGroup group = new(signals, stems, cancellationToken);
        WholeTrack track = new(stems, group.Channels, signals.Count > 2 * stems, options) { SampleRate = group.SampleRate };
        for (int length = group.Read(out double[][] block); length > 0; length = group.Read(out block))
        {
            cancellationToken.ThrowIfCancellationRequested();
            track.Add(block, length);
        }

        track._correlations?.Complete();
        track.Length = group.Position;
        return track;
    }

    /// <summary>Whether both the stem's reference and its estimate hold anything.</summary>
    public bool IsAudible(int stem) => _audible[stem] && _audible[_stems + stem];

    /// <summary>Σs²/Σ(s − ŝ)² in dB.</summary>
    public double GlobalSdr(int stem) => _audible[stem] ? _estimates[stem].Snr : double.NaN;

    /// <summary>The same for the mixture in place of the estimate.</summary>
    public double MixtureSdr(int stem) => _hasMixture && _audible[stem] ? _mixture[stem].Snr : double.NaN;

    /// <summary>Scale-invariant SDR in dB.</summary>
    public double SiSdr(int stem) => _audible[stem] ? _estimates[stem].SiSdr : double.NaN;

    /// <summary>Computes the filters of the given stems; once, since it frees the correlations.</summary>
    public FrameDecomposition Decompose(int[] stems)
    {
        DelayCorrelations correlations = _correlations ?? throw new InvalidOperationException("Nothing was correlated.");
        _correlations = null;
        int all = stems.Length * _channels;
        // From a channel among the kept stems, references then estimates, to its place among all of them.
        int Place(int channel) =>
            (channel / all * _stems + stems[channel % all / _channels]) * _channels + channel % _channels;
        return new FrameDecomposition(
            stems.Length, _channels, (signal, reference) => correlations.Lags(Place(signal), Place(reference)), _filterLength);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Add(double[][] block, int length)
    {
        for (int stem = 0; stem < _stems; stem++)
        {
            for (int c = 0; c < _channels; c++)
            {
                ReadOnlySpan<double> truth = block[stem * _channels + c].AsSpan(0, length);
                _estimates[stem].Add(truth, block[(_stems + stem) * _channels + c].AsSpan(0, length), _scratch);
                if (_hasMixture)
                {
                    _mixture[stem].Add(truth, block[2 * _stems * _channels + c].AsSpan(0, length), _scratch);
                }
            }
        }

        for (int signal = 0; signal < 2 * _stems; signal++)
        {
            _audible[signal] |= Silence.IsAudible(block.AsSpan(signal * _channels, _channels), length);
        }

        _correlations?.Add(block, length);
    }
}

/// <summary>Sums from which signal-to-noise ratios follow.</summary>
internal struct EnergySums
{
    private double _signal;
    private double _noise;
    private double _product;
    private double _estimate;

    /// <summary>Takes more samples.</summary>
    /// <param name="truth">True samples.</param>
    /// <param name="estimate">Estimated samples, as many.</param>
    /// <param name="scratch">At least as long.</param>
    public void Add(ReadOnlySpan<double> truth, ReadOnlySpan<double> estimate, Span<double> scratch)
    {
        Span<double> difference = scratch[..truth.Length];
        TensorPrimitives.Subtract(truth, estimate, difference);
        _signal += TensorPrimitives.SumOfSquares(truth);
        _noise += TensorPrimitives.SumOfSquares<double>(difference);
        _product += TensorPrimitives.Dot(truth, estimate);
        _estimate += TensorPrimitives.SumOfSquares(estimate);
    }

    /// <summary>10·log10(Σs²/Σ(s − ŝ)²).</summary>
    public readonly double Snr => Decibels.Ratio(_signal, _noise);

    /// <summary>|αs|²/|αs − ŝ|² with the best gain α.</summary>
    public readonly double SiSdr => Decibels.ScaleInvariant(_signal, _product, _estimate);
}

/// <summary>What counts as silence.</summary>
internal static class Silence
{
    /// <summary>
    /// Whether any sample's channels add up to something: museval's test, which takes a recording with opposite
    /// channels for silent, too.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool IsAudible(ReadOnlySpan<double[]> channels, int length)
    {
        for (int i = 0; i < length; i++)
        {
            double sum = 0;
            foreach (double[] channel in channels)
            {
                sum += channel[i];
            }

            if (sum != 0)
            {
                return true;
            }
        }

        return false;
    }
}
