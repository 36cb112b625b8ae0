using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Stemsharp.Signal;

namespace Stemsharp.Evaluation;

/// <summary>
/// Splits estimates, frame by frame, into the true stem, what filtering it explains, what filtering all stems
/// explains, and the rest. The filters belong to the whole track: that is what version 4 of BSS eval changed.
/// </summary>
internal sealed class FrameDecomposition
{
    private readonly int _stems;
    private readonly int _channels;
    private readonly int _taps;
    private readonly FourierTransform _transform;
    private readonly HalfSpectrum[] _references;
    private readonly HalfSpectrum[,] _joint;
    private readonly HalfSpectrum[,] _own;
    private readonly HalfSpectrum _jointProduct;
    private readonly HalfSpectrum _ownProduct;
    private readonly double[] _first;
    private readonly double[] _second;
    private double[][] _jointImage = [];
    private double[][] _ownImage = [];

    /// <summary>Computes the filters.</summary>
    /// <param name="stems">Stems whose references and estimates were correlated.</param>
    /// <param name="channels">Channels of each.</param>
    /// <param name="lags">r[signal, reference][τ] of the channels; signals are the references, then the estimates.</param>
    /// <param name="taps">Filter length.</param>
    public FrameDecomposition(int stems, int channels, Func<int, int, double[]> lags, int taps)
    {
        _stems = stems;
        _channels = channels;
        _taps = taps;
        _transform = new FourierTransform(4 * (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)taps));
        int all = stems * channels;
        _references = HalfSpectrum.Array(all, _transform.Bins);
        _jointProduct = new HalfSpectrum(_transform.Bins);
        _ownProduct = new HalfSpectrum(_transform.Bins);
        _first = new double[_transform.Size];
        _second = new double[_transform.Size];

        double[][][] correlations = Table(all, all, (a, b) => lags(a, b));
        double[][][] targets = Table(all, all, (a, t) => lags(all + t, a));
        _joint = Spectra(BlockToeplitzSolver.Solve(correlations, targets));
        _own = new HalfSpectrum[channels, all];
        for (int stem = 0; stem < stems; stem++)
        {
            int at = stem * channels;
            HalfSpectrum[,] spectra = Spectra(BlockToeplitzSolver.Solve(
                Table(channels, channels, (a, b) => correlations[at + a][at + b]),
                Table(channels, channels, (a, t) => targets[at + a][at + t])));
            for (int a = 0; a < channels; a++)
            {
                for (int t = 0; t < channels; t++)
                {
                    _own[a, at + t] = spectra[a, t];
                }
            }
        }
    }

    /// <summary>The scores of every stem in one frame.</summary>
    /// <param name="references">[stem · channels + channel][sample].</param>
    /// <param name="estimates">Likewise.</param>
    /// <param name="length">Samples in the frame.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public FrameScores[] Scores(double[][] references, double[][] estimates, int length)
    {
        Project(references, length);
        FrameScores[] scores = new FrameScores[_stems];
        for (int stem = 0; stem < _stems; stem++)
        {
            double signal = 0, distortion = 0, spatial = 0, own = 0, interference = 0, joint = 0, artefacts = 0;
            for (int c = stem * _channels; c < (stem + 1) * _channels; c++)
            {
                for (int i = 0; i < length + _taps - 1; i++)
                {
                    double truth = i < length ? references[c][i] : 0;
                    double estimate = i < length ? estimates[c][i] : 0;
                    double ownImage = _ownImage[c][i];
                    double jointImage = _jointImage[c][i];
                    signal += truth * truth;
                    distortion += Square(estimate - truth);
                    spatial += Square(ownImage - truth);
                    own += ownImage * ownImage;
                    interference += Square(jointImage - ownImage);
                    joint += jointImage * jointImage;
                    artefacts += Square(estimate - jointImage);
                }
            }

            scores[stem] = new FrameScores(
                Decibels.Ratio(signal, distortion), Decibels.Ratio(signal, spatial),
                Decibels.Ratio(own, interference), Decibels.Ratio(joint, artefacts));
        }

        return scores;
    }

    private static double Square(double value) => value * value;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double[][][] Table(int rows, int columns, Func<int, int, double[]> entry)
    {
        double[][][] table = new double[rows][][];
        for (int a = 0; a < rows; a++)
        {
            table[a] = new double[columns][];
            for (int b = 0; b < columns; b++)
            {
                table[a][b] = entry(a, b);
            }
        }

        return table;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private HalfSpectrum[,] Spectra(double[][][] filters)
    {
        int columns = filters[0].Length;
        HalfSpectrum[,] spectra = new HalfSpectrum[filters.Length, columns];
        HalfSpectrum nothing = new(_transform.Bins);
        for (int a = 0; a < filters.Length; a++)
        {
            for (int t = 0; t < columns; t++)
            {
                Array.Clear(_first);
                Array.Clear(_second);
                filters[a][t].CopyTo(_first, 0);
                spectra[a, t] = new HalfSpectrum(_transform.Bins);
                _transform.ForwardPair(_first, _second, spectra[a, t], nothing);
            }
        }

        return spectra;
    }

    /// <summary>Fills the images: the frame's references, zeros around them, through both sets of filters.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Project(double[][] references, int length)
    {
        int all = _stems * _channels;
        int block = _transform.Size - _taps + 1;
        int capacity = length + _transform.Size;
        if (_jointImage.Length == 0 || _jointImage[0].Length < capacity)
        {
            _jointImage = NewImages(all, capacity);
            _ownImage = NewImages(all, capacity);
        }

        for (int c = 0; c < all; c++)
        {
            Array.Clear(_jointImage[c]);
            Array.Clear(_ownImage[c]);
        }

        for (int start = 0; start < length; start += block)
        {
            int count = Math.Min(block, length - start);
            for (int c = 0; c < all; c += 2)
            {
                Load(references[c], start, count, _first);
                // An odd last channel shares its transform with itself.
                int partner = Math.Min(c + 1, all - 1);
                Load(references[partner], start, count, _second);
                _transform.ForwardPair(_first, _second, _references[c], _references[partner]);
            }

            for (int t = 0; t < all; t++)
            {
                _jointProduct.Clear();
                _ownProduct.Clear();
                Span<double> scratch = _first.AsSpan(0, _transform.Bins);
                for (int a = 0; a < all; a++)
                {
                    _jointProduct.AddProduct(_joint[a, t], _references[a], scratch);
                }

                int stemStart = t / _channels * _channels;
                for (int a = 0; a < _channels; a++)
                {
                    _ownProduct.AddProduct(_own[a, t], _references[stemStart + a], scratch);
                }

                _transform.InversePair(_jointProduct, _ownProduct, _first, _second);
                Accumulate(_first, _jointImage[t].AsSpan(start, _transform.Size));
                Accumulate(_second, _ownImage[t].AsSpan(start, _transform.Size));
            }
        }
    }

    private static void Load(double[] source, int start, int count, double[] destination)
    {
        Array.Copy(source, start, destination, 0, count);
        Array.Clear(destination, count, destination.Length - count);
    }

    private static void Accumulate(double[] source, Span<double> destination) =>
        TensorPrimitives.Add(source, destination, destination);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double[][] NewImages(int count, int length)
    {
        double[][] images = new double[count][];
        for (int c = 0; c < count; c++)
        {
            images[c] = new double[length];
        }

        return images;
    }
}
