using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Stemsharp.Simd;

/// <summary>
/// The instruction sets that kernels and transforms exist for, widest first: the one table that dispatch, tests and
/// benchmarks read.
/// </summary>
/// <param name="Name">As shown to users.</param>
/// <param name="Setting">What <see cref="Variable"/> calls it.</param>
/// <param name="Bits">Vector width; 0 for scalar code.</param>
/// <param name="IsSupported">Whether this process can run it.</param>
internal sealed record SimdTier(string Name, string Setting, int Bits, bool IsSupported)
{
    /// <summary>The environment variable that forces a tier, for tests and for finding out what a processor does differently.</summary>
    public const string Variable = "STEMSHARP_INSTRUCTIONS";

    private static SimdTier? s_chosen;

    /// <summary>All tiers, widest first.</summary>
    /// <remarks>
    /// Vector512.IsHardwareAccelerated can be false where AVX-512 works, by design, on processors that slow
    /// down for it; those still gain here, so the instruction sets decide.
    /// </remarks>
    public static IReadOnlyList<SimdTier> All { get; } =
    [
        new("AVX-512", "avx512", 512, Avx512F.IsSupported),
        new("AVX2", "avx2", 256, Avx2.IsSupported && Fma.IsSupported),
        new("128-bit", "128", 128, Vector128.IsHardwareAccelerated),
        new("scalar", "scalar", 0, true),
    ];

    /// <summary>The tier of this process's engines and transforms: the widest one, or the one that <see cref="Variable"/> names.</summary>
    /// <exception cref="OptionException">The variable names no tier, or one that this process cannot run.</exception>
    public static SimdTier Chosen => s_chosen ??= Choose(Environment.GetEnvironmentVariable(Variable));

    /// <summary>Whether <see cref="Variable"/> names a tier.</summary>
    public static bool IsAsked => !string.IsNullOrWhiteSpace(Environment.GetEnvironmentVariable(Variable));

    /// <summary>The tier that a setting names, or the widest one without a setting.</summary>
    /// <exception cref="OptionException">It names no tier, or one that this process cannot run.</exception>
    internal static SimdTier Choose(string? setting)
    {
        if (string.IsNullOrWhiteSpace(setting))
        {
            return All.First(t => t.IsSupported);
        }

        SimdTier? named = All.FirstOrDefault(t => t.Setting.Equals(setting.Trim(), StringComparison.OrdinalIgnoreCase));
        if (named is { IsSupported: true })
        {
            return named;
        }

        string found = named is null ? "no instruction set is called so" : $"this process has no {named.Name}";
        string valid = string.Join(", ", All.Where(t => t.IsSupported).Select(t => t.Setting));
        throw new OptionException($"{Variable} is '{setting}', but {found}. Valid here are {valid}, or nothing for the widest.");
    }
}
