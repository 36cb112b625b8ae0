namespace Stemsharp.MachineCode;

/// <summary>Where a function finds its one argument, and which vector registers belong to its caller.</summary>
/// <param name="Argument">The register of the first argument.</param>
/// <param name="FirstKept">The first vector register whose low 16 bytes must be what they were; there are <see cref="KeptCount"/>.</param>
/// <param name="KeptCount">How many.</param>
internal sealed record CallingConvention(Register Argument, int FirstKept, int KeptCount)
{
    /// <summary>Windows': the caller owns xmm6 to xmm15.</summary>
    public static CallingConvention Windows { get; } = new(Register.Rcx, 6, 10);

    /// <summary>That of the System V ABI, everywhere else: the caller owns none.</summary>
    public static CallingConvention SystemV { get; } = new(Register.Rdi, 0, 0);

    /// <summary>This system's.</summary>
    public static CallingConvention Current => OperatingSystem.IsWindows() ? Windows : SystemV;
}
