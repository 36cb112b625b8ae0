using System.Globalization;

namespace Stemsharp.Cli.Evaluation;

/// <summary>Scores as text.</summary>
internal static class ScoreText
{
    /// <summary>Two decimals; a dash for what is undefined, ∞ for what is perfect.</summary>
    internal static string Decibels(double value) => value switch
    {
        double.NaN => "–",
        double.PositiveInfinity => "∞",
        double.NegativeInfinity => "−∞",
        _ => value.ToString("0.00", CultureInfo.InvariantCulture).Replace('-', '−'),
    };

    /// <summary>A plain number for machines; empty for what is undefined.</summary>
    internal static string Plain(double value) =>
        double.IsFinite(value) ? Math.Round(value, 5).ToString(CultureInfo.InvariantCulture) : "";
}
