using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Stemsharp.Export.Interpretation;

/// <summary>Fills a panel [K, 32] with the columns from <paramref name="column"/> on; columns beyond the last are never read back.</summary>
internal delegate void PackPanel(int column, int count, Span<float> panel);

/// <summary>Takes the product's columns: a tile [M, 32], of which <paramref name="count"/> columns are valid.</summary>
internal delegate void StoreTile(int column, int count, ReadOnlySpan<float> tile);

/// <summary>The left operand, packed in strips of eight rows: element (m, k) is read at m·rowStride + k·columnStride.</summary>
internal sealed class PackedRows
{
    public const int Height = 8;

    public PackedRows(ReadOnlySpan<float> source, int rows, int columns, int rowStride, int columnStride, Summation order = Summation.Blocks)
    {
        (Rows, Columns) = (rows, columns);
        BlockDepth = order == Summation.Chain ? int.MaxValue : 256;
        int strips = (rows + Height - 1) / Height;
        Data = new float[(long)strips * Height * columns];
        for (int m = 0; m < rows; m++)
        {
            int target = m / Height * Height * columns + m % Height;
            for (int k = 0; k < columns; k++)
            {
                Data[target + k * Height] = source[m * rowStride + k * columnStride];
            }
        }
    }

    public int Rows { get; }

    public int Columns { get; }

    public float[] Data { get; }

    /// <summary>Terms that are summed before the sum is added to the others.</summary>
    public int BlockDepth { get; }

    public int PaddedRows => (Rows + Height - 1) / Height * Height;
}

/// <summary>
/// Matrix products in single precision. Rule of accumulation: blocks of 256 along K, or one of all, start at zero and
/// are summed by fused multiply-adds in order; the blocks' sums are added in order.
/// </summary>
internal static class Gemm
{
    public const int PanelWidth = 32;

    /// <summary>rows × [K, n], in panels of 32 columns that all cores share.</summary>
    public static void Run(PackedRows rows, int n, PackPanel pack, StoreTile store)
    {
        int panels = (n + PanelWidth - 1) / PanelWidth;
        Parallel.For(0, panels, () => (Panel: new float[rows.Columns * PanelWidth], Tile: new float[rows.PaddedRows * PanelWidth]), (panel, _, memory) =>
        {
            int column = panel * PanelWidth, count = Math.Min(PanelWidth, n - column);
            pack(column, count, memory.Panel);
            Multiply(rows, memory.Panel, memory.Tile);
            store(column, count, memory.Tile);
            return memory;
        }, _ => { });
    }

    /// <summary>One panel: tile [M, 32] = rows × panel [K, 32].</summary>
    public static void Multiply(PackedRows rows, ReadOnlySpan<float> panel, Span<float> tile)
    {
        int depth = rows.Columns;
        for (int k = 0, block; k < depth; k += block)
        {
            block = Math.Min(rows.BlockDepth, depth - k);
            for (int m = 0; m < rows.Rows; m += PackedRows.Height)
            {
                Kernel(ref rows.Data[m * depth + k * PackedRows.Height], ref Unsafe.AsRef(in panel[k * PanelWidth]), ref tile[m * PanelWidth], block, k > 0);
            }
        }
    }

    // Eight rows by two vectors: sixteen accumulators stay in registers.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Kernel(ref float a, ref float b, ref float c, int depth, bool add)
    {
        Vector512<float> c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default, c30 = default, c31 = default;
        Vector512<float> c40 = default, c41 = default, c50 = default, c51 = default, c60 = default, c61 = default, c70 = default, c71 = default;
        for (int k = 0; k < depth; k++)
        {
            Vector512<float> b0 = Vector512.LoadUnsafe(ref b), b1 = Vector512.LoadUnsafe(ref b, 16);
            Vector512<float> v = Vector512.Create(a);
            (c00, c01) = (Vector512.MultiplyAddEstimate(v, b0, c00), Vector512.MultiplyAddEstimate(v, b1, c01));
            v = Vector512.Create(Unsafe.Add(ref a, 1));
            (c10, c11) = (Vector512.MultiplyAddEstimate(v, b0, c10), Vector512.MultiplyAddEstimate(v, b1, c11));
            v = Vector512.Create(Unsafe.Add(ref a, 2));
            (c20, c21) = (Vector512.MultiplyAddEstimate(v, b0, c20), Vector512.MultiplyAddEstimate(v, b1, c21));
            v = Vector512.Create(Unsafe.Add(ref a, 3));
            (c30, c31) = (Vector512.MultiplyAddEstimate(v, b0, c30), Vector512.MultiplyAddEstimate(v, b1, c31));
            v = Vector512.Create(Unsafe.Add(ref a, 4));
            (c40, c41) = (Vector512.MultiplyAddEstimate(v, b0, c40), Vector512.MultiplyAddEstimate(v, b1, c41));
            v = Vector512.Create(Unsafe.Add(ref a, 5));
            (c50, c51) = (Vector512.MultiplyAddEstimate(v, b0, c50), Vector512.MultiplyAddEstimate(v, b1, c51));
            v = Vector512.Create(Unsafe.Add(ref a, 6));
            (c60, c61) = (Vector512.MultiplyAddEstimate(v, b0, c60), Vector512.MultiplyAddEstimate(v, b1, c61));
            v = Vector512.Create(Unsafe.Add(ref a, 7));
            (c70, c71) = (Vector512.MultiplyAddEstimate(v, b0, c70), Vector512.MultiplyAddEstimate(v, b1, c71));
            a = ref Unsafe.Add(ref a, PackedRows.Height);
            b = ref Unsafe.Add(ref b, PanelWidth);
        }

        Store(ref c, 0, c00, c01, add);
        Store(ref c, 1, c10, c11, add);
        Store(ref c, 2, c20, c21, add);
        Store(ref c, 3, c30, c31, add);
        Store(ref c, 4, c40, c41, add);
        Store(ref c, 5, c50, c51, add);
        Store(ref c, 6, c60, c61, add);
        Store(ref c, 7, c70, c71, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(ref float c, int row, Vector512<float> left, Vector512<float> right, bool add)
    {
        ref float target = ref Unsafe.Add(ref c, row * PanelWidth);
        if (add)
        {
            (left, right) = (left + Vector512.LoadUnsafe(ref target), right + Vector512.LoadUnsafe(ref target, 16));
        }

        left.StoreUnsafe(ref target);
        right.StoreUnsafe(ref target, 16);
    }
}
