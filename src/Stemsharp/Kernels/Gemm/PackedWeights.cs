using System.Runtime.InteropServices;

namespace Stemsharp.Kernels.Gemm;

/// <summary>
/// A matrix [rows, K] cut into strips of <see cref="Tile.Rows"/> rows, each stored [K][8], with its bias;
/// rows beyond the last are zero. Packed once, shared by every session, never changed.
/// </summary>
internal sealed unsafe class PackedWeights : IDisposable
{
    private float* _data;

    /// <param name="rowOrder">For each packed row the source row, or −1 for a row of zeros.</param>
    /// <param name="k">Length of a row.</param>
    /// <param name="matrix">The source rows, dense.</param>
    /// <param name="bias">Bias by source row; empty for none.</param>
    public PackedWeights(ReadOnlySpan<int> rowOrder, int k, ReadOnlySpan<float> matrix, ReadOnlySpan<float> bias)
        : this(rowOrder.Length, k)
    {
        for (int r = 0; r < rowOrder.Length; r++)
        {
            int source = rowOrder[r];
            if (source < 0) continue;
            float* target = Strip(r / Tile.Rows) + r % Tile.Rows;
            ReadOnlySpan<float> row = matrix.Slice(source * k, k);
            for (int i = 0; i < row.Length; i++) target[i * Tile.Rows] = row[i];
            if (bias.Length > 0) Bias[r] = bias[source];
        }
    }

    private PackedWeights(int rows, int k)
    {
        Rows = rows;
        K = k;
        Strips = Tile.Strips(rows);
        nuint floats = (nuint)((long)Strips * Tile.Rows * (k + 1));
        _data = (float*)NativeMemory.AlignedAlloc(floats * sizeof(float), 64);
        NativeMemory.Clear(_data, floats * sizeof(float));
        Bias = _data + (long)Strips * Tile.Rows * k;
    }

    ~PackedWeights() => Free();

    public int Rows { get; }

    public int K { get; }

    public int Strips { get; }

    /// <summary>One float a packed row.</summary>
    public float* Bias { get; }

    public float* Strip(int strip) => _data + (long)strip * Tile.Rows * K;

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.AlignedFree(_data);
        _data = null;
    }
}
