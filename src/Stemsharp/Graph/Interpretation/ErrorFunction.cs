namespace Stemsharp.Graph.Interpretation;

/// <summary>The complementary error function in double precision.</summary>
internal static class ErrorFunction
{
    /// <summary>
    /// erfc(x) to about 1e-15 relative: the Maclaurin series of erf for small |x|, the continued fraction of
    /// erfc (Abramowitz and Stegun 7.1.14) beyond.
    /// </summary>
    public static double Complement(double x)
    {
        double a = Math.Abs(x);
        double result = a < 2.5 ? 1 - Series(a) : a > 27 ? 0 : Fraction(a);
        return x < 0 ? 2 - result : result;
    }

    // erf(a) = 2/√π · e^(−a²) · Σ 2ⁿ a^(2n+1) / (1·3·…·(2n+1)): all terms positive, no cancellation.
    private static double Series(double a)
    {
        double term = a, sum = a;
        for (int n = 1; term > 1e-17 * sum; n++)
        {
            sum += term *= 2 * a * a / (2 * n + 1);
        }

        return 2 / Math.Sqrt(Math.PI) * Math.Exp(-a * a) * sum;
    }

    private static double Fraction(double a)
    {
        double tail = 0;
        for (int n = 80; n > 0; n--)
        {
            tail = n / 2.0 / (a + tail);
        }

        return Math.Exp(-a * a) / Math.Sqrt(Math.PI) / (a + tail);
    }
}
