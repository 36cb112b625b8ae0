namespace Stemsharp.Graph.Interpretation;

/// <summary>Sequences in frames, local attention, filters, rows under each other, amplitudes and phases.</summary>
internal static class Sequences
{
    /// <summary>Overlapping frames.</summary>
    public static double[] Frames(double[] x, Shape shape, FramesOp op)
    {
        double[] y = new double[x.Length / shape.Last * op.Count * op.Length];
        for (int line = 0; line < x.Length / shape.Last; line++)
        {
            for (int j = 0; j < op.Count; j++)
            {
                int first = j * op.Step, count = Math.Min(op.Length, shape.Last - first);
                x.AsSpan(line * shape.Last + first, count).CopyTo(y.AsSpan((line * op.Count + j) * op.Length));
            }
        }

        return y;
    }

    /// <summary>Frames joined.</summary>
    public static double[] Join(double[] x, int length, JoinFramesOp op, Shape result)
    {
        double[] y = new double[result.Elements];
        for (int i = 0; i < y.Length; i++)
        {
            (int line, int t) = Math.DivRem(i, result.Last);
            int frame = op.FrameOf(t, length);
            y[i] = x[(line * op.Count + frame) * length + t - frame * op.Step];
        }

        return y;
    }

    /// <summary>Local attention within each row.</summary>
    public static double[] LocalAttention(double[] q, double[] k, double[] content, double[] decay, Shape shape, LocalAttentionOp op)
    {
        int steps = shape.Last, rows = shape.Positions / steps, width = shape.Channels / op.Heads, plane = shape.Positions;
        double[] y = new double[q.Length];
        Parallel.For(0, op.Heads * rows, index =>
        {
            (int head, int row) = Math.DivRem(index, rows);
            int first = head * width * plane + row * steps;
            double[] scores = new double[steps];
            for (int s = 0; s < steps; s++)
            {
                double slope = 0;
                for (int f = 0; f < op.Decays; f++)
                {
                    slope += (f + 1) / (1 + Math.Exp(-decay[(head * op.Decays + f) * plane + row * steps + s])) / 2 / Math.Sqrt(op.Decays);
                }

                Array.Clear(scores);
                for (int d = 0; d < width; d++)
                {
                    Lines.AddScaled(scores, q[first + d * plane + s] / Math.Sqrt(width), k.AsSpan(first + d * plane, steps));
                }

                for (int t = 0; t < steps; t++)
                {
                    scores[t] = t == s ? LocalAttentionOp.Self : scores[t] - Math.Abs(s - t) * slope;
                }

                double max = scores.Max(), sum = 0;
                for (int t = 0; t < steps; t++)
                {
                    sum += scores[t] = Math.Exp(scores[t] - max);
                }

                for (int d = 0; d < width; d++)
                {
                    y[first + d * plane + s] = Lines.Dot(scores, content.AsSpan(first + d * plane, steps)) / sum;
                }
            }
        });
        return y;
    }

    /// <summary>A filter with phases.</summary>
    public static double[] Resample(double[] x, Shape shape, ResampleOp op, Shape result)
    {
        int taps = op.Taps.Shape[1], last = shape.Last;
        double[] y = new double[result.Elements];
        Parallel.For(0, result.Channels, c =>
        {
            for (int i = 0; i < result.Last; i++)
            {
                (int n, int phase) = Math.DivRem(i, op.Phases);
                double sum = 0;
                for (int k = 0; k < taps; k++)
                {
                    sum += op.Taps.Data[phase * taps + k] * x[c * last + Math.Clamp(op.Stride * n + k - op.Before, 0, last - 1)];
                }

                y[c * result.Last + i] = sum;
            }
        });
        return y;
    }

    /// <summary>Rows under each other, added where they overlap.</summary>
    public static double[] JoinRows(double[][] parts, IReadOnlyList<Shape> shapes, double[][] biases, JoinRowsOp op, Shape result)
    {
        int frames = result.Last;
        double[] y = new double[result.Elements];
        for (int c = 0; c < result.Channels; c++)
        {
            int start = 0;
            for (int i = 0; i < parts.Length; i++)
            {
                int rows = shapes[i].Rows;
                for (int at = 0; at < rows * frames; at++)
                {
                    double bias = i > 0 && at / frames < op.Overlap && biases.Length > 0 ? biases[i - 1][c] : 0;
                    y[(c * result.Rows + start) * frames + at] += parts[i][c * rows * frames + at] - bias;
                }

                start += rows - op.Overlap;
            }
        }

        return y;
    }

    /// <summary>Amplitudes.</summary>
    public static double[] Amplitude(double[] x, Shape shape)
    {
        int plane = shape.Positions;
        double[] y = new double[x.Length / 2];
        for (int i = 0; i < y.Length; i++)
        {
            int re = i / plane * 2 * plane + i % plane;
            y[i] = Math.Sqrt(x[re] * x[re] + x[re + plane] * x[re + plane]);
        }

        return y;
    }

    /// <summary>Amplitudes with phases.</summary>
    public static double[] Phase(double[] amplitudes, double[] x, Shape shape, PhaseOp op)
    {
        int plane = shape.Positions;
        double[] y = new double[2 * amplitudes.Length];
        for (int i = 0; i < amplitudes.Length; i++)
        {
            int re = 2 * (i / plane) % shape.Channels * plane + i % plane, target = i / plane * 2 * plane + i % plane;
            double size = Math.Sqrt(x[re] * x[re] + x[re + plane] * x[re + plane]) + op.Epsilon;
            y[target] = size == 0 ? amplitudes[i] : amplitudes[i] * x[re] / size;
            y[target + plane] = size == 0 ? 0 : amplitudes[i] * x[re + plane] / size;
        }

        return y;
    }
}
