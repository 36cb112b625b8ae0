using System.Runtime.CompilerServices;

namespace Stemsharp.Kernels.Gemm;

/// <summary>
/// Packed weights as panels for <see cref="RowKernel{TIsa, V}"/>: a matrix [n, k] transposed, 48 of its rows side by side. A panel
/// [k][48] is one strip [6·k][8], so that what holds strips holds panels too, narrow ones included.
/// </summary>
internal static class MatrixPanels
{
    private const int Strips = Tile.Columns / Tile.Rows;

    /// <summary>Packed rows of a matrix of n rows.</summary>
    public static int Rows(int n) => Tile.Panels(n) * Tile.Rows;

    /// <summary>Length of a packed row for rows of k.</summary>
    public static int Length(int k) => Strips * k;

    /// <summary>A matrix [n, k] as the rows to be packed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Arrange(ReadOnlySpan<float> matrix, int n, int k, Span<float> rows)
    {
        rows.Clear();
        for (int i = 0; i < n; i++)
        {
            (int panel, int column) = Math.DivRem(i, Tile.Columns);
            Span<float> row = rows.Slice((panel * Tile.Rows + column % Tile.Rows) * Length(k), Length(k));
            for (int j = 0; j < k; j++)
            {
                row[j * Strips + column / Tile.Rows] = matrix[i * k + j];
            }
        }
    }
}
