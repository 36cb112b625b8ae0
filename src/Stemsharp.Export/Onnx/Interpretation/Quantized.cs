using Stemsharp.Export.Interpretation;

namespace Stemsharp.Export.Onnx.Interpretation;

/// <summary>Products of integers with scales found at run time.</summary>
internal static class Quantized
{
    /// <summary>DynamicQuantizeLinear: x ≈ (quantized − zero)·scale with bytes, over the range of x and zero.</summary>
    public static void Quantize(OnnxValue x, out OnnxValue quantized, out OnnxValue scale, out OnnxValue zero)
    {
        float least = Math.Min(0, x.Data.Min()), most = Math.Max(0, x.Data.Max()), step = (most - least) / 255;
        if (step == 0)
        {
            step = 1;
        }

        float middle = Math.Clamp(MathF.Round(-least / step, MidpointRounding.ToEven), 0, 255);
        float[] data = x.Data;
        long[] bytes = new long[x.Elements];
        Ranges.For(bytes.Length, (start, end) =>
        {
            for (int i = start; i < end; i++)
            {
                bytes[i] = (long)Math.Clamp(MathF.Round(data[i] / step, MidpointRounding.ToEven) + middle, 0, 255);
            }
        });
        quantized = new OnnxValue(ElementType.UInt8, x.Shape, bytes);
        scale = new OnnxValue(ElementType.Float, [], [step]);
        zero = new OnnxValue(ElementType.UInt8, [], [(long)middle]);
    }

    /// <summary>MatMulInteger of [M, K] and [K, N]: sums of at most 2²⁴ in size are exact as singles, larger ones are split along K.</summary>
    public static OnnxValue MatMul(OnnxValue a, OnnxValue b, OnnxValue zero, int[] shape)
    {
        const int Depth = 512;
        (int m, int k, int n) = (shape[0], a.Shape[1], shape[1]);
        float offset = zero.Integers[0];
        long[] sums = new long[m * n];
        for (int start = 0; start < k; start += Depth)
        {
            int depth = Math.Min(Depth, k - start);
            float[] left = new float[m * depth], right = new float[depth * n], product = new float[m * n];
            for (int i = 0; i < left.Length; i++)
            {
                left[i] = a.Integers[i / depth * k + start + i % depth] - offset;
            }

            for (int i = 0; i < right.Length; i++)
            {
                right[i] = b.Integers[start * n + i];
            }

            Products.MatMul(left, right, m, depth, n, false, false, product);
            for (int i = 0; i < sums.Length; i++)
            {
                sums[i] += (long)product[i];
            }
        }

        return new OnnxValue(ElementType.Int32, shape, sums);
    }
}
