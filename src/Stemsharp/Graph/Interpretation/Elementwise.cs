namespace Stemsharp.Graph.Interpretation;

/// <summary>Operations without sums over positions or channels.</summary>
internal static class Elementwise
{
    public static double[] Gelu(double[] x) => Array.ConvertAll(x, v => 0.5 * v * ErrorFunction.Complement(-v / Math.Sqrt(2)));

    public static double[] Glu(double[] x)
    {
        int half = x.Length / 2;
        double[] y = new double[half];
        for (int i = 0; i < half; i++)
        {
            y[i] = x[i] / (1 + Math.Exp(-x[half + i]));
        }

        return y;
    }

    public static double[] Add(double[] a, double[] b)
    {
        double[] y = new double[a.Length];
        for (int i = 0; i < y.Length; i++)
        {
            y[i] = a[i] + b[i];
        }

        return y;
    }

    public static double[] ChannelScale(double[] x, Shape shape, double[] scale)
    {
        double[] y = new double[x.Length];
        for (int i = 0; i < y.Length; i++)
        {
            y[i] = x[i] * scale[i / shape.Positions];
        }

        return y;
    }

    public static double[] FrequencyEmbedding(double[] x, Shape shape, double[] weight, double factor)
    {
        int rows = shape.Rows, frames = shape.Last, channels = shape.Channels;
        double[] y = new double[x.Length];
        for (int i = 0; i < y.Length; i++)
        {
            y[i] = x[i] + factor * weight[i / frames % rows * channels + i / frames / rows];
        }

        return y;
    }

    public static double[] AddTable(double[] x, Shape shape, Table table)
    {
        // The table's index follows the value's, with stride 0 along the axes where the table has one element.
        int[] strides = new int[shape.Rank];
        for (int axis = shape.Rank - 1, stride = 1; axis >= 0; stride *= table.Shape[axis], axis--)
        {
            strides[axis] = table.Shape[axis] == 1 ? 0 : stride;
        }

        double[] y = new double[x.Length];
        for (int i = 0; i < y.Length; i++)
        {
            int rest = i, index = 0;
            for (int axis = shape.Rank - 1; axis >= 0; axis--)
            {
                (rest, int position) = Math.DivRem(rest, shape[axis]);
                index += position * strides[axis];
            }

            y[i] = x[i] + table.Data[index];
        }

        return y;
    }

    public static double[] Pad(double[] x, Shape shape, PadOp op)
    {
        int lines = x.Length / shape.Last;
        double[] y = new double[lines * op.Length];
        for (int i = 0; i < lines; i++)
        {
            x.AsSpan(i * shape.Last, shape.Last).CopyTo(y.AsSpan(i * op.Length + op.Before));
        }

        return y;
    }

    public static double[] Crop(double[] x, Shape shape, CropOp op)
    {
        int inner = shape.Positions / shape[1], size = op.Length * inner;
        double[] y = new double[shape.Channels * size];
        for (int c = 0; c < shape.Channels; c++)
        {
            x.AsSpan((c * shape[1] + op.Start) * inner, size).CopyTo(y.AsSpan(c * size));
        }

        return y;
    }
}
