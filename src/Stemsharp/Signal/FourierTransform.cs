using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Stemsharp.Signal;

/// <summary>
/// A complex fast Fourier transform in double precision, radix 2, decimation in time, on separate real and
/// imaginary arrays. Scores are sums over whole songs, so that single precision would show in them.
/// </summary>
internal sealed class FourierTransform
{
    private readonly int[] _reversed;
    private readonly double[][] _cosines;
    private readonly double[][] _sines;

    /// <summary>Prepares tables.</summary>
    /// <param name="size">A power of two, at least 2.</param>
    public FourierTransform(int size)
    {
        Size = size;
        int stages = BitOperations.Log2((uint)size);
        _reversed = new int[size];
        for (int i = 1; i < size; i++)
        {
            _reversed[i] = (_reversed[i >> 1] >> 1) | ((i & 1) << (stages - 1));
        }

        _cosines = new double[stages][];
        _sines = new double[stages][];
        for (int stage = 0; stage < stages; stage++)
        {
            int half = 1 << stage;
            _cosines[stage] = new double[half];
            _sines[stage] = new double[half];
            for (int i = 0; i < half; i++)
            {
                (_sines[stage][i], _cosines[stage][i]) = Math.SinCos(-Math.PI * i / half);
            }
        }
    }

    /// <summary>Points N.</summary>
    public int Size { get; }

    /// <summary>Bins of a real signal's spectrum, N/2 + 1.</summary>
    public int Bins => Size / 2 + 1;

    /// <summary>Σ x[n]·exp(−2πi·nk/N) in place, without scaling.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Forward(Span<double> real, Span<double> imaginary)
    {
        for (int i = 0; i < Size; i++)
        {
            int other = _reversed[i];
            if (other <= i)
            {
                continue;
            }

            (real[i], real[other]) = (real[other], real[i]);
            (imaginary[i], imaginary[other]) = (imaginary[other], imaginary[i]);
        }

        for (int stage = 0; stage < _cosines.Length; stage++)
        {
            int half = 1 << stage;
            for (int group = 0; group < Size; group += 2 * half)
            {
                Butterflies(
                    real.Slice(group, half), imaginary.Slice(group, half),
                    real.Slice(group + half, half), imaginary.Slice(group + half, half),
                    _cosines[stage], _sines[stage]);
            }
        }
    }

    /// <summary>The inverse of <see cref="Forward"/>, scaled by 1/N, in place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Inverse(Span<double> real, Span<double> imaginary)
    {
        // Exchanging the parts conjugates, up to a factor of i that the second exchange takes back.
        Forward(imaginary, real);
        double scale = 1.0 / Size;
        for (int i = 0; i < Size; i++)
        {
            real[i] *= scale;
            imaginary[i] *= scale;
        }
    }

    /// <summary>The spectra of two real signals for the price of one transform.</summary>
    /// <param name="first">N samples; scratch afterwards.</param>
    /// <param name="second">N samples; scratch afterwards.</param>
    /// <param name="firstSpectrum">Receives <see cref="Bins"/> bins.</param>
    /// <param name="secondSpectrum">Receives <see cref="Bins"/> bins.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void ForwardPair(Span<double> first, Span<double> second, HalfSpectrum firstSpectrum, HalfSpectrum secondSpectrum)
    {
        Forward(first, second);
        for (int bin = 0; bin < Bins; bin++)
        {
            int mirror = (Size - bin) & (Size - 1);
            firstSpectrum.Real[bin] = 0.5 * (first[bin] + first[mirror]);
            firstSpectrum.Imaginary[bin] = 0.5 * (second[bin] - second[mirror]);
            secondSpectrum.Real[bin] = 0.5 * (second[bin] + second[mirror]);
            secondSpectrum.Imaginary[bin] = 0.5 * (first[mirror] - first[bin]);
        }
    }

    /// <summary>The inverse of <see cref="ForwardPair"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void InversePair(HalfSpectrum firstSpectrum, HalfSpectrum secondSpectrum, Span<double> first, Span<double> second)
    {
        for (int bin = 0; bin < Bins; bin++)
        {
            int mirror = (Size - bin) & (Size - 1);
            first[mirror] = firstSpectrum.Real[bin] + secondSpectrum.Imaginary[bin];
            second[mirror] = secondSpectrum.Real[bin] - firstSpectrum.Imaginary[bin];
            first[bin] = firstSpectrum.Real[bin] - secondSpectrum.Imaginary[bin];
            second[bin] = firstSpectrum.Imaginary[bin] + secondSpectrum.Real[bin];
        }

        Inverse(first, second);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Butterflies(
        Span<double> upReal, Span<double> upImaginary, Span<double> downReal, Span<double> downImaginary,
        ReadOnlySpan<double> cosines, ReadOnlySpan<double> sines)
    {
        int done = 0;
        if (upReal.Length >= Vector<double>.Count)
        {
            Span<Vector<double>> ur = MemoryMarshal.Cast<double, Vector<double>>(upReal);
            Span<Vector<double>> ui = MemoryMarshal.Cast<double, Vector<double>>(upImaginary);
            Span<Vector<double>> dr = MemoryMarshal.Cast<double, Vector<double>>(downReal);
            Span<Vector<double>> di = MemoryMarshal.Cast<double, Vector<double>>(downImaginary);
            ReadOnlySpan<Vector<double>> wr = MemoryMarshal.Cast<double, Vector<double>>(cosines);
            ReadOnlySpan<Vector<double>> wi = MemoryMarshal.Cast<double, Vector<double>>(sines);
            for (int i = 0; i < ur.Length; i++)
            {
                Vector<double> real = dr[i] * wr[i] - di[i] * wi[i];
                Vector<double> imaginary = dr[i] * wi[i] + di[i] * wr[i];
                dr[i] = ur[i] - real;
                di[i] = ui[i] - imaginary;
                ur[i] += real;
                ui[i] += imaginary;
            }

            done = ur.Length * Vector<double>.Count;
        }

        for (int i = done; i < upReal.Length; i++)
        {
            double real = downReal[i] * cosines[i] - downImaginary[i] * sines[i];
            double imaginary = downReal[i] * sines[i] + downImaginary[i] * cosines[i];
            downReal[i] = upReal[i] - real;
            downImaginary[i] = upImaginary[i] - imaginary;
            upReal[i] += real;
            upImaginary[i] += imaginary;
        }
    }
}
