using System.Runtime.CompilerServices;
using Stemsharp.Signal;

namespace Stemsharp.Evaluation;

/// <summary>
/// Inner products between signals and delayed reference channels, for delays 0 … taps − 1, collected block by
/// block over recordings of any length: r[x, b][τ] = Σ x[n + τ]·b[n], zeros beyond both ends.
/// </summary>
internal sealed class DelayCorrelations
{
    private readonly int _references;
    private readonly int _channels;
    private readonly FourierTransform _transform;
    private readonly double[][] _pending;
    private readonly HalfSpectrum[] _long;
    private readonly HalfSpectrum[] _short;
    private readonly HalfSpectrum[] _products;
    private readonly double[] _first;
    private readonly double[] _second;
    private int _held;

    /// <summary>Prepares for a number of channels, the references first.</summary>
    /// <param name="references">Channels that are delayed.</param>
    /// <param name="others">Further channels that are only compared with them.</param>
    /// <param name="taps">Delays, from 0.</param>
    public DelayCorrelations(int references, int others, int taps)
    {
        _references = references;
        _channels = references + others;
        Taps = taps;
        _transform = new FourierTransform(4 * (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)taps));
        Block = _transform.Size - taps + 1;
        _pending = new double[_channels][];
        for (int c = 0; c < _channels; c++)
        {
            _pending[c] = new double[_transform.Size];
        }

        _long = HalfSpectrum.Array(_channels, _transform.Bins);
        _short = HalfSpectrum.Array(_channels, _transform.Bins);
        _products = HalfSpectrum.Array(_channels * references, _transform.Bins);
        _first = new double[_transform.Size];
        _second = new double[_transform.Size];
    }

    /// <summary>Delays.</summary>
    public int Taps { get; }

    /// <summary>Samples that one transform covers.</summary>
    private int Block { get; }

    /// <summary>Appends samples.</summary>
    /// <param name="signals">[channel][sample], the references' channels first.</param>
    /// <param name="count">Samples to take from each.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add(double[][] signals, int count)
    {
        int full = Block + Taps - 1;
        int taken = 0;
        while (taken < count)
        {
            int part = Math.Min(count - taken, full - _held);
            for (int c = 0; c < _channels; c++)
            {
                signals[c].AsSpan(taken, part).CopyTo(_pending[c].AsSpan(_held));
            }

            _held += part;
            taken += part;
            if (_held == full)
            {
                Advance();
            }
        }
    }

    /// <summary>Takes the recording's end into account; call once, after the last <see cref="Add"/>.</summary>
    public void Complete()
    {
        while (_held > 0)
        {
            for (int c = 0; c < _channels; c++)
            {
                Array.Clear(_pending[c], _held, _pending[c].Length - _held);
            }

            Advance();
        }
    }

    /// <summary>r[signal, reference][τ] for τ = 0 … taps − 1.</summary>
    /// <param name="signal">A channel, references first.</param>
    /// <param name="reference">A reference channel.</param>
    public double[] Lags(int signal, int reference)
    {
        HalfSpectrum nothing = new(_transform.Bins);
        _transform.InversePair(_products[signal * _references + reference], nothing, _first, _second);
        return _first.AsSpan(0, Taps).ToArray();
    }

    /// <summary>Correlates the first block of what is held with all of it, then drops that block.</summary>
    private void Advance()
    {
        for (int c = 0; c < _channels; c++)
        {
            _pending[c].CopyTo(_first, 0);
            Array.Clear(_second);
            Array.Copy(_pending[c], _second, Block);
            _transform.ForwardPair(_first, _second, _long[c], _short[c]);
        }

        for (int signal = 0; signal < _channels; signal++)
        {
            for (int reference = 0; reference < _references; reference++)
            {
                _products[signal * _references + reference].AddProductWithConjugate(_long[signal], _short[reference], _first.AsSpan(0, _transform.Bins));
            }
        }

        int rest = Math.Max(0, _held - Block);
        for (int c = 0; c < _channels; c++)
        {
            Array.Copy(_pending[c], Block, _pending[c], 0, rest);
        }

        _held = rest;
    }
}
