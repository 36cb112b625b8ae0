using System.Buffers;
using System.Runtime.InteropServices;

namespace Stemsharp.Kernels.Gemm;

/// <summary>
/// A matrix [rows, K] cut into strips of <see cref="Tile.Rows"/> rows, each stored [K][8], with its bias;
/// rows beyond the last are zero. Weights that all are <see cref="NarrowFloat"/>s, as those of a checkpoint in
/// half precision, are kept so. Packed once, shared by every session, never changed.
/// </summary>
internal sealed unsafe class PackedWeights : IDisposable
{
    // Widening takes whole vectors, which may reach so far beyond the last weight.
    private const int Slack = 64;

    private void* _data;

    private PackedWeights(int rows, int k, bool narrow)
    {
        Rows = rows;
        K = k;
        Strips = Tile.Strips(rows);
        IsNarrow = narrow;
        long weights = (long)Strips * Tile.Rows * k * (narrow ? sizeof(ushort) : sizeof(float)), biases = (long)Strips * Tile.Rows * sizeof(float);
        weights = (weights + Slack + 63) / 64 * 64;
        Bytes = weights + biases;
        _data = NativeMemory.AlignedAlloc((nuint)Bytes, 64);
        NativeMemory.Clear(_data, (nuint)Bytes);
        Bias = (float*)((byte*)_data + weights);
    }

    ~PackedWeights() => Free();

    public int Rows { get; }

    public int K { get; }

    public int Strips { get; }

    /// <summary>Whether the weights are <see cref="NarrowFloat"/>s, to be widened when they are used.</summary>
    public bool IsNarrow { get; }

    /// <summary>Memory taken.</summary>
    public long Bytes { get; }

    /// <summary>One float a packed row.</summary>
    public float* Bias { get; }

    /// <summary>Packs a matrix as narrow floats where that loses nothing.</summary>
    /// <param name="rowOrder">For each packed row the source row, or −1 for a row of zeros.</param>
    /// <param name="k">Length of a row.</param>
    /// <param name="matrix">The source rows, dense.</param>
    /// <param name="bias">Bias by source row; empty for none.</param>
    public static PackedWeights Pack(ReadOnlySpan<int> rowOrder, int k, ReadOnlySpan<float> matrix, ReadOnlySpan<float> bias)
    {
        if (!NarrowFloat.Fits(matrix)) return PackSingle(rowOrder, k, matrix, bias);
        var result = new PackedWeights(rowOrder.Length, k, narrow: true);
        ushort[] codes = ArrayPool<ushort>.Shared.Rent(k);
        for (int r = 0; r < rowOrder.Length; r++)
        {
            if (rowOrder[r] < 0) continue;
            NarrowFloat.Narrow(matrix.Slice(rowOrder[r] * k, k), codes);
            ushort* target = result.NarrowStrip(r / Tile.Rows) + r % Tile.Rows;
            for (int i = 0; i < k; i++) target[i * Tile.Rows] = codes[i];
        }

        ArrayPool<ushort>.Shared.Return(codes);
        result.SetBias(rowOrder, bias);
        return result;
    }

    /// <summary>Packs a matrix as it is, for users that take <see cref="Strip"/>.</summary>
    /// <inheritdoc cref="Pack"/>
    public static PackedWeights PackSingle(ReadOnlySpan<int> rowOrder, int k, ReadOnlySpan<float> matrix, ReadOnlySpan<float> bias)
    {
        var result = new PackedWeights(rowOrder.Length, k, narrow: false);
        for (int r = 0; r < rowOrder.Length; r++)
        {
            if (rowOrder[r] < 0) continue;
            ReadOnlySpan<float> row = matrix.Slice(rowOrder[r] * k, k);
            float* target = result.Strip(r / Tile.Rows) + r % Tile.Rows;
            for (int i = 0; i < row.Length; i++) target[i * Tile.Rows] = row[i];
        }

        result.SetBias(rowOrder, bias);
        return result;
    }

    /// <summary>A strip of weights that are not narrow.</summary>
    public float* Strip(int strip) => (float*)_data + (long)strip * Tile.Rows * K;

    /// <summary>A strip of narrow weights.</summary>
    public ushort* NarrowStrip(int strip) => (ushort*)_data + (long)strip * Tile.Rows * K;

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void SetBias(ReadOnlySpan<int> rowOrder, ReadOnlySpan<float> bias)
    {
        for (int r = 0; bias.Length > 0 && r < rowOrder.Length; r++)
        {
            if (rowOrder[r] >= 0) Bias[r] = bias[rowOrder[r]];
        }
    }

    private void Free()
    {
        NativeMemory.AlignedFree(_data);
        _data = null;
    }
}
