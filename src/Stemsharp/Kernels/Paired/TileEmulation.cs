using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Simd;

namespace Stemsharp.Kernels.Paired;

/// <summary>
/// What the functions of <see cref="TileCode"/> do, bit for bit, in plain code: the reference of their tests, and of the trial before
/// their first use.
/// </summary>
internal static unsafe class TileEmulation
{
    /// <summary>
    /// tdpbf16ps: products of even and of odd numbers are summed apart, from zero, each with one rounding to the nearest; their sum is
    /// added. Subnormal numbers are zeros, in operands and in sums.
    /// </summary>
    /// <param name="sums">[rows][16], rows at 48 floats.</param>
    /// <param name="rows">Rows of sums and of weights.</param>
    /// <param name="weights">[rows][16] pairs.</param>
    /// <param name="panel">[pairs][16].</param>
    /// <param name="panelStride">Words from row to row of the panel.</param>
    /// <param name="pairs">At most 16.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MultiplyAdd(float* sums, int rows, uint* weights, uint* panel, nint panelStride, int pairs)
    {
        Vector512<uint> odd = Vector512.Create(0xFFFF0000);
        for (int row = 0; row < rows; row++, sums += Tile.Columns, weights += TileCode.Side)
        {
            Vector512<float> evens = default, odds = default;
            for (int i = 0; i < pairs; i++)
            {
                Vector512<uint> two = Vector512.Load(panel + i * panelStride);
                evens = Add(evens, (ushort)weights[i], two << 16);
                odds = Add(odds, (ushort)(weights[i] >> 16), two & odd);
            }

            Bfloat16.Flush(Bfloat16.Flush(Vector512.Load(sums)) + Bfloat16.Flush(evens + odds)).Store(sums);
        }
    }

    /// <inheritdoc cref="TileCode.Product"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Product(TileCall* call, int tiles, int rows, int pairs, int parts, bool accumulate)
    {
        for (nint p = 0; p < call->Count; p++)
        {
            uint* panel = (uint*)((byte*)call->Panels + p * call->PanelBytes);
            float* target = (float*)((byte*)call->Tiles + p * call->TilesBytes);
            for (int row = 0; !accumulate && row < (tiles - 1) * TileCode.Side + rows; row++)
            {
                new Span<float>(target + row * Tile.Columns, Tile.Columns).Clear();
            }

            for (nint step = 0; step < call->Steps; step++)
            {
                for (int tile = 0; tile < tiles; tile++)
                {
                    uint* high = call->Weights + (step * TileCode.TilesAtOnce + tile) * parts * TileCode.TileWords;
                    float* sums = target + tile * TileCode.Side * Tile.Columns;
                    uint* own = panel + step * TileCode.Side * parts * Tile.Columns;
                    for (int column = 0; column < Tile.Columns; column += TileCode.Side)
                    {
                        for (int part = parts - 1; part >= 0; part--)
                        {
                            MultiplyAdd(sums + column, rows, high, own + part * Tile.Columns + column, parts * Tile.Columns, pairs);
                        }

                        if (parts > 1)
                        {
                            MultiplyAdd(sums + column, rows, high + TileCode.TileWords, own + column, parts * Tile.Columns, pairs);
                        }
                    }
                }
            }
        }
    }

    private static Vector512<float> Add(Vector512<float> sum, ushort weight, Vector512<uint> numbers) =>
        Bfloat16.Flush(Vector512.FusedMultiplyAdd(Vector512.Create(Bfloat16.Flush(Bfloat16.Widen(weight))), Bfloat16.Flush(numbers.AsSingle()), sum));
}
