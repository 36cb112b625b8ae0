namespace Stemsharp.Graph.Interpretation;

/// <summary>Linear maps over channels and scaled dot-product attention.</summary>
internal static class Attention
{
    public static double[] Linear(double[] x, Shape shape, double[] weight, double[] bias, LinearOp op)
    {
        int cin = shape.Channels, n = shape.Positions;
        double[] y = new double[(long)op.Rows * n];
        Parallel.For(0, op.Rows, o =>
        {
            Span<double> row = y.AsSpan(o * n, n);
            row.Fill(bias[op.FirstRow + o]);
            for (int c = 0; c < cin; c++)
            {
                Lines.AddScaled(row, weight[(long)(op.FirstRow + o) * cin + c], x.AsSpan(c * n, n));
            }
        });
        return y;
    }

    public static double[] Run(double[] q, double[] k, double[] v, Shape queries, Shape keys, int heads)
    {
        int nq = queries.Positions, nk = keys.Positions, width = queries.Channels / heads;
        double scale = 1 / Math.Sqrt(width);
        double[] y = new double[queries.Elements];
        Parallel.For(0, heads * nq, () => new double[nk], (index, _, scores) =>
        {
            (int head, int query) = Math.DivRem(index, nq);
            Array.Clear(scores);
            for (int d = 0; d < width; d++)
            {
                int c = head * width + d;
                Lines.AddScaled(scores, scale * q[c * nq + query], k.AsSpan(c * nk, nk));
            }

            double max = scores.Max(), sum = 0;
            for (int t = 0; t < nk; t++)
            {
                sum += scores[t] = Math.Exp(scores[t] - max);
            }

            for (int d = 0; d < width; d++)
            {
                int c = head * width + d;
                y[c * nq + query] = Lines.Dot(scores, v.AsSpan(c * nk, nk)) / sum;
            }

            return scores;
        }, _ => { });
        return y;
    }
}
