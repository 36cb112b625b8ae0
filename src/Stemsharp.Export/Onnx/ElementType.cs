namespace Stemsharp.Export.Onnx;

/// <summary>Element types, numbered as the format numbers them (TensorProto.DataType).</summary>
internal enum ElementType
{
    Float = 1,
    UInt8 = 2,
    Int8 = 3,
    Int32 = 6,
    Int64 = 7,
    Bool = 9,
    Half = 10,
}

internal static class ElementTypes
{
    /// <summary>Bytes of one element.</summary>
    public static int Size(this ElementType type) => type switch
    {
        ElementType.UInt8 or ElementType.Int8 or ElementType.Bool => 1,
        ElementType.Half => 2,
        ElementType.Float or ElementType.Int32 => 4,
        _ => 8,
    };
}
