namespace Stemsharp.Graph.Interpretation;

/// <summary>Spectrograms cut into bands and put together again.</summary>
internal static class Bands
{
    /// <summary>Rows as channels.</summary>
    public static double[] Take(double[] x, Shape shape, BandOp op)
    {
        int channels = shape.Channels, frames = shape.Last;
        double[] y = new double[op.Length * channels * frames];
        for (int line = 0; line < op.Length * channels; line++)
        {
            (int row, int channel) = Math.DivRem(line, channels);
            x.AsSpan((channel * shape.Rows + op.Start + row) * frames, frames).CopyTo(y.AsSpan(line * frames));
        }

        return y;
    }

    /// <summary>Values as rows of one.</summary>
    public static double[] Stack(double[][] rows, Shape shape)
    {
        int frames = shape.Last;
        double[] y = new double[rows.Length * shape.Elements];
        for (int row = 0; row < rows.Length; row++)
        {
            for (int c = 0; c < shape.Channels; c++)
            {
                rows[row].AsSpan(c * frames, frames).CopyTo(y.AsSpan((c * rows.Length + row) * frames));
            }
        }

        return y;
    }

    /// <summary>One row.</summary>
    public static double[] Row(double[] x, Shape shape, RowOp op)
    {
        int frames = shape.Last;
        double[] y = new double[shape.Channels * frames];
        for (int c = 0; c < shape.Channels; c++)
        {
            x.AsSpan((c * shape.Rows + op.Row) * frames, frames).CopyTo(y.AsSpan(c * frames));
        }

        return y;
    }

    /// <summary>Channels as rows, the mean where bands overlap.</summary>
    public static double[] Join(double[][] parts, JoinBandsOp op, Shape result)
    {
        int frames = result.Last, groups = parts.Length / op.Bands.Length, channels = result.Channels / groups;
        double[] y = new double[result.Elements];
        int[] holders = new int[result.Rows];
        foreach (BandOp band in op.Bands)
        {
            for (int row = band.Start; row < band.Start + band.Length; row++)
            {
                holders[row]++;
            }
        }

        for (int part = 0; part < parts.Length; part++)
        {
            (int group, int index) = Math.DivRem(part, op.Bands.Length);
            BandOp band = op.Bands[index];
            for (int line = 0; line < band.Length * channels; line++)
            {
                (int row, int channel) = Math.DivRem(line, channels);
                int target = (group * channels + channel) * result.Rows + band.Start + row;
                Lines.AddScaled(y.AsSpan(target * frames, frames), 1.0 / holders[band.Start + row], parts[part].AsSpan(line * frames, frames));
            }
        }

        return y;
    }

    /// <summary>Complex products.</summary>
    public static double[] Mask(double[] mask, double[] x, Shape shape, ComplexMaskOp op)
    {
        int plane = shape.Positions, first = op.ZeroFirst ? shape.Last : 0;
        double[] y = new double[mask.Length];
        for (int pair = 0; pair < mask.Length / plane; pair += 2)
        {
            int re = pair * plane, source = pair % shape.Channels * plane;
            for (int i = first; i < plane; i++)
            {
                double a = mask[re + i], b = mask[re + plane + i], c = x[source + i], d = x[source + plane + i];
                y[re + i] = a * c - b * d;
                y[re + plane + i] = a * d + b * c;
            }
        }

        return y;
    }
}
