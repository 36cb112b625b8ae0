using System.Numerics;
using System.Runtime.CompilerServices;

namespace Stemsharp.Signal;

/// <summary>The numbers of an FFT of n real samples, which is a complex one of n/2 points: two samples make a point.</summary>
/// <typeparam name="T">float or double.</typeparam>
internal sealed class RealFftTables<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <param name="nfft">Samples n, even.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public RealFftTables(int nfft)
    {
        Fft = new FftTables<T>(nfft / 2);
        Split = new T[(Points + 1) / 2 * 2];
        for (int k = 0; k < Split.Length / 2; k++)
        {
            (double sin, double cos) = Math.SinCos(-2 * Math.PI * k / nfft);
            Split[2 * k] = T.CreateTruncating(cos);
            Split[2 * k + 1] = T.CreateTruncating(sin);
        }
    }

    /// <summary>Complex points n/2.</summary>
    public int Points => Fft.Size;

    public FftTables<T> Fft { get; }

    /// <summary>[⌈n/4⌉][cos, sin] of −2πk/n: what joins the spectra of even and odd samples.</summary>
    public T[] Split { get; }
}
