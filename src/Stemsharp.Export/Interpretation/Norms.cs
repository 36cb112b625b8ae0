namespace Stemsharp.Export.Interpretation;

/// <summary>Reductions and norms, by the rule of <see cref="LaneSum"/>.</summary>
internal static class Norms
{
    /// <summary>reduce_mean, reduce_sum, reduce_sum_square, reduce_l2_norm or reduce_max over some axes.</summary>
    public static void Reduce(string type, IOperand x, bool[] reduced, float[] result, Summation order = Summation.Blocks)
    {
        int rank = x.Shape.Length;
        int[] strides = new int[rank];
        for (int i = rank - 1, stride = 1; i >= 0; stride *= x.Shape[i], i--)
        {
            strides[i] = stride;
        }

        int[] kept = [.. Enumerable.Range(0, rank).Where(i => !reduced[i])], summed = [.. Enumerable.Range(0, rank).Where(i => reduced[i] && x.Shape[i] > 1)];
        int outputs = kept.Aggregate(1, (n, i) => n * x.Shape[i]), count = summed.Aggregate(1, (n, i) => n * x.Shape[i]);
        // Trailing summed axes are one contiguous run; without one, elements are taken one by one.
        int run = 1, outer = summed.Length;
        while (outer > 0 && strides[summed[outer - 1]] == run)
        {
            run *= x.Shape[summed[--outer]];
        }

        int runs = count / run;
        bool squared = type is "reduce_sum_square" or "reduce_l2_norm", mean = type == "reduce_mean";
        float[] data = x.Data;
        Parallel.For(0, outputs, output =>
        {
            int start = Offset(output, kept);
            if (type == "reduce_max")
            {
                result[output] = Enumerable.Range(0, runs).Max(i => System.Numerics.Tensors.TensorPrimitives.Max<float>(data.AsSpan(start + Offset(i, summed.AsSpan(0, outer)), run)));
                return;
            }

            Span<float> lanes = stackalloc float[LaneSum.Count(order)];
            lanes.Clear();
            LaneSum sum = new(lanes);
            for (int i = 0; i < runs; i++)
            {
                sum.Add(data.AsSpan(start + Offset(i, summed.AsSpan(0, outer)), run), squared);
            }

            float total = sum.Total();
            result[output] = mean ? total / count : type == "reduce_l2_norm" ? MathF.Sqrt(total) : total;
        });

        int Offset(int index, ReadOnlySpan<int> axes)
        {
            int offset = 0;
            for (int i = axes.Length - 1; i >= 0; i--)
            {
                (index, int position) = Math.DivRem(index, x.Shape[axes[i]]);
                offset += position * strides[axes[i]];
            }

            return offset;
        }
    }

    /// <summary>Rows of <paramref name="width"/> elements: mean, then centred squares, then one pass.</summary>
    public static void Layer(IOperand x, int width, float[]? gamma, float[]? beta, float epsilon, float[] result, Summation order = Summation.Blocks)
    {
        float[] data = x.Data;
        Parallel.For(0, x.Elements / width, row =>
        {
            ReadOnlySpan<float> line = data.AsSpan(row * width, width);
            Span<float> target = result.AsSpan(row * width, width), lanes = stackalloc float[LaneSum.Count(order)];
            lanes.Clear();
            LaneSum first = new(lanes);
            first.Add(line, squared: false);
            float mean = first.Total() / width;
            lanes.Clear();
            LaneSum second = new(lanes);
            second.Add(line, squared: true, mean);
            float rate = 1 / MathF.Sqrt(second.Total() / width + epsilon);
            for (int i = 0; i < width; i++)
            {
                target[i] = (line[i] - mean) * rate * (gamma?[i] ?? 1) + (beta?[i] ?? 0);
            }
        });
    }

    public static void Batch(IOperand x, float[] mean, float[] variance, float[]? gamma, float[]? beta, float epsilon, float[] result)
    {
        int channels = x.Shape[1], inner = x.Elements / x.Shape[0] / channels;
        float[] data = x.Data;
        Parallel.For(0, x.Shape[0] * channels, row =>
        {
            int c = row % channels;
            float rate = (gamma?[c] ?? 1) / MathF.Sqrt(variance[c] + epsilon), shift = beta?[c] ?? 0, centre = mean[c];
            for (int i = row * inner; i < (row + 1) * inner; i++)
            {
                result[i] = (data[i] - centre) * rate + shift;
            }
        });
    }

    public static void Softmax(IOperand x, float[] result, Summation order = Summation.Blocks)
    {
        int width = x.Shape[^1];
        float[] data = x.Data;
        Parallel.For(0, x.Elements / width, row =>
        {
            ReadOnlySpan<float> line = data.AsSpan(row * width, width);
            Span<float> target = result.AsSpan(row * width, width), lanes = stackalloc float[LaneSum.Count(order)];
            System.Numerics.Tensors.TensorPrimitives.Subtract(line, System.Numerics.Tensors.TensorPrimitives.Max(line), target);
            System.Numerics.Tensors.TensorPrimitives.Exp(target, target);
            lanes.Clear();
            LaneSum sum = new(lanes);
            sum.Add(target, squared: false);
            System.Numerics.Tensors.TensorPrimitives.Divide(target, sum.Total(), target);
        });
    }
}
