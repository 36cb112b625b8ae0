namespace Stemsharp.Graph.Interpretation;

/// <summary>Convolutions by their definition.</summary>
internal static class Convolutions
{
    public static double[] Conv(double[] x, Shape shape, double[] weight, double[]? bias, ConvOp op, Shape result)
    {
        // A one-dimensional convolution acts on every row: kernel 1 and stride 1 along F.
        bool rows = op.Stride.Length == 2;
        int kf = rows ? op.Weight.Shape[2] : 1, sf = rows ? op.Stride[0] : 1, pf = rows ? op.Padding[0] : 0, df = rows ? op.Dilation[0] : 1;
        int kt = op.Weight.Shape.Last, st = op.Stride[^1], pt = op.Padding[^1], dt = op.Dilation[^1];
        int cin = shape.Channels, fin = shape.Rows, tin = shape.Last;
        int cout = result.Channels, fout = result.Rows, tout = result.Last;
        double[] y = new double[result.Elements];
        Parallel.For(0, cout * fout, index =>
        {
            (int o, int f) = Math.DivRem(index, fout);
            Span<double> row = y.AsSpan(index * tout, tout);
            row.Fill(bias?[o] ?? 0);
            for (int c = 0; c < cin; c++)
            {
                for (int a = 0; a < kf; a++)
                {
                    int source = f * sf - pf + a * df;
                    if (source < 0 || source >= fin)
                    {
                        continue;
                    }

                    ReadOnlySpan<double> line = x.AsSpan((c * fin + source) * tin, tin);
                    for (int b = 0; b < kt; b++)
                    {
                        double w = weight[((o * cin + c) * kf + a) * kt + b];
                        int offset = b * dt - pt;
                        if (st == 1)
                        {
                            int first = Math.Max(0, -offset), count = Math.Min(tout, tin - offset) - first;
                            if (count > 0)
                            {
                                Lines.AddScaled(row.Slice(first, count), w, line[(first + offset)..]);
                            }

                            continue;
                        }

                        for (int t = 0; t < tout; t++)
                        {
                            int s = t * st + offset;
                            if ((uint)s < (uint)tin)
                            {
                                row[t] += w * line[s];
                            }
                        }
                    }
                }
            }
        });
        return y;
    }

    public static double[] ConvTranspose(double[] x, Shape shape, double[] weight, double[] bias, ConvTransposeOp op, Shape result)
    {
        // [C, L] is treated as [C, L, 1]: the transposed axis is the first spatial one in both cases.
        int cin = shape.Channels, fin = shape[1], inner = shape.Positions / fin;
        int cout = result.Channels, fout = result[1], kernel = op.Kernel;
        double[] y = new double[result.Elements];
        Parallel.For(0, cout, o =>
        {
            y.AsSpan(o * fout * inner, fout * inner).Fill(bias[o]);
            for (int c = 0; c < cin; c++)
            {
                for (int f = 0; f < fin; f++)
                {
                    ReadOnlySpan<double> line = x.AsSpan((c * fin + f) * inner, inner);
                    for (int k = 0; k < kernel; k++)
                    {
                        int target = f * op.Stride + k - op.Start;
                        if (target < 0 || target >= fout)
                        {
                            continue;
                        }

                        double w = weight[(c * cout + o) * kernel + k];
                        Lines.AddScaled(y.AsSpan((o * fout + target) * inner, inner), w, line);
                    }
                }
            }
        });
        return y;
    }

    public static double[] Upsample(double[] x, Shape shape, double[] weight, UpsampleOp op)
    {
        int cin = shape.Channels, rows = shape.Rows, last = shape.Last, cout = op.Weight.Shape[1], kf = op.KernelF, kt = op.KernelT;
        double[] y = new double[cout * rows * kf * last * kt];
        Parallel.For(0, cout * rows * kf, index =>
        {
            (int o, int row) = Math.DivRem(index, rows * kf);
            (int f, int a) = Math.DivRem(row, kf);
            Span<double> line = y.AsSpan(index * last * kt, last * kt);
            for (int c = 0; c < cin; c++)
            {
                ReadOnlySpan<double> taps = weight.AsSpan(((c * cout + o) * kf + a) * kt, kt);
                for (int i = 0; i < line.Length; i++)
                {
                    line[i] += taps[i % kt] * x[(c * rows + f) * last + i / kt];
                }
            }
        });
        return y;
    }

    public static double[] Depthwise(double[] x, Shape shape, double[] weight, double[] bias, DepthwiseConvOp op)
    {
        int last = shape.Last, rows = shape.Rows, kernel = op.Kernel;
        double[] y = new double[x.Length];
        for (int line = 0; line < x.Length / last; line++)
        {
            int c = line / rows;
            for (int t = 0; t < last; t++)
            {
                double sum = bias[c];
                for (int k = Math.Max(0, kernel / 2 - t); k < kernel && t + k - kernel / 2 < last; k++)
                {
                    sum += weight[c * kernel + k] * x[line * last + t + k - kernel / 2];
                }

                y[line * last + t] = sum;
            }
        }

        return y;
    }
}
