using System.Numerics.Tensors;

namespace Stemsharp.Export.Interpretation;

/// <summary>Work over ranges of an array on all cores.</summary>
internal static class Ranges
{
    private const int Grain = 1 << 15;

    public static void For(int length, Action<int, int> body)
    {
        int pieces = (length + Grain - 1) / Grain;
        if (pieces <= 1)
        {
            body(0, length);
        }
        else
        {
            Parallel.For(0, pieces, i => body(i * Grain, Math.Min(length, (i + 1) * Grain)));
        }
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

    /// <summary>Rounds to the eleven bits that a half has, whatever the exponent: what halves would be that neither overflow nor sink.</summary>
    public static void RoundToElevenBits(float[] data, int length)
    {
        for (int i = 0; i < length; i++)
        {
            uint bits = BitConverter.SingleToUInt32Bits(data[i]);
            data[i] = BitConverter.UInt32BitsToSingle((bits + 0xFFF + ((bits >> 13) & 1)) & ~0x1FFFu);
        }
    }
}
