using System.Buffers;
using System.Runtime.CompilerServices;
using Stemsharp.Kernels.Paired;
using Stemsharp.Simd;

namespace Stemsharp.Kernels.Gemm;

/// <summary>
/// A matrix [rows, K] cut into strips of <see cref="Tile.Rows"/> rows, each stored [K][8], with its bias;
/// rows beyond the last are zero. Weights that all are <see cref="NarrowFloat"/>s, as those of a checkpoint in
/// half precision, are kept so. With <see cref="Pairs"/> they are rounded to bfloat16 and stored as pairs, as those want them. Packed once,
/// shared by every session, never changed.
/// </summary>
internal sealed unsafe class PackedWeights : IDisposable
{
    // Widening takes whole vectors, which may reach so far beyond the last weight.
    private const int Slack = 64;

    private NativeBuffer<byte>? _memory;
    private byte* _data;

    /// <summary>A matrix of a known size, to be filled once before it is used.</summary>
    /// <param name="rows">Rows.</param>
    /// <param name="k">Length of a row.</param>
    /// <param name="pairs">Multiplies it as pairs of bfloat16; null for single precision.</param>
    public PackedWeights(int rows, int k, PairKernels? pairs = null)
    {
        Pairs = pairs;
        Rows = rows;
        K = k;
        Strips = Tile.Strips(rows);
    }

    public int Rows { get; }

    public int K { get; }

    public int Strips { get; }

    /// <summary>Whether the weights are <see cref="NarrowFloat"/>s, to be widened when they are used.</summary>
    public bool IsNarrow { get; private set; }

    /// <summary>What multiplies the weights as pairs of bfloat16, which they are stored as then; null for single precision.</summary>
    public PairKernels? Pairs { get; }

    /// <summary>Strips that a product takes together.</summary>
    public int StripsAtOnce => Pairs?.StripsAtOnce ?? 1;

    /// <summary>Memory taken.</summary>
    public long Bytes { get; private set; }

    /// <summary>One float a packed row.</summary>
    public float* Bias { get; private set; }

    /// <summary>Packs a matrix: as pairs, or as narrow floats where that loses nothing, or as it is.</summary>
    /// <param name="rowOrder">For each packed row the source row, or −1 for a row of zeros.</param>
    /// <param name="matrix">The source rows, dense.</param>
    /// <param name="bias">Bias by source row; empty for none.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Fill(ReadOnlySpan<int> rowOrder, ReadOnlySpan<float> matrix, ReadOnlySpan<float> bias)
    {
        if (Pairs is not null)
        {
            FillPairs(Pairs, rowOrder, matrix, bias);
            return;
        }

        if (!NarrowFloat.Fits(matrix))
        {
            FillSingle(rowOrder, matrix, bias);
            return;
        }

        Allocate(rowOrder, bias, narrow: true);
        ushort[] room = ArrayPool<ushort>.Shared.Rent(Tile.Rows * K);
        for (int strip = 0; strip < Strips; strip++)
        {
            for (int r = 0; r < Tile.Rows; r++)
            {
                int row = strip * Tile.Rows + r, source = row < Rows ? rowOrder[row] : -1;
                Span<ushort> codes = room.AsSpan(r * K, K);
                if (source < 0)
                {
                    codes.Clear();
                }
                else
                {
                    NarrowFloat.Narrow(matrix.Slice(source * K, K), codes);
                }
            }

            fixed (ushort* rows = room)
            {
                Interleave(rows, K, (ulong*)NarrowStrip(strip));
            }
        }

        ArrayPool<ushort>.Shared.Return(room);
    }

    /// <summary>Packs a matrix as it is, for users that take <see cref="Strip"/>.</summary>
    /// <inheritdoc cref="Fill"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void FillSingle(ReadOnlySpan<int> rowOrder, ReadOnlySpan<float> matrix, ReadOnlySpan<float> bias)
    {
        Allocate(rowOrder, bias, narrow: false);
        for (int r = 0; r < rowOrder.Length; r++)
        {
            if (rowOrder[r] < 0)
            {
                continue;
            }

            ReadOnlySpan<float> row = matrix.Slice(rowOrder[r] * K, K);
            float* target = Strip(r / Tile.Rows) + r % Tile.Rows;
            for (int i = 0; i < row.Length; i++)
            {
                target[i * Tile.Rows] = row[i];
            }
        }
    }

    /// <summary>A matrix that is never filled: it only tells what it would take.</summary>
    /// <param name="narrow">Whether it would be packed as narrow floats.</param>
    public void Sketch(bool narrow)
    {
        IsNarrow = narrow && Pairs is null;
        (long weights, long biases) = Sizes(IsNarrow);
        Bytes = weights + biases;
    }

    /// <summary>A strip of weights that are not narrow.</summary>
    public float* Strip(int strip) => (float*)_data + (long)strip * Tile.Rows * K;

    /// <summary>A strip of narrow weights.</summary>
    public ushort* NarrowStrip(int strip) => (ushort*)_data + (long)strip * Tile.Rows * K;

    /// <summary>A part of a strip of pairs.</summary>
    /// <param name="strip">The strip.</param>
    /// <param name="first">The part's first row of K, a multiple of 32.</param>
    public uint* PairStrip(int strip, int first) => (uint*)_data + Pairs!.At(strip, first / 2, PairKernels.Pairs(K));

    public void Dispose()
    {
        _memory?.Dispose();
        _data = null;
    }

    // Eight rows of k codes as [k][8], four codes in a word.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Interleave(ushort* rows, int k, ulong* target)
    {
        for (int i = 0; i < k; i++, rows++, target += 2)
        {
            target[0] = rows[0] | (ulong)rows[k] << 16 | (ulong)rows[2 * k] << 32 | (ulong)rows[3 * k] << 48;
            target[1] = rows[4 * k] | (ulong)rows[5 * k] << 16 | (ulong)rows[6 * k] << 32 | (ulong)rows[7 * k] << 48;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void FillPairs(PairKernels kernels, ReadOnlySpan<int> rowOrder, ReadOnlySpan<float> matrix, ReadOnlySpan<float> bias)
    {
        Allocate(rowOrder, bias, narrow: false);

        // A row of pairs ends with a zero where K is odd.
        int pairs = PairKernels.Pairs(K), length = 2 * pairs;
        float[] room = ArrayPool<float>.Shared.Rent(Tile.Rows * length);
        for (int strip = 0; strip < Strips; strip++)
        {
            for (int r = 0; r < Tile.Rows; r++)
            {
                int row = strip * Tile.Rows + r, source = row < Rows ? rowOrder[row] : -1;
                Span<float> own = room.AsSpan(r * length, length);
                own.Clear();
                if (source >= 0)
                {
                    matrix.Slice(source * K, K).CopyTo(own);
                }
            }

            fixed (float* rows = room)
            {
                kernels.Pack(rows, strip, pairs, (uint*)_data);
            }
        }

        ArrayPool<float>.Shared.Return(room);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Allocate(ReadOnlySpan<int> rowOrder, ReadOnlySpan<float> bias, bool narrow)
    {
        if (_data != null)
        {
            throw new InvalidOperationException("A matrix is filled once.");
        }

        if (rowOrder.Length != Rows)
        {
            throw new ArgumentException($"The order has {rowOrder.Length} rows; the matrix has {Rows}.", nameof(rowOrder));
        }

        IsNarrow = narrow;
        (long weights, long biases) = Sizes(narrow);
        Bytes = weights + biases;
        _memory = new NativeBuffer<byte>(Bytes);
        _data = _memory.Data;
        Bias = (float*)(_data + weights);
        for (int r = 0; bias.Length > 0 && r < rowOrder.Length; r++)
        {
            if (rowOrder[r] >= 0)
            {
                Bias[r] = bias[rowOrder[r]];
            }
        }
    }

    private (long Weights, long Biases) Sizes(bool narrow) => (
        ((Pairs is null ? (long)Strips * Tile.Rows * K * (narrow ? sizeof(ushort) : sizeof(float)) : Pairs.Words(Strips, PairKernels.Pairs(K)) * sizeof(uint)) + Slack + 63) / 64 * 64,
        (long)Strips * Tile.Rows * sizeof(float));
}
