namespace Stemsharp.Export.CoreML;

/// <summary>The oldest system that a package runs on. It fixes the operation set and the specification version.</summary>
public enum CoreMLTarget
{
    /// <summary>iOS 16, macOS 13: operation set CoreML6, specification 7.</summary>
    IOS16,

    /// <summary>iOS 17, macOS 14: operation set CoreML7, specification 8; single-precision operations take half-precision weights.</summary>
    IOS17,

    /// <summary>iOS 18, macOS 15: operation set CoreML8, specification 9; fused attention, palettes per channel group.</summary>
    IOS18,
}

/// <summary>The precision that a package computes in. Inputs and outputs are single precision in all of them.</summary>
public enum CoreMLPrecision
{
    /// <summary>Everything in single precision.</summary>
    Float32,

    /// <summary>Most multiply-adds in half precision; what loses accuracy in it stays in single precision.</summary>
    Mixed,

    /// <summary>
    /// The network in half precision, as the Neural Engine computes. Only the standardisation of the input and
    /// the restoration of the output, at the network's ends, stay in single precision.
    /// </summary>
    Float16,
}

internal static class CoreMLTargets
{
    public static string Opset(this CoreMLTarget target) => target switch
    {
        CoreMLTarget.IOS16 => "CoreML6",
        CoreMLTarget.IOS17 => "CoreML7",
        _ => "CoreML8",
    };

    public static int SpecificationVersion(this CoreMLTarget target) => target switch
    {
        CoreMLTarget.IOS16 => 7,
        CoreMLTarget.IOS17 => 8,
        _ => 9,
    };
}
