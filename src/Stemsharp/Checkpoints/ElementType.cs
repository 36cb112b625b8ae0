namespace Stemsharp.Checkpoints;

/// <summary>How the numbers of a stored tensor are encoded. Integers occur as inert buffers only.</summary>
internal enum ElementType
{
    Half,
    BFloat16,
    Single,
    Double,
    Boolean,
    UInt8,
    Int8,
    Int16,
    Int32,
    Int64,
}

internal static class ElementTypes
{
    /// <summary>Bytes of one element.</summary>
    public static int Size(this ElementType type) => type switch
    {
        ElementType.Boolean or ElementType.UInt8 or ElementType.Int8 => 1,
        ElementType.Half or ElementType.BFloat16 or ElementType.Int16 => 2,
        ElementType.Single or ElementType.Int32 => 4,
        _ => 8,
    };

    public static bool IsFloatingPoint(this ElementType type) =>
        type is ElementType.Half or ElementType.BFloat16 or ElementType.Single or ElementType.Double;
}
