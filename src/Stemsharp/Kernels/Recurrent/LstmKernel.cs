using System.Runtime.CompilerServices;
using Stemsharp.Kernels.Elementary;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Simd;

namespace Stemsharp.Kernels.Recurrent;

/// <summary>
/// A step of an LSTM behind its products. A strip of weights holds the four gates of two units: a tile's rows are the input gates, forget
/// gates, cells and output gates of both; its columns are sequences.
/// </summary>
internal static unsafe class LstmKernel<TIsa, V>
    where TIsa : struct, ISimd<V>
    where V : struct
{
    /// <summary>Units of a strip.</summary>
    public const int Units = Tile.Rows / 4;

    /// <summary>The order of packed rows for weights [4·units, …], gates in the order input, forget, cell, output.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int[] RowOrder(int units)
    {
        int[] order = new int[(units + Units - 1) / Units * Tile.Rows];
        for (int r = 0; r < order.Length; r++)
        {
            int unit = r / Tile.Rows * Units + r % Units;
            order[r] = unit < units ? r % Tile.Rows / Units * units + unit : -1;
        }

        return order;
    }

    /// <summary>cell = σ(f)·cell + σ(i)·tanh(g), state = σ(o)·tanh(cell), for one unit.</summary>
    /// <param name="input">The tile of the input's product; its rows are 48 floats.</param>
    /// <param name="recurrent">The tile of the state's product.</param>
    /// <param name="bias">The strip's biases.</param>
    /// <param name="unit">Which of the strip's units.</param>
    /// <param name="columns">Sequences; some more are computed, to whole vectors.</param>
    /// <param name="cell">The unit's cell in each sequence.</param>
    /// <param name="state">The unit's new state in each sequence.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Step(float* input, float* recurrent, float* bias, int unit, int columns, float* cell, float* state)
    {
        const int Gate = Units * Tile.Columns;
        V i0 = TIsa.Broadcast(bias[unit]), f0 = TIsa.Broadcast(bias[Units + unit]), g0 = TIsa.Broadcast(bias[2 * Units + unit]), o0 = TIsa.Broadcast(bias[3 * Units + unit]);
        float* x = input + unit * Tile.Columns, h = recurrent + unit * Tile.Columns;
        for (int n = 0; n < columns; n += TIsa.Lanes, x += TIsa.Lanes, h += TIsa.Lanes)
        {
            V i = VectorMath<TIsa, V>.Sigmoid(Sum(x, h, i0)), f = VectorMath<TIsa, V>.Sigmoid(Sum(x + Gate, h + Gate, f0));
            V g = VectorMath<TIsa, V>.Tanh(Sum(x + 2 * Gate, h + 2 * Gate, g0)), o = VectorMath<TIsa, V>.Sigmoid(Sum(x + 3 * Gate, h + 3 * Gate, o0));
            V c = TIsa.MultiplyAdd(f, TIsa.Load(cell + n), TIsa.Multiply(i, g));
            TIsa.Store(cell + n, c);
            TIsa.Store(state + n, TIsa.Multiply(o, VectorMath<TIsa, V>.Tanh(c)));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Sum(float* x, float* h, V bias) => TIsa.Add(TIsa.Add(TIsa.Load(x), bias), TIsa.Load(h));
}
