using System.Runtime.CompilerServices;
using Stemsharp.Simd;

namespace Stemsharp.Kernels.Gemm;

/// <summary>Filling panels: rows of 48 floats taken from activations.</summary>
internal static unsafe class Panel<TIsa, V>
    where TIsa : struct, ISimd<V>
    where V : struct
{
    /// <summary>Rows summed in one chain by <see cref="LayerNorm"/> and <see cref="RmsNorm"/>.</summary>
    public const int LayerNormChain = 32;

    // Below it a column is divided by it instead of its norm: torch.nn.functional.normalize.
    private const float LeastNorm = 1e-12f;

    /// <summary>
    /// Copies <paramref name="rows"/> rows of 48 floats. May read up to 47 floats past a row's last valid one;
    /// columns are independent, so what is there does not matter.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Copy(float* source, nint stride, int rows, float* panel)
    {
        for (int r = 0; r < rows; r++, source += stride, panel += Tile.Columns)
        {
            for (int i = 0; i < Tile.Columns; i += TIsa.Lanes)
            {
                TIsa.Store(panel + i, TIsa.Load(source + i));
            }
        }
    }

    /// <summary>The same for the sum of two sources with one stride.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void CopySum(float* a, float* b, nint stride, int rows, float* panel)
    {
        for (int r = 0; r < rows; r++, a += stride, b += stride, panel += Tile.Columns)
        {
            for (int i = 0; i < Tile.Columns; i += TIsa.Lanes)
            {
                TIsa.Store(panel + i, TIsa.Add(TIsa.Load(a + i), TIsa.Load(b + i)));
            }
        }
    }

    /// <summary>Fills rows with zeros.</summary>
    public static void Clear(int rows, float* panel) => new Span<float>(panel, rows * Tile.Columns).Clear();

    /// <summary>
    /// Copies the part [low, high) of each row's 48 columns and zeros elsewhere: rows at the edge of a
    /// convolution's padding. A null second source stands for zeros.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void CopyEdge(float* a, float* b, nint stride, int rows, int low, int high, float* panel)
    {
        low = Math.Clamp(low, 0, Tile.Columns);
        high = Math.Clamp(high, low, Tile.Columns);
        for (int r = 0; r < rows; r++, a += stride, panel += Tile.Columns)
        {
            for (int i = 0; i < low; i++)
            {
                panel[i] = 0;
            }

            if (high - low >= TIsa.Lanes)
            {
                // The last vector overlaps the one before, so that nothing outside the part is read.
                for (int i = low; i < high; i += TIsa.Lanes)
                {
                    int at = Math.Min(i, high - TIsa.Lanes);
                    V x = TIsa.Load(a + at);
                    TIsa.Store(panel + at, b == null ? x : TIsa.Add(x, TIsa.Load(b + at)));
                }
            }
            else
            {
                for (int i = low; i < high; i++)
                {
                    panel[i] = b == null ? a[i] : a[i] + b[i];
                }
            }

            for (int i = high; i < Tile.Columns; i++)
            {
                panel[i] = 0;
            }

            if (b != null)
            {
                b += stride;
            }
        }
    }

    /// <summary>
    /// Layer norm over the rows of each column: loads [rows][48], stores (x − mean)·rate·weight[r] + bias[r].
    /// Sums run in short chains.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void LayerNorm(float* source, nint stride, int rows, float* weight, float* bias, float epsilon, float* panel)
    {
        float* mean = stackalloc float[Tile.Columns];
        float* rate = stackalloc float[Tile.Columns];
        for (int column = 0; column < Tile.Columns; column += TIsa.Lanes)
        {
            V total = TIsa.Broadcast(0f);
            for (int r = 0; r < rows;)
            {
                V sum = TIsa.Broadcast(0f);
                for (int end = Math.Min(r + LayerNormChain, rows); r < end; r++)
                {
                    V x = TIsa.Load(source + r * stride + column);
                    TIsa.Store(panel + r * Tile.Columns + column, x);
                    sum = TIsa.Add(sum, x);
                }

                total = TIsa.Add(total, sum);
            }

            TIsa.Store(mean + column, TIsa.Multiply(total, TIsa.Broadcast(1f / rows)));
        }

        for (int column = 0; column < Tile.Columns; column += TIsa.Lanes)
        {
            V m = TIsa.Load(mean + column), total = TIsa.Broadcast(0f);
            for (int r = 0; r < rows;)
            {
                V sum = TIsa.Broadcast(0f);
                for (int end = Math.Min(r + LayerNormChain, rows); r < end; r++)
                {
                    V x = TIsa.Subtract(TIsa.Load(panel + r * Tile.Columns + column), m);
                    sum = TIsa.MultiplyAdd(x, x, sum);
                }

                total = TIsa.Add(total, sum);
            }

            V variance = TIsa.MultiplyAdd(total, TIsa.Broadcast(1f / rows), TIsa.Broadcast(epsilon));
            TIsa.Store(rate + column, TIsa.Divide(TIsa.Broadcast(1f), TIsa.Sqrt(variance)));
        }

        for (int r = 0; r < rows; r++, panel += Tile.Columns)
        {
            V w = TIsa.Broadcast(weight[r]), b = TIsa.Broadcast(bias[r]);
            for (int column = 0; column < Tile.Columns; column += TIsa.Lanes)
            {
                V x = TIsa.Subtract(TIsa.Load(panel + column), TIsa.Load(mean + column));
                TIsa.Store(panel + column, TIsa.MultiplyAdd(TIsa.Multiply(x, TIsa.Load(rate + column)), w, b));
            }
        }
    }

    /// <summary>
    /// x / max(‖x‖₂, 1e-12) · √rows · gamma over the rows of each column. The columns are three stretches of <see cref="Tile.Stretch"/>.
    /// </summary>
    /// <param name="source">The first row's first column.</param>
    /// <param name="rows">Where the rows are.</param>
    /// <param name="second">From the first stretch to the second, in floats.</param>
    /// <param name="third">From the first stretch to the third, in floats.</param>
    /// <param name="gamma">A factor for each row.</param>
    /// <param name="panel">[rows][48].</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void RmsNorm(float* source, PanelRows rows, nint second, nint third, float* gamma, float* panel)
    {
        int count = rows.Count;
        float* rate = stackalloc float[Tile.Columns];
        for (int column = 0; column < Tile.Columns; column += TIsa.Lanes)
        {
            float* from = source + (column < Tile.Stretch ? column : column < 2 * Tile.Stretch ? second + column - Tile.Stretch : third + column - 2 * Tile.Stretch);
            V total = TIsa.Broadcast(0f);
            for (int r = 0; r < count;)
            {
                V sum = TIsa.Broadcast(0f);
                for (int end = Math.Min(r + LayerNormChain, count); r < end; r++)
                {
                    V x = TIsa.Load(from + rows.Offset(r));
                    TIsa.Store(panel + r * Tile.Columns + column, x);
                    sum = TIsa.MultiplyAdd(x, x, sum);
                }

                total = TIsa.Add(total, sum);
            }

            V norm = TIsa.Max(TIsa.Sqrt(total), TIsa.Broadcast(LeastNorm));
            TIsa.Store(rate + column, TIsa.Divide(TIsa.Broadcast(MathF.Sqrt(count)), norm));
        }

        for (int r = 0; r < count; r++, panel += Tile.Columns)
        {
            V w = TIsa.Broadcast(gamma[r]);
            for (int column = 0; column < Tile.Columns; column += TIsa.Lanes)
            {
                TIsa.Store(panel + column, TIsa.Multiply(TIsa.Multiply(TIsa.Load(panel + column), TIsa.Load(rate + column)), w));
            }
        }
    }
}

/// <summary>Where the rows of a panel are: groups of rows at one stride, the groups at another.</summary>
/// <param name="Count">Rows.</param>
/// <param name="Group">Rows in a group; 1 for rows at one stride only.</param>
/// <param name="GroupStride">Floats from group to group.</param>
/// <param name="Stride">Floats from row to row in a group.</param>
internal readonly record struct PanelRows(int Count, int Group, nint GroupStride, nint Stride)
{
    /// <summary>Rows at one stride.</summary>
    public PanelRows(int count, nint stride)
        : this(count, 1, stride, 0)
    {
    }

    /// <summary>Floats from the first row to another.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public nint Offset(int row) => Group == 1 ? row * GroupStride : row / Group * GroupStride + row % Group * Stride;
}
