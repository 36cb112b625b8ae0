using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Stemsharp.Simd;

/// <summary>
/// The instruction sets that kernels and transforms exist for, widest first: the one table that dispatch, tests and
/// benchmarks read.
/// </summary>
/// <param name="Name">As shown to users.</param>
/// <param name="Bits">Vector width; 0 for scalar code.</param>
/// <param name="IsSupported">Whether this process can run it.</param>
internal sealed record SimdTier(string Name, int Bits, bool IsSupported)
{
    /// <summary>All tiers, widest first.</summary>
    /// <remarks>
    /// Vector512.IsHardwareAccelerated can be false where AVX-512 works, by design, on processors that slow
    /// down for it; those still gain here, so the instruction sets decide.
    /// </remarks>
    public static IReadOnlyList<SimdTier> All { get; } =
    [
        new("AVX-512", 512, Avx512F.IsSupported),
        new("AVX2", 256, Avx2.IsSupported && Fma.IsSupported),
        new("128-bit", 128, Vector128.IsHardwareAccelerated),
        new("scalar", 0, true),
    ];

    /// <summary>The widest tier that this process can run.</summary>
    public static SimdTier Best { get; } = All.First(t => t.IsSupported);
}
