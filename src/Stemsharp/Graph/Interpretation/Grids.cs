namespace Stemsharp.Graph.Interpretation;

/// <summary>Rearranging values [C, F, T], and products along their last axis.</summary>
internal static class Grids
{
    /// <summary>A matrix [length, T] times each line.</summary>
    public static double[] LastAxisLinear(double[] x, Shape shape, double[] matrix, int length)
    {
        int points = shape.Last;
        double[] y = new double[x.Length / points * length];
        Parallel.For(0, x.Length / points, line =>
        {
            for (int i = 0; i < length; i++)
            {
                y[line * length + i] = Lines.Dot(matrix.AsSpan(i * points, points), x.AsSpan(line * points, points));
            }
        });
        return y;
    }

    public static double[] Swap(double[] x, Shape shape)
    {
        int rows = shape.Rows, last = shape.Last, plane = rows * last;
        double[] y = new double[x.Length];
        for (int i = 0; i < x.Length; i++)
        {
            (int channel, int position) = Math.DivRem(i, plane);
            (int row, int column) = Math.DivRem(position, last);
            y[channel * plane + column * rows + row] = x[i];
        }

        return y;
    }

    public static double[] Concat((double[] Values, Shape Shape)[] parts, int axis, Shape result)
    {
        int outer = 1;
        for (int a = 0; a < axis; a++)
        {
            outer *= result[a];
        }

        double[] y = new double[result.Elements];
        int at = 0;
        for (int i = 0; i < outer; i++)
        {
            foreach ((double[] values, _) in parts)
            {
                int length = values.Length / outer;
                values.AsSpan(i * length, length).CopyTo(y.AsSpan(at));
                at += length;
            }
        }

        return y;
    }

    public static double[] PadRows(double[] x, Shape shape, PadRowsOp op)
    {
        int plane = shape.Positions, padded = (shape.Rows + op.Before + op.After) * shape.Last;
        double[] y = new double[shape.Channels * padded];
        for (int c = 0; c < shape.Channels; c++)
        {
            x.AsSpan(c * plane, plane).CopyTo(y.AsSpan(c * padded + op.Before * shape.Last));
        }

        return y;
    }

    public static double[] RealFourier(double[] x, Shape shape, RealFourierOp op)
    {
        int points = shape.Last, bins = points / 2 + 1, lines = x.Length / points;
        double[] both = LastAxisLinear(x, shape, op.Matrix(points), 2 * bins), y = new double[both.Length];
        for (int line = 0; line < lines; line++)
        {
            both.AsSpan(line * 2 * bins, bins).CopyTo(y.AsSpan(line * bins));
            both.AsSpan((line * 2 + 1) * bins, bins).CopyTo(y.AsSpan((lines + line) * bins));
        }

        return y;
    }

    public static double[] InverseRealFourier(double[] x, Shape result, InverseRealFourierOp op)
    {
        int points = result.Last, bins = points / 2 + 1, lines = x.Length / (2 * bins);
        double[] both = new double[x.Length];
        for (int line = 0; line < lines; line++)
        {
            x.AsSpan(line * bins, bins).CopyTo(both.AsSpan(line * 2 * bins));
            x.AsSpan((lines + line) * bins, bins).CopyTo(both.AsSpan((line * 2 + 1) * bins));
        }

        return LastAxisLinear(both, new Shape(lines, 2 * bins), op.Matrix(points), points);
    }
}
