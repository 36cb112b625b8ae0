namespace Stemsharp.Export.Interpretation;

/// <summary>Operations that move elements without changing them.</summary>
internal static class Movement
{
    public static void Transpose(IOperand x, int[] order, float[] result)
    {
        int rank = order.Length;
        int[] strides = new int[rank];
        for (int i = rank - 1, stride = 1; i >= 0; stride *= x.Shape[i], i--)
        {
            strides[i] = stride;
        }

        int[] shape = [.. order.Select(a => x.Shape[a])], steps = [.. order.Select(a => strides[a])];
        int inner = shape[^1], step = steps[^1], rows = x.Elements / inner;
        float[] data = x.Data;
        Ranges.For(rows, (start, end) =>
        {
            for (int row = start; row < end; row++)
            {
                int rest = row, offset = 0;
                for (int i = rank - 2; i >= 0; i--)
                {
                    (rest, int position) = Math.DivRem(rest, shape[i]);
                    offset += position * steps[i];
                }

                Span<float> target = result.AsSpan(row * inner, inner);
                if (step == 1)
                {
                    data.AsSpan(offset, inner).CopyTo(target);
                }
                else
                {
                    for (int i = 0; i < inner; i++)
                    {
                        target[i] = data[offset + i * step];
                    }
                }
            }
        });
    }

    /// <summary>Copies [begin, begin + size) of one axis of x into result, where that axis starts at <paramref name="target"/>.</summary>
    public static void CopyAxis(ReadOnlySpan<float> x, int[] shape, int axis, int begin, int size, float[] result, int target, int targetSize)
    {
        int inner = shape.Skip(axis + 1).Aggregate(1, (n, d) => n * d), outer = shape.Take(axis).Aggregate(1, (n, d) => n * d);
        for (int i = 0; i < outer; i++)
        {
            x.Slice((i * shape[axis] + begin) * inner, size * inner).CopyTo(result.AsSpan((i * targetSize + target) * inner));
        }
    }
}
