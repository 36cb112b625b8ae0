namespace Stemsharp.Cpu;

/// <summary>
/// How a product's columns are cut into blocks of <see cref="Kernels.Gemm.Tile.Columns"/>: rows of
/// <c>Width</c> positions, each row cut on its own.
/// </summary>
internal readonly record struct Columns(int Rows, int Width)
{
    public int BlocksPerRow => Kernels.Gemm.Tile.Panels(Width);

    public int Blocks => Rows * BlocksPerRow;

    /// <summary>The block's row, its first position in the row, and how many positions it has (at most 48).</summary>
    public (int Row, int Start, int Count) this[int block]
    {
        get
        {
            (int row, int index) = Math.DivRem(block, BlocksPerRow);
            int start = index * Kernels.Gemm.Tile.Columns;
            return (row, start, Math.Min(Kernels.Gemm.Tile.Columns, Width - start));
        }
    }
}
