using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace Stemsharp.Signal;

/// <summary>The spectrum of a real signal: N/2 + 1 bins, real and imaginary parts apart.</summary>
internal readonly struct HalfSpectrum(int bins)
{
    /// <summary>Real parts.</summary>
    public double[] Real { get; } = new double[bins];

    /// <summary>Imaginary parts.</summary>
    public double[] Imaginary { get; } = new double[bins];

    /// <summary>As many spectra of zeros.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static HalfSpectrum[] Array(int count, int bins)
    {
        HalfSpectrum[] spectra = new HalfSpectrum[count];
        for (int i = 0; i < count; i++)
        {
            spectra[i] = new HalfSpectrum(bins);
        }

        return spectra;
    }

    /// <summary>Sets every bin to zero.</summary>
    public void Clear()
    {
        System.Array.Clear(Real);
        System.Array.Clear(Imaginary);
    }

    /// <summary>Adds <paramref name="first"/> · <paramref name="second"/>, bin by bin: convolution.</summary>
    public void AddProduct(HalfSpectrum first, HalfSpectrum second, Span<double> scratch)
    {
        TensorPrimitives.MultiplyAdd(first.Real, second.Real, Real, Real);
        TensorPrimitives.MultiplyAdd(first.Real, second.Imaginary, Imaginary, Imaginary);
        TensorPrimitives.MultiplyAdd(first.Imaginary, second.Real, Imaginary, Imaginary);
        TensorPrimitives.Multiply(first.Imaginary, second.Imaginary, scratch);
        TensorPrimitives.Subtract(Real, scratch, Real);
    }

    /// <summary>Adds <paramref name="first"/> · conj(<paramref name="second"/>), bin by bin: correlation.</summary>
    public void AddProductWithConjugate(HalfSpectrum first, HalfSpectrum second, Span<double> scratch)
    {
        TensorPrimitives.MultiplyAdd(first.Real, second.Real, Real, Real);
        TensorPrimitives.MultiplyAdd(first.Imaginary, second.Imaginary, Real, Real);
        TensorPrimitives.MultiplyAdd(first.Imaginary, second.Real, Imaginary, Imaginary);
        TensorPrimitives.Multiply(first.Real, second.Imaginary, scratch);
        TensorPrimitives.Subtract(Imaginary, scratch, Imaginary);
    }
}
