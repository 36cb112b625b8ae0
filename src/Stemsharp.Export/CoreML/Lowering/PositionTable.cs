using Stemsharp.Graph;

namespace Stemsharp.Export.CoreML.Lowering;

/// <summary>
/// A table of waves along time, every cosine with the sine of the same angle in another channel, is the
/// rotation of a fine table by a coarse one: cos(a + b) = cos a·cos b − sin a·sin b. That stores √L times less.
/// </summary>
internal static class PositionTable
{
    private const int ShortestWorthIt = 64;

    /// <summary>
    /// Coarse [A, C] and fine [B, C] parts: table[a·B + b] = CoarseCos[a]·FineOwn[b] + CoarseSin[a]·FineOther[b]. A·B may be
    /// more than the table's length.
    /// </summary>
    public sealed record Parts(int Coarse, int Fine, int Channels)
    {
        public float[] CoarseCos { get; } = new float[Coarse * Channels];

        public float[] CoarseSin { get; } = new float[Coarse * Channels];

        public float[] FineOwn { get; } = new float[Fine * Channels];

        public float[] FineOther { get; } = new float[Fine * Channels];
    }

    /// <summary>The parts of a [C, L] or [C, 1, L] table, or null when it is not made of such waves or too short to gain by it.</summary>
    public static Parts? Separate(Table table)
    {
        int channels = table.Shape.Channels, half = channels / 2, length = table.Shape.Last;
        if (table.Shape.Positions != length || channels % 2 != 0 || length < ShortestWorthIt)
        {
            return null;
        }

        int fine = length;
        for (int d = 8; d * d <= length; d++)
        {
            if (length % d == 0)
            {
                fine = length / d;
            }
        }
        // A length without a divisor of use is cut from a longer table.
        if (fine == length)
        {
            fine = (int)Math.Ceiling(Math.Sqrt(length));
        }

        return Separate(table, fine, i => (i, half + i)) ?? Separate(table, fine, i => (2 * i + 1, 2 * i));
    }

    /// <summary>[C, …] to [… , C].</summary>
    public static float[] ChannelsLast(Table table)
    {
        int channels = table.Shape.Channels, positions = table.Shape.Positions;
        float[] result = new float[table.Data.Length];
        for (int c = 0; c < channels; c++)
        {
            for (int p = 0; p < positions; p++)
            {
                result[p * channels + c] = (float)table.Data[c * positions + p];
            }
        }

        return result;
    }

    // pair says which channels are the cosine and the sine of angle number i; channels of zeros fit any pair.
    private static Parts? Separate(Table table, int fine, Func<int, (int Cos, int Sin)> pair)
    {
        int channels = table.Shape.Channels, length = table.Shape.Last;
        double[] data = table.Data;
        Parts parts = new((length + fine - 1) / fine, fine, channels);
        for (int i = 0; i < channels / 2; i++)
        {
            (int cos, int sin) = pair(i);
            double weight = data[cos * length], tolerance = 1e-9 * Math.Abs(weight);
            for (int a = 0; a < parts.Coarse; a++)
            {
                double c = weight == 0 ? 0 : data[cos * length + a * fine] / weight, s = weight == 0 ? 0 : data[sin * length + a * fine] / weight;
                for (int b = 0; b < Math.Min(fine, length - a * fine); b++)
                {
                    double x = data[cos * length + b], y = data[sin * length + b];
                    if (Math.Abs(c * x - s * y - data[cos * length + a * fine + b]) > tolerance || Math.Abs(c * y + s * x - data[sin * length + a * fine + b]) > tolerance)
                    {
                        return null;
                    }

                    (parts.FineOwn[b * channels + cos], parts.FineOther[b * channels + cos]) = ((float)x, (float)y);
                    (parts.FineOwn[b * channels + sin], parts.FineOther[b * channels + sin]) = ((float)y, (float)x);
                }

                (parts.CoarseCos[a * channels + cos], parts.CoarseSin[a * channels + cos]) = ((float)c, (float)-s);
                (parts.CoarseCos[a * channels + sin], parts.CoarseSin[a * channels + sin]) = ((float)c, (float)s);
            }
        }

        return parts;
    }
}
