using System.Numerics.Tensors;
using Stemsharp.Export.CoreML.Reading;

namespace Stemsharp.Export.CoreML.Interpretation;

/// <summary>Memory that several values may share: a reshape has its input's.</summary>
internal sealed class TensorBuffer(float[] data)
{
    public float[] Data { get; } = data;

    public int Users { get; set; }
}

/// <summary>A value of the running program; halves are kept as the floats that they are.</summary>
internal sealed class Tensor(TensorSpec spec, TensorBuffer buffer)
{
    public TensorSpec Spec { get; } = spec;

    public TensorBuffer Buffer { get; } = buffer;

    public float[] Data => Buffer.Data;

    public int[] Shape => Spec.Shape;

    public ReadOnlySpan<float> Span => Buffer.Data.AsSpan(0, Spec.Elements);
}

/// <summary>Work over ranges of an array on all cores.</summary>
internal static class Ranges
{
    private const int Grain = 1 << 15;

    public static void For(int length, Action<int, int> body)
    {
        int pieces = (length + Grain - 1) / Grain;
        if (pieces <= 1) body(0, length);
        else Parallel.For(0, pieces, i => body(i * Grain, Math.Min(length, (i + 1) * Grain)));
    }

    /// <summary>Rounds to the nearest half, ties to even, beyond the largest to infinity.</summary>
    public static void RoundToHalf(float[] data, int length) => For(length, (start, end) =>
    {
        Span<Half> halves = stackalloc Half[1024];
        for (int i = start; i < end; i += halves.Length)
        {
            Span<float> piece = data.AsSpan(i, Math.Min(halves.Length, end - i));
            TensorPrimitives.ConvertToHalf(piece, halves[..piece.Length]);
            TensorPrimitives.ConvertToSingle(halves[..piece.Length], piece);
        }
    });
}
