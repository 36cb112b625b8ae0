using System.Runtime.CompilerServices;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Simd;

namespace Stemsharp.Cpu.Steps;

/// <summary>A linear layer's or pointwise convolution's panel: the channels of 48 neighbouring positions.</summary>
internal readonly unsafe struct PointwisePacker<TIsa, V>(Tensor source) : IPacker
    where TIsa : struct, ISimd<V>
    where V : struct
{
    public void Pack(in Workspace w, int block, float* panel) =>
        Panel<TIsa, V>.Copy(w.At(source) + block * Tile.Columns, source.Stride, source.Channels, panel);

    public void Prefetch(in Workspace w, int block, int part, int parts) => Ahead.Channels(w, source, block * Tile.Columns, Tile.Columns, part, parts);
}

/// <summary>The same behind a layer norm.</summary>
internal readonly unsafe struct LayerNormPacker<TIsa, V>(Tensor source, NormWeights norm) : IPacker
    where TIsa : struct, ISimd<V>
    where V : struct
{
    public void Pack(in Workspace w, int block, float* panel) =>
        Panel<TIsa, V>.LayerNorm(w.At(source) + block * Tile.Columns, source.Stride, source.Channels, norm.Weight, norm.Bias, norm.Epsilon, panel);

    // Tokens are few enough for the last-level cache, and the first of the norm's passes waits for them less than hints would cost.
    public void Prefetch(in Workspace w, int block, int part, int parts)
    {
    }
}

/// <summary>The same behind a root mean square norm.</summary>
internal readonly unsafe struct RmsNormPacker<TIsa, V>(Tensor source, NormWeights norm) : IPacker
    where TIsa : struct, ISimd<V>
    where V : struct
{
    public void Pack(in Workspace w, int block, float* panel) =>
        Panel<TIsa, V>.RmsNorm(w.At(source) + block * Tile.Columns, new PanelRows(source.Channels, source.Stride), Tile.Stretch, 2 * Tile.Stretch, norm.Weight, panel);

    public void Prefetch(in Workspace w, int block, int part, int parts) => Ahead.Channels(w, source, block * Tile.Columns, Tile.Columns, part, parts);
}

/// <summary>Fetching what will be packed, or written, while something else is computed.</summary>
internal static unsafe class Ahead
{
    /// <summary>Hints one of so many parts of a stretch of positions in all channels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Channels(in Workspace w, Tensor source, long position, int count, int part, int parts)
    {
        int first = source.Channels * part / parts, last = source.Channels * (part + 1) / parts;
        float* p = w.At(source, first) + position;
        for (int c = first; c < last; c++, p += source.Stride)
        {
            Simd.Prefetch.Floats(p, count);
        }
    }

    /// <summary>Hints the columns of a tile in some channels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tiles(in Workspace w, Tensor tensor, int firstChannel, int channels, long position)
    {
        float* p = w.At(tensor, firstChannel) + position;
        for (int c = 0; c < channels; c++, p += tensor.Stride)
        {
            Simd.Prefetch.Floats(p, Tile.Columns);
        }
    }
}

/// <summary>What a convolution looks at, along F (rows) and T (positions in a row).</summary>
internal readonly record struct Window(int KernelF, int KernelT, int StrideF, int StrideT, int PadF, int PadT, int DilationF, int DilationT)
{
    public int Taps => KernelF * KernelT;
}

/// <summary>
/// A convolution's panel, straight from the source: rows in the order (tap along F, tap along T, channel).
/// Positions outside the source are zeros. With a second source their sum is convolved.
/// </summary>
internal readonly unsafe struct ConvolutionPacker<TIsa, V>(Tensor source, Tensor? second, int rows, int width, Window window, Columns columns) : IPacker
    where TIsa : struct, ISimd<V>
    where V : struct
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Pack(in Workspace w, int block, float* panel)
    {
        (int row, int start, int count) = columns[block];
        int channels = source.Channels;
        for (int a = 0; a < window.KernelF; a++)
        {
            int f = row * window.StrideF - window.PadF + a * window.DilationF;
            if (f < 0 || f >= rows)
            {
                Panel<TIsa, V>.Clear(window.KernelT * channels, panel);
                panel += window.KernelT * channels * Tile.Columns;
                continue;
            }

            float* line = w.At(source) + (long)f * width;
            float* other = second == null ? null : w.At(second) + (long)f * width;
            if (window.StrideT == 4 && window.DilationT == 1 && other == null && window.KernelT % 4 == 0)
            {
                PackStride4(line, start, panel);
                panel += window.KernelT * channels * Tile.Columns;
                continue;
            }

            for (int b = 0; b < window.KernelT; b++, panel += channels * Tile.Columns)
            {
                int t = start * window.StrideT - window.PadT + b * window.DilationT;
                if (window.StrideT != 1)
                {
                    PackStrided(line, other, t, panel);
                }
                else if (t >= 0 && t + count <= width)
                {
                    if (other == null)
                    {
                        Panel<TIsa, V>.Copy(line + t, source.Stride, channels, panel);
                    }
                    else
                    {
                        Panel<TIsa, V>.CopySum(line + t, other + t, source.Stride, channels, panel);
                    }
                }
                else
                {
                    Panel<TIsa, V>.CopyEdge(line + t, other == null ? null : other + t, source.Stride, channels, -t, width - t, panel);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Prefetch(in Workspace w, int block, int part, int parts)
    {
        (int row, int start, _) = columns[block];
        for (int a = 0; a < window.KernelF; a++)
        {
            int f = row * window.StrideF - window.PadF + a * window.DilationF;
            if (f < 0 || f >= rows)
            {
                continue;
            }

            long position = (long)f * width + start * window.StrideT;
            Ahead.Channels(w, source, position, Tile.Columns * window.StrideT, part, parts);
            if (second != null)
            {
                Ahead.Channels(w, second, position, Tile.Columns * window.StrideT, part, parts);
            }
        }
    }

    // Kernels of whole strides (8 taps at stride 4): four taps come from one de-interleaving.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void PackStride4(float* line, int start, float* panel)
    {
        int channels = source.Channels;
        float* buffer = stackalloc float[4 * Tile.Columns];
        for (int b = 0; b < window.KernelT; b += 4)
        {
            int t = start * 4 - window.PadT + b;
            float* p0 = panel + b * channels * Tile.Columns;
            int tap = channels * Tile.Columns;
            bool inside = t >= 0 && t + 4 * Tile.Columns <= width;
            for (int c = 0; c < channels; c++, p0 += Tile.Columns)
            {
                float* p = line + (long)c * source.Stride + t;
                if (!inside)
                {
                    for (int i = 0; i < 4 * Tile.Columns; i++)
                    {
                        buffer[i] = t + i >= 0 && t + i < width ? p[i] : 0;
                    }

                    p = buffer;
                }

                for (int i = 0; i < Tile.Columns; i += TIsa.Lanes, p += 4 * TIsa.Lanes)
                {
                    TIsa.Deinterleave4(p, out V v0, out V v1, out V v2, out V v3);
                    TIsa.Store(p0 + i, v0);
                    TIsa.Store(p0 + tap + i, v1);
                    TIsa.Store(p0 + 2 * tap + i, v2);
                    TIsa.Store(p0 + 3 * tap + i, v3);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void PackStrided(float* line, float* other, int first, float* panel)
    {
        for (int c = 0; c < source.Channels; c++, line += source.Stride, panel += Tile.Columns)
        {
            for (int i = 0; i < Tile.Columns; i++)
            {
                int t = first + i * window.StrideT;
                panel[i] = t < 0 || t >= width ? 0 : other == null ? line[t] : line[t] + other[t];
            }

            if (other != null)
            {
                other += source.Stride;
            }
        }
    }
}
