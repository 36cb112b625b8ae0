using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Simd;

namespace Stemsharp.Kernels.Paired;

/// <summary>A known block through two sets of kernels: whether both give the same bits.</summary>
internal static unsafe class PairTrial
{
    private const int Depth = 12;

    /// <summary>Rounds, multiplies and adds numbers of all sizes, some near the smallest ones.</summary>
    public static bool Agree(PairKernels one, PairKernels other)
    {
        using NativeBuffer<float> first = Run(one), second = Run(other);
        return MemoryMarshal.AsBytes(first.Span).SequenceEqual(MemoryMarshal.AsBytes(second.Span));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static NativeBuffer<float> Run(PairKernels kernels)
    {
        SplitMix64 random = new(27);
        using NativeBuffer<float> weights = new(Depth * Tile.Columns), panel = new(Depth * Tile.Columns);
        foreach (NativeBuffer<float> buffer in (NativeBuffer<float>[])[weights, panel])
        {
            for (int i = 0; i < buffer.Length; i++)
            {
                float unit = (long)random.Next() / 9.223372e18f;
                buffer.Data[i] = i % 7 == 0 ? unit * 1e-20f : i % 11 == 0 ? unit * 1e-38f : unit;
            }
        }

        kernels.Round(weights.Data, Depth, (uint*)weights.Data);
        kernels.Round(panel.Data, Depth - 1, (uint*)panel.Data);
        NativeBuffer<float> tiles = new(2 * Tile.Size + Depth * Tile.Columns);
        kernels.Multiply((uint*)weights.Data, (uint*)panel.Data, Depth / 2, tiles.Data, accumulate: false);
        tiles.Span[..Tile.Size].CopyTo(tiles.Span[Tile.Size..]);
        kernels.Multiply((uint*)weights.Data, (uint*)panel.Data, Depth / 2, tiles.Data + Tile.Size, accumulate: true);
        panel.Span.CopyTo(tiles.Span[(2 * Tile.Size)..]);
        return tiles;
    }
}
