using Stemsharp.Signal;

namespace Stemsharp.Cli.Evaluation;

/// <summary>
/// Power over time and frequency of a reference, its estimate and their difference: Hann windows of 2,048
/// samples, averaged into the picture's columns; rows are spaced evenly on a logarithmic axis. 0 dB is a sine
/// of full scale.
/// </summary>
internal sealed class Spectrogram
{
    /// <summary>Rows of a picture.</summary>
    internal const int Rows = 112;

    /// <summary>Lowest frequency shown, in Hz.</summary>
    internal const double LowestFrequency = 40;

    private const int Window = 2048;

    private readonly long _length;
    private readonly int _columns;
    private readonly int _step;
    private readonly SoundPicture[] _pictures;
    private readonly FourierTransform _transform = new(Window);
    private readonly HalfSpectrum _truth = new(Window / 2 + 1);
    private readonly HalfSpectrum _guess = new(Window / 2 + 1);
    private readonly double[] _hann = new double[Window];
    private readonly double[] _pendingTruth = new double[Window];
    private readonly double[] _pendingGuess = new double[Window];
    private readonly double[] _first = new double[Window];
    private readonly double[] _second = new double[Window];
    private readonly double[] _bins = new double[Rows + 1];
    private readonly int[] _windows;
    private int _held;
    private long _start;

    /// <summary>Prepares for pictures of the given length.</summary>
    /// <param name="columns">Their width.</param>
    /// <param name="length">Samples in the recording.</param>
    /// <param name="sampleRate">In Hz.</param>
    /// <param name="pictures">Receive reference, estimate and difference.</param>
    internal Spectrogram(int columns, long length, int sampleRate, params SoundPicture[] pictures)
    {
        _columns = columns;
        _length = length;
        _pictures = pictures;
        _step = (int)Math.Clamp(length / columns, 64, Window / 2);
        _windows = new int[columns];
        for (int i = 0; i < Window; i++)
        {
            _hann[i] = 0.5 - 0.5 * Math.Cos(2 * Math.PI * i / Window);
        }

        double top = HighestFrequency(sampleRate);
        for (int row = 0; row <= Rows; row++)
        {
            _bins[row] = LowestFrequency * Math.Pow(top / LowestFrequency, (double)row / Rows) * Window / sampleRate;
        }
    }

    /// <summary>Highest frequency shown: 16 kHz or half the rate.</summary>
    internal static double HighestFrequency(int sampleRate) => Math.Min(16000, sampleRate / 2.0);

    /// <summary>Takes more samples.</summary>
    internal void Add(ReadOnlySpan<double> truth, ReadOnlySpan<double> guess)
    {
        while (truth.Length > 0)
        {
            int count = Math.Min(truth.Length, Window - _held);
            truth[..count].CopyTo(_pendingTruth.AsSpan(_held));
            guess[..count].CopyTo(_pendingGuess.AsSpan(_held));
            truth = truth[count..];
            guess = guess[count..];
            _held += count;
            if (_held == Window)
            {
                Advance();
            }
        }
    }

    /// <summary>Shows the end, fills columns that no window fell into, and turns sums into averages.</summary>
    internal void Complete()
    {
        Array.Clear(_pendingTruth, _held, Window - _held);
        Array.Clear(_pendingGuess, _held, Window - _held);
        Advance();
        int last = 0;
        for (int column = 0; column < _columns; column++)
        {
            if (_windows[column] > 0)
            {
                last = column;
            }

            foreach (SoundPicture picture in _pictures)
            {
                if (last != column)
                {
                    picture.Power[last].CopyTo(picture.Power[column], 0);
                }
                else
                {
                    for (int row = 0; row < Rows; row++)
                    {
                        picture.Power[column][row] /= Math.Max(1, _windows[column]);
                    }
                }
            }
        }
    }

    private void Advance()
    {
        for (int i = 0; i < Window; i++)
        {
            _first[i] = _hann[i] * _pendingTruth[i];
            _second[i] = _hann[i] * _pendingGuess[i];
        }

        _transform.ForwardPair(_first, _second, _truth, _guess);
        int column = (int)Math.Min(_columns - 1, (_start + Window / 2) * _columns / Math.Max(1, _length));
        _windows[column]++;
        for (int row = 0; row < Rows; row++)
        {
            int low = Math.Min(Window / 2, (int)Math.Round(_bins[row]));
            int high = Math.Clamp((int)Math.Round(_bins[row + 1]), low + 1, Window / 2 + 1);
            double truth = 0, guess = 0, error = 0;
            for (int bin = low; bin < high; bin++)
            {
                double re = _guess.Real[bin] - _truth.Real[bin], im = _guess.Imaginary[bin] - _truth.Imaginary[bin];
                truth = Math.Max(truth, _truth.Real[bin] * _truth.Real[bin] + _truth.Imaginary[bin] * _truth.Imaginary[bin]);
                guess = Math.Max(guess, _guess.Real[bin] * _guess.Real[bin] + _guess.Imaginary[bin] * _guess.Imaginary[bin]);
                error = Math.Max(error, re * re + im * im);
            }

            // A full-scale sine reaches (Window/4)² under a Hann window.
            const double scale = 16.0 / Window / Window;
            _pictures[0].Power[column][row] += scale * truth;
            _pictures[1].Power[column][row] += scale * guess;
            _pictures[2].Power[column][row] += scale * error;
        }

        Array.Copy(_pendingTruth, _step, _pendingTruth, 0, Window - _step);
        Array.Copy(_pendingGuess, _step, _pendingGuess, 0, Window - _step);
        _held = Window - _step;
        _start += _step;
    }
}
