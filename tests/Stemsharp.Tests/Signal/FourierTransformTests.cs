using Stemsharp.Signal;
using Stemsharp.Tests.Evaluation;
using Xunit;

namespace Stemsharp.Tests.Signal;

public class FourierTransformTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(16)]
    [InlineData(128)]
    public void Spectrum_equals_its_definition(int size)
    {
        FourierTransform transform = new(size);
        double[] real = BssEvalCases.Noise(1, size);
        double[] imaginary = BssEvalCases.Noise(2, size);
        (double[] inReal, double[] inImaginary) = ([.. real], [.. imaginary]);
        transform.Forward(real, imaginary);
        for (int k = 0; k < size; k++)
        {
            double sumReal = 0, sumImaginary = 0;
            for (int n = 0; n < size; n++)
            {
                (double sine, double cosine) = Math.SinCos(-2 * Math.PI * ((long)n * k % size) / size);
                sumReal += inReal[n] * cosine - inImaginary[n] * sine;
                sumImaginary += inReal[n] * sine + inImaginary[n] * cosine;
            }

            Assert.Equal(sumReal, real[k], 11);
            Assert.Equal(sumImaginary, imaginary[k], 11);
        }

        transform.Inverse(real, imaginary);
        for (int n = 0; n < size; n++)
        {
            Assert.Equal(inReal[n], real[n], 13);
            Assert.Equal(inImaginary[n], imaginary[n], 13);
        }
    }

    [Fact]
    public void A_pair_of_real_signals_goes_there_and_back()
    {
        const int size = 64;
        FourierTransform transform = new(size);
        double[] first = BssEvalCases.Noise(1, size), second = BssEvalCases.Noise(2, size);
        double[] alone = [.. first];
        double[] nothing = new double[size];
        transform.Forward(alone, nothing);

        HalfSpectrum one = new(transform.Bins), two = new(transform.Bins);
        transform.ForwardPair([.. first], [.. second], one, two);
        for (int bin = 0; bin < transform.Bins; bin++)
        {
            Assert.Equal(alone[bin], one.Real[bin], 12);
            Assert.Equal(nothing[bin], one.Imaginary[bin], 12);
        }

        double[] firstBack = new double[size], secondBack = new double[size];
        transform.InversePair(one, two, firstBack, secondBack);
        for (int n = 0; n < size; n++)
        {
            Assert.Equal(first[n], firstBack[n], 13);
            Assert.Equal(second[n], secondBack[n], 13);
        }
    }
}
