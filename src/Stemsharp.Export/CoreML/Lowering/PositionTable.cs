using Stemsharp.Graph;

namespace Stemsharp.Export.CoreML.Lowering;

/// <summary>
/// A table of waves along time, channel i a cosine and channel i + C/2 the sine of the same angle, is the
/// rotation of a fine table by a coarse one: cos(a + b) = cos a·cos b − sin a·sin b. That stores √L times less.
/// </summary>
internal static class PositionTable
{
    /// <summary>Coarse [A, C] and fine [B, C] parts: table[a·B + b] = CoarseCos[a]·FineOwn[b] + CoarseSin[a]·FineOther[b].</summary>
    public sealed record Parts(int Coarse, int Fine, int Channels, float[] CoarseCos, float[] CoarseSin, float[] FineOwn, float[] FineOther);

    /// <summary>The parts of a [C, L] table, or null when it is not made of such waves or too short to gain by it.</summary>
    public static Parts? Separate(Table table)
    {
        if (table.Shape.Rank != 2 || table.Shape.Channels % 2 != 0 || table.Shape.Last < 64) return null;
        int channels = table.Shape.Channels, half = channels / 2, length = table.Shape.Last;
        int fine = 0;
        for (int d = 2; d * d <= length; d++) if (length % d == 0) fine = length / d;
        if (fine == 0 || fine > length / 8) return null;
        int coarse = length / fine;
        double[] data = table.Data;
        var parts = new Parts(coarse, fine, channels, new float[coarse * channels], new float[coarse * channels], new float[fine * channels], new float[fine * channels]);
        for (int i = 0; i < half; i++)
        {
            int cos = i * length, sin = (half + i) * length;
            double weight = data[cos];
            if (weight == 0) return null;
            for (int a = 0; a < coarse; a++)
            {
                double c = data[cos + a * fine] / weight, s = data[sin + a * fine] / weight;
                for (int b = 0; b < fine; b++)
                {
                    double x = data[cos + b], y = data[sin + b], tolerance = 1e-9 * Math.Abs(weight);
                    if (Math.Abs(c * x - s * y - data[cos + a * fine + b]) > tolerance || Math.Abs(c * y + s * x - data[sin + a * fine + b]) > tolerance) return null;
                    (parts.FineOwn[b * channels + i], parts.FineOther[b * channels + i]) = ((float)x, (float)y);
                    (parts.FineOwn[b * channels + half + i], parts.FineOther[b * channels + half + i]) = ((float)y, (float)x);
                }

                (parts.CoarseCos[a * channels + i], parts.CoarseSin[a * channels + i]) = ((float)c, (float)-s);
                (parts.CoarseCos[a * channels + half + i], parts.CoarseSin[a * channels + half + i]) = ((float)c, (float)s);
            }
        }

        return parts;
    }

    /// <summary>[C, …] to [… , C].</summary>
    public static float[] ChannelsLast(Table table)
    {
        int channels = table.Shape.Channels, positions = table.Shape.Positions;
        var result = new float[table.Data.Length];
        for (int c = 0; c < channels; c++)
        {
            for (int p = 0; p < positions; p++) result[p * channels + c] = (float)table.Data[c * positions + p];
        }

        return result;
    }
}
