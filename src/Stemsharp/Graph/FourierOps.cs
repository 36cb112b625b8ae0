namespace Stemsharp.Graph;

/// <summary>
/// torch.fft.rfft over the last axis of [C, F, T], T even, times <c>Scale</c>: [2·C, F, T/2 + 1], the real parts of all channels before
/// the imaginary ones.
/// </summary>
internal sealed record RealFourierOp(double Scale) : Op
{
    public override void Accept(IOpVisitor visitor, Node node) => visitor.RealFourier(node, this);

    /// <summary>The transform of T points as a matrix [T + 2, T]: real parts' rows, then imaginary ones'.</summary>
    public double[] Matrix(int points)
    {
        int bins = points / 2 + 1;
        double[] matrix = new double[2 * bins * points];
        for (int k = 0; k < bins; k++)
        {
            for (int t = 0; t < points; t++)
            {
                (double sin, double cos) = Math.SinCos(2 * Math.PI * ((long)k * t % points) / points);
                matrix[k * points + t] = Scale * cos;
                matrix[(bins + k) * points + t] = -Scale * sin;
            }
        }

        return matrix;
    }
}

/// <summary>
/// The opposite, torch.fft.irfft: [2·C, F, B] to [C, F, 2·(B − 1)], times <c>Scale</c>; imaginary parts of the first and the last bin do
/// not count.
/// </summary>
internal sealed record InverseRealFourierOp(double Scale) : Op
{
    public override void Accept(IOpVisitor visitor, Node node) => visitor.InverseRealFourier(node, this);

    /// <summary>The transform to T points as a matrix [T, T + 2]: real parts' columns, then imaginary ones'.</summary>
    public double[] Matrix(int points)
    {
        int bins = points / 2 + 1;
        double[] matrix = new double[points * 2 * bins];
        for (int t = 0; t < points; t++)
        {
            for (int k = 0; k < bins; k++)
            {
                bool isEdge = k == 0 || k == bins - 1;
                double factor = (isEdge ? 1 : 2) * Scale / points;
                (double sin, double cos) = Math.SinCos(2 * Math.PI * ((long)k * t % points) / points);
                matrix[t * 2 * bins + k] = factor * cos;
                matrix[t * 2 * bins + bins + k] = isEdge ? 0 : -factor * sin;
            }
        }

        return matrix;
    }
}
