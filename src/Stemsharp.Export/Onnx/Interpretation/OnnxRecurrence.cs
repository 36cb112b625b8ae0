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

        (int batch, int hidden) = (x.Shape[1], r.Shape[2]);
        int rows = 4 * hidden;
        Parallel.For(0, 2, direction =>
        {
            ReadOnlyMemory<float> input = w.Data.AsMemory(direction * rows * x.Shape[2], rows * x.Shape[2]), recurrent = r.Data.AsMemory(direction * rows * hidden, rows * hidden);
            float[] bias = [.. Enumerable.Range(2 * direction * rows, rows).Select(row => b.Data[row] + b.Data[row + rows])];
            Recurrence.Lstm(
                x.Data, x.Shape, input, recurrent, bias, new GateOrder(Input: 0, Forget: 2, Cell: 3, Output: 1), direction == 1,
                (at, state) => state.CopyTo(y.AsSpan((at * 2 + direction) * batch * hidden)), order);
        });
    }
}
