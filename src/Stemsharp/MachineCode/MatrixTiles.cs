using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Stemsharp.MachineCode;

/// <summary>Whether this processor has tile registers (AMX), and the system's leave to use them, which a process must ask for.</summary>
internal static partial class MatrixTiles
{
    // The state of the tiles' contents among those that a processor keeps for each thread.
    private const int TileData = 18;

    private const nint AskPermission = 0x1023, ArchControl = 158;

    private static readonly Lazy<string?> s_absence = new(Find);

    /// <summary>Asks once.</summary>
    /// <returns>Null with leave; else why there is none, as a part of a sentence.</returns>
    public static string? Permit() => s_absence.Value;

    /// <summary>Whether a processor with these answers multiplies tiles of bfloat16, eight of them, of 16 rows of 64 bytes.</summary>
    /// <param name="cpuId">CPUID by leaf and sub-leaf.</param>
    internal static bool IsDescribed(Func<int, int, (int Eax, int Ebx, int Ecx, int Edx)> cpuId)
    {
        const int bfloat16 = 1 << 22, tiles = 1 << 24;
        if (cpuId(0, 0).Eax < 0x1E || (cpuId(7, 0).Edx & (bfloat16 | tiles)) != (bfloat16 | tiles) || cpuId(0x1D, 0).Eax < 1)
        {
            return false;
        }

        (_, int names, int rows, _) = cpuId(0x1D, 1);
        int sizes = cpuId(0x1E, 0).Ebx;
        return (names & 0xFFFF) >= 64 && names >>> 16 >= 8 && (rows & 0xFFFF) >= 16 && (sizes & 0xFF) >= 16 && (sizes >> 8 & 0xFFFF) >= 64;
    }

    private static string? Find()
    {
        if (!X86Base.X64.IsSupported || !IsDescribed(X86Base.CpuId))
        {
            return "this processor does not multiply tiles of bfloat16 (AMX)";
        }

        try
        {
            bool granted = OperatingSystem.IsLinux() ? SystemCall(ArchControl, AskPermission, TileData) == 0
                : OperatingSystem.IsWindows() && EnableFeatures(1ul << TileData) != 0;
            return granted ? null : "the system does not give leave to use tiles (AMX)";
        }
        catch (Exception e) when (e is EntryPointNotFoundException or DllNotFoundException)
        {
            return "the system does not know tiles (AMX)";
        }
    }

    [LibraryImport("libc", EntryPoint = "syscall")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint SystemCall(nint number, nint operation, nint argument);

    [LibraryImport("kernel32", EntryPoint = "EnableProcessOptionalXStateFeatures")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int EnableFeatures(ulong features);
}
