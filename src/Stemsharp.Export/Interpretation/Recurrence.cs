namespace Stemsharp.Export.Interpretation;

/// <summary>Where the gates stand among a recurrent layer's rows.</summary>
internal readonly record struct GateOrder(int Input, int Forget, int Cell, int Output);

/// <summary>One direction of a recurrent layer with sigmoid and tanh, from a state of zeros.</summary>
internal static class Recurrence
{
    /// <summary>Runs over all steps and hands over each one's states [N, H].</summary>
    /// <param name="x">[T, N, C].</param>
    /// <param name="shape">T, N, C.</param>
    /// <param name="input">[4·H, C].</param>
    /// <param name="recurrent">[4·H, H].</param>
    /// <param name="bias">[4·H], both biases' sum.</param>
    /// <param name="gates">Their order.</param>
    /// <param name="backward">From the last step to the first.</param>
    /// <param name="store">Takes a step and its states.</param>
    /// <param name="order">How products sum.</param>
    /// <param name="round">Rounds states and cells at every step; null for single precision.</param>
    public static void Lstm(
        float[] x, int[] shape, ReadOnlyMemory<float> input, ReadOnlyMemory<float> recurrent, float[] bias, GateOrder gates, bool backward, Action<int, float[]> store, Summation order, Action<float[], int>? round = null)
    {
        (int steps, int batch, int channels) = (shape[0], shape[1], shape[2]);
        int rows = bias.Length, hidden = rows / 4;
        float[] state = new float[batch * hidden], cell = new float[batch * hidden], fromInput = new float[batch * rows], fromState = new float[batch * rows];
        for (int step = 0; step < steps; step++)
        {
            int at = backward ? steps - 1 - step : step;
            Products.MatMul(x.AsSpan(at * batch * channels, batch * channels), input, batch, channels, rows, false, true, fromInput, order);
            Products.MatMul(state, recurrent, batch, hidden, rows, false, true, fromState, order);
            for (int i = 0; i < state.Length; i++)
            {
                (int sequence, int unit) = Math.DivRem(i, hidden);
                cell[i] = Sigmoid(Gate(gates.Forget, sequence, unit)) * cell[i] + Sigmoid(Gate(gates.Input, sequence, unit)) * MathF.Tanh(Gate(gates.Cell, sequence, unit));
                state[i] = Sigmoid(Gate(gates.Output, sequence, unit)) * MathF.Tanh(cell[i]);
            }

            round?.Invoke(cell, cell.Length);
            round?.Invoke(state, state.Length);

            store(at, state);
        }

        float Gate(int gate, int sequence, int unit)
        {
            int row = gate * hidden + unit, i = sequence * rows + row;
            return fromInput[i] + fromState[i] + bias[row];
        }
    }

    private static float Sigmoid(float v) => 1 / (1 + MathF.Exp(-v));
}
