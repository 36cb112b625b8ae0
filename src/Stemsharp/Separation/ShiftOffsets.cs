using System.Runtime.CompilerServices;
using Stemsharp.Simd;

namespace Stemsharp.Separation;

/// <summary>Chooses how far the runs of one separation are shifted against each other.</summary>
internal static class ShiftOffsets
{
    /// <summary>
    /// The offsets of <paramref name="shifts"/> runs within 0 … <paramref name="maximum"/>. An offset equal to the maximum
    /// is the plain run. Without a seed they are evenly spaced from the plain run down; with one they are drawn.
    /// </summary>
    /// <param name="shifts">Runs; 0 and 1 mean the plain one.</param>
    /// <param name="seed">Draws them; null for evenly spaced ones.</param>
    /// <param name="maximum">Half a second, in samples.</param>
    /// <param name="member">Position of the network in its bag: each draws its own.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int[] Choose(int shifts, int? seed, int maximum, int member)
    {
        if (seed is null || shifts == 0)
        {
            int count = Math.Max(shifts, 1);
            int[] spaced = new int[count];
            for (int i = 0; i < count; i++)
            {
                spaced[i] = maximum - (int)((long)i * maximum / count);
            }

            return spaced;
        }

        SplitMix64 random = new(((ulong)(uint)seed.Value << 32) | (uint)member);
        int[] drawn = new int[shifts];
        for (int i = 0; i < shifts; i++)
        {
            drawn[i] = (int)((UInt128)random.Next() * (ulong)(maximum + 1) >> 64);
        }

        return drawn;
    }
}
