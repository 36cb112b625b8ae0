using System.Runtime.CompilerServices;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Simd;

namespace Stemsharp.Kernels.Paired;

/// <summary>
/// What the functions of <see cref="VectorCode"/> do, bit for bit, in plain code: the reference of their tests, and of the trial before
/// their first use.
/// </summary>
internal static unsafe class VectorEmulation
{
    /// <summary>
    /// One lane of vdpbf16ps: the odd numbers' product is added first, then that of the even ones, each with one rounding to the
    /// nearest; subnormal numbers are zeros, in operands and in sums.
    /// </summary>
    /// <param name="sum">What is added to.</param>
    /// <param name="a">A pair, the even number in its low half.</param>
    /// <param name="b">Another.</param>
    public static float MultiplyAdd(float sum, uint a, uint b)
    {
        sum = MultiplyAdd(sum, (ushort)(a >> 16), (ushort)(b >> 16));
        return MultiplyAdd(sum, (ushort)a, (ushort)b);
    }

    /// <inheritdoc cref="VectorCode.Product"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Product(uint* weights, uint* panel, nint pairs, float* tile, bool accumulate)
    {
        for (int row = 0; row < Tile.Rows; row++)
        {
            for (int column = 0; column < Tile.Columns; column++)
            {
                float sum = 0;
                for (nint i = 0; i < pairs; i++)
                {
                    sum = MultiplyAdd(sum, weights[i * Tile.Rows + row], panel[i * Tile.Columns + column]);
                }

                float* target = tile + row * Tile.Columns + column;
                *target = accumulate ? *target + sum : sum;
            }
        }
    }

    /// <inheritdoc cref="VectorCode.Round"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Round(float* rows, uint* target, nint pairs)
    {
        for (nint i = 0; i < pairs; i++, rows += 2 * Tile.Columns, target += Tile.Columns)
        {
            for (int column = 0; column < Tile.Columns; column++)
            {
                target[column] = Bfloat16.Round(rows[column]) | (uint)Bfloat16.Round(rows[Tile.Columns + column]) << 16;
            }
        }
    }

    // Of two bfloat16 the product is exact in double precision; so is its sum with a single wherever that decides the rounding.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float MultiplyAdd(float sum, ushort a, ushort b) =>
        Bfloat16.Flush((float)((double)Bfloat16.Flush(Bfloat16.Widen(a)) * Bfloat16.Flush(Bfloat16.Widen(b)) + Bfloat16.Flush(sum)));
}
