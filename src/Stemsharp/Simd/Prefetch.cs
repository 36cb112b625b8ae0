using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Stemsharp.Simd;

/// <summary>Hints to bring memory into a cache; without effect on results, and nothing where there is no instruction.</summary>
internal static unsafe class Prefetch
{
    private const int Line = 16;

    /// <summary>Hints the cache lines of <paramref name="count"/> floats, for the second-level cache. The address need not be valid.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Floats(float* p, int count)
    {
        if (!Sse.IsSupported)
        {
            return;
        }

        for (float* end = p + count; p < end; p += Line)
        {
            Sse.Prefetch1(p);
        }
    }

    /// <summary>Hints a line for the second-level cache, on processors with vectors of one cache line.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Far(void* p, int lanes)
    {
        if (Sse.IsSupported && lanes == Line)
        {
            Sse.Prefetch1(p);
        }
    }

    /// <summary>Hints a vector of one cache line for the first-level cache; narrower vectors are left alone.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Near(float* p, int lanes)
    {
        if (Sse.IsSupported && lanes == Line)
        {
            Sse.Prefetch0(p);
        }
    }
}
