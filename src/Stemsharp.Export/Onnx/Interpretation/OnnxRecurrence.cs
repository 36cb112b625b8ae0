using Stemsharp.Export.Interpretation;

namespace Stemsharp.Export.Onnx.Interpretation;

/// <summary>The operator LSTM in both directions, with its usual activations and no initial state.</summary>
internal static class OnnxRecurrence
{
    /// <summary>x [T, batch, C], w [2, 4·H, C], r [2, 4·H, H], b [2, 8·H] to y [T, 2, batch, H].</summary>
    public static void Lstm(OnnxNode node, OnnxValue x, OnnxValue w, OnnxValue r, OnnxValue b, float[] y, Summation order)
    {
        if (node.Attributes["direction"].Text != "bidirectional")
        {
            throw new NotSupportedException($"{node.Name} runs in one direction; both are supported.");
        }

        (int steps, int batch, int channels, int hidden) = (x.Shape[0], x.Shape[1], x.Shape[2], r.Shape[2]);
        Ranges.For(2, (start, end) =>
        {
            for (int direction = start; direction < end; direction++)
            {
                int gates = 4 * hidden;
                ReadOnlyMemory<float> input = w.Data.AsMemory(direction * gates * channels, gates * channels), recurrent = r.Data.AsMemory(direction * gates * hidden, gates * hidden);
                ReadOnlySpan<float> bias = b.Data.AsSpan(2 * direction * gates, 2 * gates);
                float[] state = new float[batch * hidden], cell = new float[batch * hidden], fromInput = new float[batch * gates], fromState = new float[batch * gates];
                for (int step = 0; step < steps; step++)
                {
                    int at = direction == 0 ? step : steps - 1 - step;
                    Products.MatMul(x.Data.AsSpan(at * batch * channels, batch * channels), input, batch, channels, gates, false, true, fromInput, order);
                    Products.MatMul(state, recurrent, batch, hidden, gates, false, true, fromState, order);
                    for (int i = 0; i < state.Length; i++)
                    {
                        (int sequence, int unit) = Math.DivRem(i, hidden);
                        float forget = Sigmoid(Gate(2, sequence, unit, bias)), cellGate = MathF.Tanh(Gate(3, sequence, unit, bias));
                        cell[i] = forget * cell[i] + Sigmoid(Gate(0, sequence, unit, bias)) * cellGate;
                        state[i] = Sigmoid(Gate(1, sequence, unit, bias)) * MathF.Tanh(cell[i]);
                    }

                    state.CopyTo(y.AsSpan((at * 2 + direction) * batch * hidden));
                }

                float Gate(int gate, int sequence, int unit, ReadOnlySpan<float> bias)
                {
                    int row = gate * hidden + unit, i = sequence * gates + row;
                    return fromInput[i] + fromState[i] + bias[row] + bias[gates + row];
                }
            }
        });
    }

    private static float Sigmoid(float v) => 1 / (1 + MathF.Exp(-v));
}
