namespace Stemsharp.Graph.Interpretation;

/// <summary>Norms: two passes, mean first, then the centred squares.</summary>
internal static class Norms
{
    public static double[] Group(double[] x, Shape shape, double[] weight, double[] bias, GroupNormOp op)
    {
        int channels = shape.Channels / op.Groups;
        int rows = op.PerRow ? shape.Rows : 1, width = shape.Positions / rows, stride = shape.Positions;
        double[] y = new double[x.Length];
        for (int group = 0; group < op.Groups; group++)
        {
            for (int row = 0; row < rows; row++)
            {
                int first = group * channels;
                double mean = Sum(0, power: 1) / ((double)channels * width);
                double variance = Sum(mean, power: 2) / ((double)channels * width);
                double rate = 1 / Math.Sqrt(variance + op.Epsilon);
                for (int c = first; c < first + channels; c++)
                {
                    int start = c * stride + row * width;
                    for (int t = 0; t < width; t++)
                    {
                        y[start + t] = (x[start + t] - mean) * rate * weight[c] + bias[c];
                    }
                }

                double Sum(double centre, int power)
                {
                    double sum = 0;
                    for (int c = first; c < first + channels; c++)
                    {
                        foreach (double v in x.AsSpan(c * stride + row * width, width))
                        {
                            sum += power == 1 ? v - centre : (v - centre) * (v - centre);
                        }
                    }

                    return sum;
                }
            }
        }

        return y;
    }

    public static double[] Layer(double[] x, Shape shape, double[] weight, double[] bias, LayerNormOp op)
    {
        int channels = shape.Channels, n = shape.Positions;
        double[] mean = new double[n], variance = new double[n], y = new double[x.Length];
        for (int c = 0; c < channels; c++)
        {
            for (int t = 0; t < n; t++)
            {
                mean[t] += x[c * n + t] / channels;
            }
        }

        for (int c = 0; c < channels; c++)
        {
            for (int t = 0; t < n; t++)
            {
                variance[t] += (x[c * n + t] - mean[t]) * (x[c * n + t] - mean[t]) / channels;
            }
        }

        for (int c = 0; c < channels; c++)
        {
            for (int t = 0; t < n; t++)
            {
                y[c * n + t] = (x[c * n + t] - mean[t]) / Math.Sqrt(variance[t] + op.Epsilon) * weight[c] + bias[c];
            }
        }

        return y;
    }

    public static double[] Batch(double[] x, Shape shape, double[] weight, double[] bias, double[] mean, double[] variance, BatchNormOp op)
    {
        int n = shape.Positions;
        double[] y = new double[x.Length];
        for (int i = 0; i < x.Length; i++)
        {
            int c = i / n;
            y[i] = (x[i] - mean[c]) / Math.Sqrt(variance[c] + op.Epsilon) * weight[c] + bias[c];
        }

        return y;
    }

    public static double[] RootMeanSquare(double[] x, Shape shape, double[] gamma)
    {
        int channels = shape.Channels, n = shape.Positions;
        double[] squares = new double[n], y = new double[x.Length];
        for (int i = 0; i < x.Length; i++)
        {
            squares[i % n] += x[i] * x[i];
        }

        for (int i = 0; i < x.Length; i++)
        {
            y[i] = x[i] / Math.Max(Math.Sqrt(squares[i % n]), RmsNormOp.LeastNorm) * Math.Sqrt(channels) * gamma[i / n];
        }

        return y;
    }

    public static double[][] Standardize(double[] x, Shape shape, StandardizeOp op)
    {
        // What mean and std are taken of.
        double[] of = x;
        if (op.OfMean)
        {
            of = new double[shape.Positions];
            for (int c = 0; c < shape.Channels; c++)
            {
                Lines.AddScaled(of, 1.0 / shape.Channels, x.AsSpan(c * of.Length, of.Length));
            }
        }

        double mean = 0, squares = 0;
        foreach (double v in of)
        {
            mean += v;
        }

        mean /= of.Length;
        foreach (double v in of)
        {
            squares += (v - mean) * (v - mean);
        }

        double std = Math.Sqrt(squares / (of.Length - 1));
        return [Array.ConvertAll(x, v => (v - mean) / (op.Epsilon + std)), [mean], [std]];
    }
}
