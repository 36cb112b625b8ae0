using System.Globalization;

namespace Stemsharp.Checkpoints;

/// <summary>An exact ratio, as segments are given: 39/5 of a second. The denominator is positive.</summary>
internal readonly record struct Fraction(long Numerator, long Denominator)
{
    public double Value => (double)Numerator / Denominator;

    /// <summary>The whole part of this many seconds in samples, exactly.</summary>
    public long Samples(int sampleRate) => (long)((Int128)Numerator * sampleRate / Denominator);

    /// <summary>Reads <c>39/5</c>, <c>10</c> or <c>7.8</c>.</summary>
    public static bool TryParse(string text, out Fraction fraction)
    {
        fraction = default;
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash >= 0)
        {
            return long.TryParse(text.AsSpan(0, slash), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long numerator)
                && long.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out long denominator)
                && TryCreate(numerator, denominator, out fraction);
        }

        // A decimal means its written value, as Python's Fraction("7.8") does.
        if (!decimal.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number) || Math.Abs(number) > 1_000_000_000)
        {
            return false;
        }

        long scale = 1;
        while (number != decimal.Truncate(number) && scale < 1_000_000_000)
        {
            number *= 10;
            scale *= 10;
        }

        return TryCreate((long)number, scale, out fraction);
    }

    public static bool TryCreate(long numerator, long denominator, out Fraction fraction)
    {
        fraction = default;
        if (denominator <= 0 || numerator == long.MinValue)
        {
            return false;
        }

        long a = Math.Abs(numerator), b = denominator;
        while (b != 0)
        {
            (a, b) = (b, a % b);
        }

        fraction = new Fraction(numerator / a, denominator / a);
        return true;
    }

    public override string ToString() => Denominator == 1
        ? Numerator.ToString(CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{Numerator}/{Denominator}");
}
