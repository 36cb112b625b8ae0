namespace Stemsharp.Export.Interpretation;

/// <summary>Two-dimensional convolutions of one image; one-dimensional ones have height 1.</summary>
internal static class Convolutions
{
    /// <summary>What both directions need to know; H and W are the axes' sizes, T and L the zeros before them.</summary>
    public sealed record Plane(int Channels, int H, int W, int OutChannels, int OutH, int OutW, int KernelH, int KernelW, int StrideH, int StrideW, int T, int L, int DilationH, int DilationW);

    public static void Conv(float[] x, float[] weight, float[]? bias, Plane p, float[] y, Summation order = Summation.Blocks)
    {
        int depth = p.Channels * p.KernelH * p.KernelW, n = p.OutH * p.OutW;
        PackedRows rows = new(weight, p.OutChannels, depth, depth, 1, order);
        Gemm.Run(rows, n, (column, count, panel) => Gather(x, p, column, count, panel), (column, count, tile) =>
        {
            for (int o = 0; o < p.OutChannels; o++)
            {
                Span<float> target = y.AsSpan(o * n + column, count);
                tile.Slice(o * Gemm.PanelWidth, count).CopyTo(target);
                if (bias is not null)
                {
                    System.Numerics.Tensors.TensorPrimitives.Add(target, bias[o], target);
                }
            }
        });
    }

    /// <summary>Convolutions of several images in groups: <paramref name="run"/> takes one image's channels of a group, their weights, biases and results.</summary>
    public static void Each(IOperand x, IOperand w, float[]? bias, int outChannels, int groups, float[] y, int results, Action<float[], float[], float[]?, float[]> run)
    {
        int images = x.Shape[0] * groups;
        if (images == 1)
        {
            run(x.Data, w.Data, bias, y);
            return;
        }

        int size = x.Elements / images, weights = w.Elements / groups, outputs = outChannels / groups, target = results / images;
        for (int i = 0; i < images; i++)
        {
            int group = i % groups;
            float[] part = new float[target];
            run(x.Data[(i * size)..((i + 1) * size)], w.Data[(group * weights)..((group + 1) * weights)], bias?[(group * outputs)..((group + 1) * outputs)], part);
            part.CopyTo(y, i * target);
        }
    }

    /// <summary>Transposed convolution whose stride is its kernel (weight [C, O, KH, KW]): every position becomes a field.</summary>
    public static void Fields(float[] x, float[] weight, float[]? bias, Plane p, float[] y)
    {
        int field = p.KernelH * p.KernelW, n = p.H * p.W;
        Gemm.Run(new PackedRows(weight, p.OutChannels * field, p.Channels, 1, p.OutChannels * field), n, (column, count, panel) =>
        {
            for (int c = 0; c < p.Channels; c++)
            {
                x.AsSpan(c * n + column, count).CopyTo(panel[(c * Gemm.PanelWidth)..]);
            }
        }, (column, count, tile) =>
        {
            for (int row = 0; row < p.OutChannels * field; row++)
            {
                (int o, int at) = Math.DivRem(row, field);
                for (int j = 0; j < count; j++)
                {
                    (int h, int w) = Math.DivRem(column + j, p.W);
                    y[(o * p.OutH + h * p.KernelH + at / p.KernelW) * p.OutW + w * p.KernelW + at % p.KernelW] = tile[row * Gemm.PanelWidth + j] + (bias?[o] ?? 0);
                }
            }
        });
    }

    // panel[(c, a, b), j] = x[c, row·stride − pad + a·dilation, …] of output position column + j, zero outside.
    private static void Gather(float[] x, Plane p, int column, int count, Span<float> panel)
    {
        int k = 0;
        for (int c = 0; c < p.Channels; c++)
        {
            for (int a = 0; a < p.KernelH; a++)
            {
                for (int b = 0; b < p.KernelW; b++, k++)
                {
                    Span<float> line = panel.Slice(k * Gemm.PanelWidth, count);
                    for (int j = 0; j < count;)
                    {
                        (int row, int t) = Math.DivRem(column + j, p.OutW);
                        int run = Math.Min(count - j, p.OutW - t), source = row * p.StrideH - p.T + a * p.DilationH;
                        Span<float> target = line.Slice(j, run);
                        if (source < 0 || source >= p.H)
                        {
                            target.Clear();
                        }
                        else
                        {
                            Copy(x.AsSpan((c * p.H + source) * p.W, p.W), t * p.StrideW - p.L + b * p.DilationW, p.StrideW, target);
                        }

                        j += run;
                    }
                }
            }
        }
    }

    private static void Copy(ReadOnlySpan<float> line, int start, int stride, Span<float> target)
    {
        if (stride == 1 && start >= 0 && start + target.Length <= line.Length)
        {
            line.Slice(start, target.Length).CopyTo(target);
            return;
        }

        for (int i = 0; i < target.Length; i++)
        {
            int s = start + i * stride;
            target[i] = (uint)s < (uint)line.Length ? line[s] : 0;
        }
    }

    /// <summary>
    /// Transposed convolution along H (weight [C, O, K, 1]). Output row s·j + r takes input row j − m by tap
    /// r + s·m, so all s phases of O rows are one product over (channel, tap).
    /// </summary>
    public static void Transposed(float[] x, float[] weight, float[]? bias, Plane p, float[] y, Summation order = Summation.Blocks)
    {
        int s = p.StrideH, taps = (p.KernelH + s - 1) / s, depth = p.Channels * taps, width = p.W;
        float[] phases = new float[p.OutChannels * s * depth];
        for (int o = 0; o < p.OutChannels; o++)
        {
            for (int r = 0; r < s; r++)
            {
                for (int c = 0; c < p.Channels; c++)
                {
                    for (int m = 0; m < taps; m++)
                    {
                        int tap = r + s * m;
                        if (tap < p.KernelH)
                        {
                            phases[((o * s + r) * p.Channels + c) * taps + m] = weight[(c * p.OutChannels + o) * p.KernelH + tap];
                        }
                    }
                }
            }
        }

        int n = (p.H + taps - 1) * width;
        Gemm.Run(new PackedRows(phases, p.OutChannels * s, depth, depth, 1, order), n, (column, count, panel) =>
        {
            for (int k = 0; k < depth; k++)
            {
                (int c, int m) = Math.DivRem(k, taps);
                // Input row j − m begins m rows earlier; rows before the first and after the last are zeros.
                int start = column - m * width;
                ReadOnlySpan<float> image = x.AsSpan(c * p.H * width, p.H * width);
                Span<float> line = panel.Slice(k * Gemm.PanelWidth, count);
                Copy(image, start, 1, line);
            }
        }, (column, count, tile) =>
        {
            for (int o = 0; o < p.OutChannels; o++)
            {
                for (int r = 0; r < s; r++)
                {
                    ReadOnlySpan<float> line = tile.Slice((o * s + r) * Gemm.PanelWidth, count);
                    for (int j = 0; j < count; j++)
                    {
                        (int row, int t) = Math.DivRem(column + j, width);
                        int target = row * s + r - p.T;
                        if ((uint)target < (uint)p.OutH)
                        {
                            y[(o * p.OutH + target) * width + t] = line[j] + (bias?[o] ?? 0);
                        }
                    }
                }
            }
        });
    }
}
