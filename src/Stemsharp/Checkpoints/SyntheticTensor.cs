using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Stemsharp.Simd;

namespace Stemsharp.Checkpoints;

/// <summary>One parameter of a <see cref="SyntheticCheckpoint"/>.</summary>
internal sealed class SyntheticTensor(string name, IReadOnlyList<int> shape)
    : StoredTensor(name, shape, IsRotary(name) ? ElementType.Single : ElementType.Half)
{
    private const int Block = 4096;
    private const double RotaryBase = 10000;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void CopyTo(Span<float> destination)
    {
        CheckLength(destination.Length, Count);
        if (IsRotary(Name))
        {
            for (int i = 0; i < destination.Length; i++)
            {
                destination[i] = (float)Math.Pow(RotaryBase, -(double)i / destination.Length);
            }

            return;
        }

        ulong seed = Fnv1a(Encoding.UTF8.GetBytes(Name));
        (double offset, double scale) = Distribution();
        for (int i = 0; i < destination.Length; i++)
        {
            // v = 2·(24 bits / 2^24) − 1
            double v = (int)(SplitMix64.At(seed, i) >> 40) * (1.0 / (1 << 23)) - 1;
            destination[i] = (float)RoundToHalf(offset + scale * v);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override bool TryCopyTo(Span<Half> destination)
    {
        CheckLength(destination.Length, Count);
        if (Type != ElementType.Half)
        {
            return false;
        }

        ulong seed = Fnv1a(Encoding.UTF8.GetBytes(Name));
        (double offset, double scale) = Distribution();
        Span<float> block = stackalloc float[Block];
        for (int start = 0; start < destination.Length; start += Block)
        {
            Span<Half> part = destination.Slice(start, Math.Min(Block, destination.Length - start));
            for (int i = 0; i < part.Length; i++)
            {
                double v = (int)(SplitMix64.At(seed, start + i) >> 40) * (1.0 / (1 << 23)) - 1;
                block[i] = (float)RoundToHalf(offset + scale * v);
            }

            TensorPrimitives.ConvertToHalf(block[..part.Length], part);
        }

        return true;
    }

    public override void CopyRawTo(Span<byte> destination)
    {
        CheckLength(destination.Length, (long)Type.Size() * Count);
        if (Type == ElementType.Half)
        {
            TryCopyTo(MemoryMarshal.Cast<byte, Half>(destination));
        }
        else
        {
            CopyTo(MemoryMarshal.Cast<byte, float>(destination));
        }
    }

    // Frequencies of rotary positions are no weights: what every network with them begins with, 10000^(−2i/d) for heads of d channels.
    private static bool IsRotary(string name) => name.EndsWith("rotary_embed.freqs", StringComparison.Ordinal);

    /// <summary>What v in [−1, 1) is scaled by and added to, by what the parameter is for.</summary>
    private (double Offset, double Scale) Distribution()
    {
        if (Name.EndsWith("query_decay.bias", StringComparison.Ordinal))
        {
            return (-2, 1);
        }

        if (Name.EndsWith("bias", StringComparison.Ordinal) || Name.AsSpan(Name.LastIndexOf('.') + 1).StartsWith("bias", StringComparison.Ordinal))
        {
            return (0, 0.05);
        }

        if (Name.Contains(".lstm.weight_", StringComparison.Ordinal))
        {
            return (0, 2 * Math.Sqrt(3.0 / Shape[1]));
        }

        if (Name.EndsWith(".scale", StringComparison.Ordinal))
        {
            return (0.5, 0.25);
        }

        if (Name == "freq_emb.embedding.weight")
        {
            return (0, 0.1);
        }

        if (Shape.Count == 1)
        {
            return (1, 0.1);
        }

        double fanIn = 1;
        for (int d = 1; d < Shape.Count; d++)
        {
            fanIn *= Shape[d];
        }

        return (0, Math.Sqrt(3 / fanIn));
    }

    private static ulong Fnv1a(ReadOnlySpan<byte> bytes)
    {
        ulong hash = 0xCBF29CE484222325;
        foreach (byte b in bytes)
        {
            hash = unchecked((hash ^ b) * 0x100000001B3);
        }

        return hash;
    }

    /// <summary>
    /// Rounds to the nearest half, ties to even, in one step: adding and taking away 1.5·2^42 times the value's
    /// power of two leaves ten bits after the leading one (fewer below 2^-14, where halves are subnormal).
    /// Magnitudes here stay far below a half's largest.
    /// </summary>
    private static double RoundToHalf(double x)
    {
        const long exponentMask = 0x7FF0_0000_0000_0000, smallestNormal = (1023L - 14) << 52;
        long exponent = Math.Max(BitConverter.DoubleToInt64Bits(x) & exponentMask, smallestNormal);
        double magic = BitConverter.Int64BitsToDouble(exponent + (42L << 52) | 1L << 51);
        return x + magic - magic;
    }

    private void CheckLength(long given, long expected)
    {
        if (given != expected)
        {
            throw new ArgumentException($"{this} needs a destination of {expected}, not {given}.");
        }
    }
}
