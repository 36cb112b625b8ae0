using System.Runtime.CompilerServices;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Kernels.Winograd;
using Stemsharp.Simd;

namespace Stemsharp.Cpu.Steps;

/// <summary>What convolutions by Winograd's algorithm need of their weights and windows.</summary>
internal static class WinogradWeights
{
    /// <summary>Terms summed at once. The inverse transform enlarges errors of the sums: chains of 512 terms cost 0.4 dB of the whole network.</summary>
    public const int LongestChain = 192;

    /// <summary>Whether the kernel's margins hold such a convolution.</summary>
    public static bool Fits(int kernelF, int kernelT) => kernelF == 3 && kernelT % 2 == 1 && kernelT / 2 <= WinogradKernel<Simd1, float>.Margin;

    /// <summary>
    /// Product <paramref name="index"/>'s weight matrix [rows][part] from one that is [rows][3][part]; a part is
    /// what one row of the kernel holds.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transform(ReadOnlySpan<float> matrix, int part, int index, Span<float> result)
    {
        for (int r = 0; r < result.Length / part; r++)
        {
            ReadOnlySpan<float> row = matrix.Slice(r * 3 * part, 3 * part);
            for (int k = 0; k < part; k++)
            {
                result[r * part + k] = (float)WinogradKernel<Simd1, float>.Weight(index, row[k], row[part + k], row[2 * part + k]);
            }
        }
    }
}

/// <summary>
/// A convolution of three rows (and any odd number of columns) with stride 1 by <see cref="WinogradKernel{TIsa, V}"/>.
/// A task is four rows of one block of columns.
/// </summary>
internal sealed unsafe class WinogradStep<TIsa, V, TEpilogue>(
    string name, string description, PackedWeights[] weights, Tensor source, Tensor? second, int rows, int width, int kernelT, TEpilogue epilogue)
    : Step(name, description)
    where TIsa : struct, ISimd<V>
    where V : struct
    where TEpilogue : struct, IEpilogue
{
    private const int Outputs = WinogradKernel<TIsa, V>.Outputs, Inputs = WinogradKernel<TIsa, V>.Inputs;
    private const int Line = WinogradKernel<TIsa, V>.Line, Margin = WinogradKernel<TIsa, V>.Margin;
    private const int TasksPerWorker = 16;

    // Strips that share a product's panel while their tiles wait for the other products: 144 KB of tiles.
    private const int Strips = 16;

    private readonly int _rowGroups = (rows + Outputs - 1) / Outputs;
    private readonly int _blocksPerRow = Tile.Panels(width);

    public override long ExecutedFlops => 2L * Inputs * weights[0].Strips * Tile.Rows * weights[0].K * _rowGroups * _blocksPerRow * Tile.Columns;

    public override IEnumerable<PackedWeights> Weights => weights;

    public override long ScratchFloats => TileFloats + PanelFloats + (long)Inputs * source.Channels * Line;

    private static int TileFloats => Strips * Inputs * Tile.Size;

    private int PanelFloats => kernelT * source.Channels * Tile.Columns;

    public override int Tasks(int phase, int workers) => _rowGroups * _blocksPerRow * Groups(workers);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(int phase, int task, in Workspace w)
    {
        int groups = Groups(w.Workers);
        (int position, int group) = Math.DivRem(task, groups);
        (int rowGroup, int block) = Math.DivRem(position, _blocksPerRow);
        float* tiles = w.Scratch, panel = tiles + TileFloats, lines = panel + PanelFloats;
        int firstRow = rowGroup * Outputs, start = block * Tile.Columns, channels = source.Channels;
        Transform(w, firstRow, start, lines);

        int strips = weights[0].Strips, end = strips * (group + 1) / groups;
        for (int first = strips * group / groups; first < end; first += Strips)
        {
            int count = Math.Min(Strips, end - first);
            for (int product = 0; product < Inputs; product++)
            {
                Spread(lines + (long)product * channels * Line, panel);
                for (int i = 0; i < count; i++)
                {
                    Product<TIsa, V>.Run(weights[product].Strip(first + i), panel, kernelT * channels, tiles + (i * Inputs + product) * Tile.Size, longestChain: WinogradWeights.LongestChain);
                }
            }

            for (int i = 0; i < count; i++)
            {
                float* own = tiles + i * Inputs * Tile.Size;
                WinogradKernel<TIsa, V>.Inverse(own);
                for (int row = 0; row < Outputs && firstRow + row < rows; row++)
                {
                    epilogue.Store(w, (firstRow + row) * _blocksPerRow + block, first + i, own + row * Tile.Size);
                }
            }
        }
    }

    // A product's panel: the taps along time one after the other, each on whole cache lines. Products read it for every
    // strip, and a load that crosses a line costs two.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Spread(float* lines, float* panel)
    {
        int channels = source.Channels;
        for (int tap = 0; tap < kernelT; tap++)
        {
            Panel<TIsa, V>.Copy(lines + Margin - kernelT / 2 + tap, Line, channels, panel + tap * channels * Tile.Columns);
        }
    }

    private int Groups(int workers) => Math.Clamp(TasksPerWorker * workers / (_rowGroups * _blocksPerRow), 1, Math.Max(1, weights[0].Strips / 16));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Transform(in Workspace w, int firstRow, int start, float* lines)
    {
        int channels = source.Channels, half = kernelT / 2;
        float** first = stackalloc float*[Inputs];
        float** other = stackalloc float*[Inputs];
        nint stride = (nint)channels * Line;
        for (int c = 0; c < channels; c++, lines += Line)
        {
            for (int i = 0; i < Inputs; i++)
            {
                int row = firstRow - 1 + i;
                bool inside = row >= 0 && row < rows;
                long offset = (long)row * width + start - Margin;
                first[i] = inside ? w.At(source, c) + offset : null;
                other[i] = inside && second != null ? w.At(second, c) + offset : null;
            }

            WinogradKernel<TIsa, V>.Transform(first, second == null ? null : other, lines, stride);

            // What lies beyond a row's ends is another row, or nothing.
            for (int product = 0; product < Inputs; product++)
            {
                float* line = lines + product * stride + Margin;
                for (int t = 1; start == 0 && t <= half; t++)
                {
                    line[-t] = 0;
                }

                for (int t = width - start; t < Tile.Columns + half && t < width - start + half; t++)
                {
                    line[t] = 0;
                }
            }
        }
    }
}
