namespace Stemsharp.Graph.Interpretation;

/// <summary>Linear maps over channels and scaled dot-product attention.</summary>
internal static class Attention
{
    public static double[] Linear(double[] x, Shape shape, double[] weight, double[]? bias, LinearOp op)
    {
        int cin = shape.Channels, n = shape.Positions;
        double[] y = new double[(long)op.Rows * n];
        Parallel.For(0, op.Rows, o =>
        {
            Span<double> row = y.AsSpan(o * n, n);
            row.Fill(bias?[op.FirstRow + o] ?? 0);
            for (int c = 0; c < cin; c++)
            {
                Lines.AddScaled(row, weight[(long)(op.FirstRow + o) * cin + c], x.AsSpan(c * n, n));
            }
        });
        return y;
    }

    /// <summary>Attention within each sequence of positions.</summary>
    public static double[] Run(double[] q, double[] k, double[] v, Shape queries, Shape keys, AttentionOp op)
    {
        int nq = queries.Length(op.Axis), nk = keys.Length(op.Axis), width = queries.Channels / op.Heads, sequences = queries.Positions / nq;
        double scale = 1 / Math.Sqrt(width);
        double[] y = new double[queries.Elements];
        Parallel.For(0, sequences * op.Heads, index =>
        {
            (int sequence, int head) = Math.DivRem(index, op.Heads);
            double[] own = Gather(k, keys, op, sequence, head), values = Gather(v, keys, op, sequence, head), scores = new double[nk];
            (int first, int step) = Sequence(queries, op.Axis, sequence);
            for (int query = 0; query < nq; query++)
            {
                int position = first + query * step;
                Array.Clear(scores);
                for (int d = 0; d < width; d++)
                {
                    Lines.AddScaled(scores, scale * q[(head * width + d) * queries.Positions + position], own.AsSpan(d * nk, nk));
                }

                double max = scores.Max(), sum = 0;
                for (int t = 0; t < nk; t++)
                {
                    sum += scores[t] = Math.Exp(scores[t] - max);
                }

                for (int d = 0; d < width; d++)
                {
                    y[(head * width + d) * queries.Positions + position] = Lines.Dot(scores, values.AsSpan(d * nk, nk)) / sum;
                }
            }
        });
        return y;
    }

    /// <summary>Turns the pairs of channels of each head by their position's angle.</summary>
    public static double[] Rotate(double[] x, Shape shape, double[] frequencies, RotaryOp op)
    {
        int n = shape.Positions, width = shape.Channels / op.Heads;
        double[] y = new double[x.Length];
        for (int pair = 0; pair < shape.Channels / 2; pair++)
        {
            double frequency = frequencies[pair % (width / 2)];
            for (int t = 0; t < n; t++)
            {
                int position = op.Axis switch
                {
                    SequenceAxis.Rows => t / shape.Last,
                    SequenceAxis.Last => t % shape.Last,
                    _ => t,
                };
                (double sin, double cos) = Math.SinCos(position * frequency);
                double a = x[2 * pair * n + t], b = x[(2 * pair + 1) * n + t];
                y[2 * pair * n + t] = a * cos - b * sin;
                y[(2 * pair + 1) * n + t] = b * cos + a * sin;
            }
        }

        return y;
    }

    /// <summary>Each head times the sigmoid of its gate.</summary>
    public static double[] Gate(double[] x, Shape shape, double[] gates, HeadGateOp op)
    {
        int n = shape.Positions, width = shape.Channels / op.Heads;
        double[] y = new double[x.Length];
        for (int i = 0; i < y.Length; i++)
        {
            y[i] = x[i] / (1 + Math.Exp(-gates[i / n / width * n + i % n]));
        }

        return y;
    }

    // A head's channels of one sequence, [width][length].
    private static double[] Gather(double[] x, Shape shape, AttentionOp op, int sequence, int head)
    {
        int length = shape.Length(op.Axis), width = shape.Channels / op.Heads;
        (int first, int step) = Sequence(shape, op.Axis, sequence);
        double[] result = new double[width * length];
        for (int i = 0; i < result.Length; i++)
        {
            (int d, int t) = Math.DivRem(i, length);
            result[i] = x[(head * width + d) * shape.Positions + first + t * step];
        }

        return result;
    }

    private static (int First, int Step) Sequence(Shape shape, SequenceAxis axis, int sequence) => axis switch
    {
        SequenceAxis.Rows => (sequence, shape.Last),
        SequenceAxis.Last => (sequence * shape.Last, 1),
        _ => (0, 1),
    };
}
