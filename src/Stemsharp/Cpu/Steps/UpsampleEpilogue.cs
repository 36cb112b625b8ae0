using System.Runtime.CompilerServices;
using Stemsharp.Kernels.Gemm;

namespace Stemsharp.Cpu.Steps;

/// <summary>
/// A transposed convolution whose stride is its kernel: packed rows (row phase, channel, column phase), whose tiles are woven into the
/// channel's rows.
/// </summary>
internal readonly unsafe struct UpsampleEpilogue(PackedWeights weights, Tensor target, Columns columns, int kernelF, int kernelT) : IEpilogue
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Store(in Workspace w, int block, int strip, float* tile)
    {
        (int row, int start, int count) = columns[block];
        int width = columns.Width * kernelT, rows = Math.Min(Tile.Rows, weights.Rows - strip * Tile.Rows);
        for (int r = 0; r < rows; r++, tile += Tile.Columns)
        {
            (int index, int b) = Math.DivRem(strip * Tile.Rows + r, kernelT);
            (int a, int channel) = Math.DivRem(index, target.Channels);
            float* p = w.At(target, channel) + ((long)row * kernelF + a) * width + start * kernelT + b;
            for (int i = 0; i < count; i++, p += kernelT)
            {
                *p = tile[i];
            }
        }
    }

    // Each row of a tile goes to lines of its own; they are few enough.
    public void Prefetch(in Workspace w, int block, int strip)
    {
    }
}
