using System.Runtime.Intrinsics;

namespace Stemsharp.Simd;

/// <summary>
/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014): small, and the same everywhere and for
/// ever, which System.Random does not promise. Any number of a sequence can be had by itself.
/// </summary>
/// <param name="seed">Where the sequence begins.</param>
internal struct SplitMix64(ulong seed)
{
    private const ulong Step = 0x9E3779B97F4A7C15;

    private ulong _state = seed;

    /// <summary>The next of the sequence's numbers, each of 64 even bits.</summary>
    public ulong Next() => Finish(_state += Step);

    /// <summary>The next four of the sequence's numbers at once.</summary>
    public Vector256<ulong> NextFour()
    {
        Vector256<ulong> z = Vector256.Create(_state) + Vector256.Create(Step, unchecked(2 * Step), unchecked(3 * Step), unchecked(4 * Step));
        _state += unchecked(4 * Step);
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EB;
        return z ^ (z >>> 31);
    }

    /// <summary>A number of a seed's sequence, the first one at index 0.</summary>
    public static ulong At(ulong seed, long index) => Finish(seed + (ulong)(index + 1) * Step);

    private static ulong Finish(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
