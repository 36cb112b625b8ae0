using System.Numerics;
using System.Runtime.CompilerServices;
using Stemsharp.Simd;

namespace Stemsharp.Signal;

/// <summary>
/// The FFT of real frames, as many at once as a vector has lanes, each packed into half as many complex points: point m is
/// samples 2m and 2m + 1.
/// </summary>
/// <typeparam name="TIsa">The instructions.</typeparam>
/// <typeparam name="T">float or double.</typeparam>
/// <typeparam name="V">Their vector.</typeparam>
internal static unsafe class RealFft<TIsa, T, V>
    where TIsa : struct, ISimd<T, V>
    where T : unmanaged, IFloatingPointIeee754<T>
    where V : struct
{
    /// <summary>Twice the spectra of the packed samples, which are lost.</summary>
    public static void Forward(RealFftTables<T> tables, T* points, SpectrumFrames<TIsa, T, V> spectra)
    {
        BatchFft<TIsa, T, V>.Transform(tables.Fft, points);
        fixed (T* split = tables.Split)
        fixed (int* positions = tables.Fft.PositionOf)
        {
            Split(points, tables.Points, positions, split, spectra);
        }
    }

    /// <summary>
    /// The samples of spectra, times n. Sample 2m is the second and sample 2m + 1 the first part of the point at
    /// <c>tables.Fft.PositionOf[m]</c>.
    /// </summary>
    public static void Inverse(RealFftTables<T> tables, SpectrumFrames<TIsa, T, V> spectra, T* points)
    {
        fixed (T* split = tables.Split)
        {
            Join(spectra, split, points, tables.Points);
        }

        BatchFft<TIsa, T, V>.Transform(tables.Fft, points);
    }

    /// <summary>
    /// Parts the spectrum Z of the packed samples into the spectra of even and odd samples and joins them:
    /// X[k] = E + wᵏO and X[n − k] = conj(E − wᵏO) with 2E = Z[k] + conj Z[n − k], 2iO = Z[k] − conj Z[n − k].
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Split(T* points, int n, int* positions, T* split, SpectrumFrames<TIsa, T, V> spectra)
    {
        int lanes = TIsa.Lanes;
        V two = TIsa.Broadcast(T.CreateTruncating(2)), minusTwo = TIsa.Broadcast(T.CreateTruncating(-2));

        // Bin 0 is the sum of all even and all odd samples, the top bin their difference.
        V even = TIsa.Load(points), odd = TIsa.Load(points + lanes);
        spectra.Store(0, TIsa.Multiply(TIsa.Add(even, odd), two), default);
        spectra.Store(n, TIsa.Multiply(TIsa.Subtract(even, odd), two), default);
        if (n % 2 == 0)
        {
            T* middle = points + (nint)positions[n / 2] * 2 * lanes;
            spectra.Store(n / 2, TIsa.Multiply(TIsa.Load(middle), two), TIsa.Multiply(TIsa.Load(middle + lanes), minusTwo));
        }

        for (int k = 1; k < n - k; k++)
        {
            T* low = points + (nint)positions[k] * 2 * lanes;
            T* high = points + (nint)positions[n - k] * 2 * lanes;
            V a = TIsa.Load(low), b = TIsa.Load(low + lanes);
            V c = TIsa.Load(high), d = TIsa.Load(high + lanes);
            V evenRe = TIsa.Add(a, c), evenIm = TIsa.Subtract(b, d);
            V oddRe = TIsa.Add(b, d), oddIm = TIsa.Subtract(c, a);
            V cos = TIsa.Broadcast(split[2 * k]), sin = TIsa.Broadcast(split[2 * k + 1]);
            V re = TIsa.MultiplySubtract(oddRe, cos, TIsa.Multiply(oddIm, sin));
            V im = TIsa.MultiplyAdd(oddRe, sin, TIsa.Multiply(oddIm, cos));
            spectra.Store(k, TIsa.Add(evenRe, re), TIsa.Add(evenIm, im));
            spectra.Store(n - k, TIsa.Subtract(evenRe, re), TIsa.Subtract(im, evenIm));
        }
    }

    /// <summary>
    /// The way back: Z[k] = E + iO, with real and imaginary parts swapped, so that the forward FFT computes the
    /// inverse one (its result swapped again). Bin 0's and the top bin's imaginary parts have no meaning and are ignored.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Join(SpectrumFrames<TIsa, T, V> spectra, T* split, T* points, int n)
    {
        int lanes = TIsa.Lanes;
        V first = spectra.Load(0, 0), top = spectra.Load(0, n);
        TIsa.Store(points, TIsa.Subtract(first, top));
        TIsa.Store(points + lanes, TIsa.Add(first, top));
        if (n % 2 == 0)
        {
            T* middle = points + (nint)n * lanes;
            TIsa.Store(middle, TIsa.Multiply(spectra.Load(1, n / 2), TIsa.Broadcast(T.CreateTruncating(-2))));
            TIsa.Store(middle + lanes, TIsa.Multiply(spectra.Load(0, n / 2), TIsa.Broadcast(T.CreateTruncating(2))));
        }

        for (int k = 1; k < n - k; k++)
        {
            V a = spectra.Load(0, k), b = spectra.Load(1, k), c = spectra.Load(0, n - k), d = spectra.Load(1, n - k);
            V evenRe = TIsa.Add(a, c), evenIm = TIsa.Subtract(b, d);
            V re = TIsa.Subtract(a, c), im = TIsa.Add(b, d);

            // Times the conjugate of wᵏ.
            V cos = TIsa.Broadcast(split[2 * k]), sin = TIsa.Broadcast(split[2 * k + 1]);
            V oddRe = TIsa.MultiplyAdd(re, cos, TIsa.Multiply(im, sin));
            V oddIm = TIsa.MultiplySubtract(im, cos, TIsa.Multiply(re, sin));
            T* low = points + (nint)k * 2 * lanes;
            T* high = points + (nint)(n - k) * 2 * lanes;
            TIsa.Store(low, TIsa.Add(evenIm, oddRe));
            TIsa.Store(low + lanes, TIsa.Subtract(evenRe, oddIm));
            TIsa.Store(high, TIsa.Subtract(oddRe, evenIm));
            TIsa.Store(high + lanes, TIsa.Add(evenRe, oddIm));
        }
    }
}
