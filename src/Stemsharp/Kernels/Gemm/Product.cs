using Stemsharp.Kernels.Simd;

namespace Stemsharp.Kernels.Gemm;

/// <summary>A whole tile: the micro kernel over all blocks of K.</summary>
internal static unsafe class Product<TIsa, V>
    where TIsa : struct, ISimd<V>
    where V : struct
{
    /// <summary>tile [8][48] = strip [k][8] transposed · panel [k][48]; added to the tile with <paramref name="accumulate"/>.</summary>
    public static void Run(float* strip, float* panel, int k, float* tile, bool accumulate = false)
    {
        int chain = Tile.Chain(k);
        for (int start = 0; start < k; start += chain)
        {
            MicroKernel<TIsa, V>.Run(strip + start * Tile.Rows, panel + start * Tile.Columns, Math.Min(chain, k - start), Tile.Columns, tile, accumulate || start > 0);
        }
    }
}
