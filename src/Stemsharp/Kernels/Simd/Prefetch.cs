using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Stemsharp.Kernels.Simd;

/// <summary>Hints to bring memory into the second-level cache; without effect on results, and nothing where there is no instruction.</summary>
internal static unsafe class Prefetch
{
    private const int Line = 16;

    /// <summary>Hints the cache lines of <paramref name="count"/> floats. The address need not be valid.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Floats(float* p, int count)
    {
        if (!Sse.IsSupported) return;
        for (float* end = p + count; p < end; p += Line) Sse.Prefetch1(p);
    }
}
