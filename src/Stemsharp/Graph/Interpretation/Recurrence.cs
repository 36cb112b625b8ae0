namespace Stemsharp.Graph.Interpretation;

/// <summary>Recurrent layers: one step after the other, by their definition.</summary>
internal static class Recurrence
{
    /// <summary>Both directions of an LSTM layer.</summary>
    public static double[] Lstm(double[] x, Shape shape, LstmOp op, Func<Parameter, double[]> read)
    {
        double[] y = new double[2L * op.Hidden * shape.Positions];
        Direction(x, shape, op, op.Forward, false, read, y.AsMemory(0, y.Length / 2));
        Direction(x, shape, op, op.Backward, true, read, y.AsMemory(y.Length / 2));
        return y;
    }

    private static void Direction(double[] x, Shape shape, LstmOp op, LstmWeights weights, bool backward, Func<Parameter, double[]> read, Memory<double> y)
    {
        int channels = shape.Channels, hidden = op.Hidden, positions = shape.Positions, steps = shape.Length(op.Axis);
        double[] input = read(weights.Input), recurrent = read(weights.Hidden), inputBias = read(weights.InputBias), hiddenBias = read(weights.HiddenBias);
        (int step, int next) = op.Axis == SequenceAxis.Rows ? (shape.Last, 1) : (1, steps);
        Parallel.For(0, positions / steps, sequence =>
        {
            double[] state = new double[hidden], cell = new double[hidden], gates = new double[4 * hidden], token = new double[channels];
            Span<double> result = y.Span;
            for (int t = 0; t < steps; t++)
            {
                int at = (backward ? steps - 1 - t : t) * step + sequence * next;
                for (int c = 0; c < channels; c++)
                {
                    token[c] = x[c * positions + at];
                }

                for (int g = 0; g < gates.Length; g++)
                {
                    gates[g] = inputBias[g] + hiddenBias[g]
                        + Lines.Dot(input.AsSpan(g * channels, channels), token) + Lines.Dot(recurrent.AsSpan(g * hidden, hidden), state);
                }

                for (int u = 0; u < hidden; u++)
                {
                    cell[u] = Sigmoid(gates[hidden + u]) * cell[u] + Sigmoid(gates[u]) * Math.Tanh(gates[2 * hidden + u]);
                    state[u] = Sigmoid(gates[3 * hidden + u]) * Math.Tanh(cell[u]);
                    result[u * positions + at] = state[u];
                }
            }
        });
    }

    private static double Sigmoid(double v) => 1 / (1 + Math.Exp(-v));
}
