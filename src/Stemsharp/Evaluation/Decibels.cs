namespace Stemsharp.Evaluation;

/// <summary>Ratios of energies.</summary>
internal static class Decibels
{
    /// <summary>10·log10(signal / noise); +∞ without noise, −∞ without signal, NaN without either or of NaN.</summary>
    public static double Ratio(double signal, double noise)
    {
        if (noise <= 0)
        {
            return signal > 0 ? double.PositiveInfinity : double.NaN;
        }

        return 10 * Math.Log10(signal / noise);
    }

    /// <summary>
    /// With α = ⟨ŝ, s⟩/|s|², the ratio |αs|²/|αs − ŝ|², from sums: ⟨ŝ, s⟩²/(|s|²|ŝ|² − ⟨ŝ, s⟩²).
    /// </summary>
    public static double ScaleInvariant(double signal, double product, double estimate) =>
        Ratio(product * product, Math.Max(0, signal * estimate - product * product));
}
