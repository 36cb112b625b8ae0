using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Simd;

namespace Stemsharp.Kernels.Paired;

/// <summary>A known block through two sets of kernels: whether both give the same bits.</summary>
internal static unsafe class PairTrial
{
    private const int Depth = 42, Strips = 7;

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
        const int pairs = Depth / 2;
        using NativeBuffer<float> rows = new(Strips * Tile.Rows * Depth), panel = new(Depth * Tile.Columns);
        foreach (NativeBuffer<float> buffer in (NativeBuffer<float>[])[rows, panel])
        {
            for (int i = 0; i < buffer.Length; i++)
            {
                float unit = (long)random.Next() / 9.223372e18f;
                buffer.Data[i] = i % 7 == 0 ? unit * 1e-20f : i % 11 == 0 ? unit * 1e-38f : unit;
            }
        }

        using NativeBuffer<uint> weights = new(kernels.Words(Strips, pairs));
        for (int strip = 0; strip < Strips; strip++)
        {
            kernels.Pack(rows.Data + strip * Tile.Rows * Depth, strip, pairs, weights.Data);
        }

        kernels.Round(panel.Data, Depth - 1, (uint*)panel.Data);
        NativeBuffer<float> tiles = new(2 * Strips * Tile.Size + Depth * Tile.Columns);
        foreach (bool accumulate in (bool[])[false, true])
        {
            float* target = tiles.Data + (accumulate ? Strips * Tile.Size : 0);
            for (int strip = 0; strip < Strips; strip += kernels.StripsAtOnce)
            {
                kernels.Multiply(
                    weights.Data + kernels.At(strip, 0, pairs), Math.Min(kernels.StripsAtOnce, Strips - strip), (uint*)panel.Data, 0, 1, pairs, target + strip * Tile.Size, 0, accumulate);
            }

            if (!accumulate)
            {
                tiles.Span[..(Strips * Tile.Size)].CopyTo(tiles.Span[(Strips * Tile.Size)..]);
            }
        }

        panel.Span.CopyTo(tiles.Span[(2 * Strips * Tile.Size)..]);
        return tiles;
    }
}
