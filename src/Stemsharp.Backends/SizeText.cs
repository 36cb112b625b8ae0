using System.Globalization;

namespace Stemsharp.Backends;

/// <summary>Sizes as people write them on a command line.</summary>
internal static class SizeText
{
    /// <summary>Bytes: "500M", "2G", "1.5 GiB", "300000000"; K, M, G, T are powers of 1000, Ki, Mi, Gi, Ti of 1024.</summary>
    /// <exception cref="OptionException">It is not a size.</exception>
    internal static long Bytes(string option, string text)
    {
        string value = text.Trim();
        if (value.EndsWith('B') || value.EndsWith('b'))
        {
            value = value[..^1];
        }

        double unit = 1;
        bool binary = value.Length > 1 && value[^1] == 'i';
        if (binary)
        {
            value = value[..^1];
        }

        int power = value.Length > 0 ? "KMGT".IndexOf(char.ToUpperInvariant(value[^1])) + 1 : 0;
        if (power > 0)
        {
            unit = Math.Pow(binary ? 1024 : 1000, power);
            value = value[..^1];
        }

        if ((binary && power == 0)
            || !double.TryParse(value.Trim(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number)
            || number * unit is < 1 or > 1e15)
        {
            throw new OptionException($"{option} \"{text}\" is no size; write bytes with a unit: 500M, 2G, 1.5Gi.");
        }

        return (long)(number * unit);
    }
}
