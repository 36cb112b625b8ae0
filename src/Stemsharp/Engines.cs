namespace Stemsharp;

/// <summary>Names for <see cref="SeparatorOptions.Engine"/>.</summary>
public static class Engines
{
    /// <summary>The first backend that is there, takes the network and may be chosen unnamed; it is replaced when it fails.</summary>
    public const string Auto = "auto";

    /// <summary>Stemsharp's own engine on the processor.</summary>
    public const string Cpu = Stemsharp.Cpu.CpuBackend.BackendName;
}
