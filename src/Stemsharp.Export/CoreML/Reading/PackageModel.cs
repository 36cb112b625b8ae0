namespace Stemsharp.Export.CoreML.Reading;

/// <summary>Element types by the numbers that programs use.</summary>
internal enum ElementKind
{
    Bool = 1,
    Text = 2,
    Float16 = 10,
    Float32 = 11,
    Int8 = 21,
    Int16 = 22,
    Int32 = 23,
    Int4 = 25,
    UInt8 = 31,
    UInt16 = 32,
    UInt32 = 33,
    UInt4 = 35,
    UInt2 = 36,
    UInt1 = 37,
    UInt6 = 38,
    UInt3 = 39,
}

internal static class ElementKinds
{
    public static int Bits(this ElementKind kind) => kind switch
    {
        ElementKind.UInt1 => 1,
        ElementKind.UInt2 => 2,
        ElementKind.UInt3 => 3,
        ElementKind.Int4 or ElementKind.UInt4 => 4,
        ElementKind.UInt6 => 6,
        ElementKind.Bool or ElementKind.Int8 or ElementKind.UInt8 => 8,
        ElementKind.Float16 or ElementKind.Int16 or ElementKind.UInt16 => 16,
        _ => 32,
    };

    public static bool IsFloat(this ElementKind kind) => kind is ElementKind.Float16 or ElementKind.Float32;
}

/// <summary>A tensor's element type and static shape.</summary>
internal sealed record TensorSpec(ElementKind Kind, int[] Shape)
{
    public int Rank => Shape.Length;

    public int Elements => checked((int)Shape.Aggregate(1L, (n, d) => checked(n * d)));

    public bool Equals(TensorSpec? other) => other is not null && Kind == other.Kind && Shape.AsSpan().SequenceEqual(other.Shape);

    public override int GetHashCode() => HashCode.Combine(Kind, Shape.Length);

    public override string ToString() => $"{Kind} [{string.Join(", ", Shape)}]";
}

/// <summary>A named value of the program.</summary>
internal sealed record TypedName(string Name, TensorSpec Spec);

/// <summary>A constant's value: float[], int[], bool[], string[] or byte[] in the program, or a place in the weight file.</summary>
internal sealed record Literal(TensorSpec Spec, Array? Immediate, string? File, ulong Offset);

/// <summary>What one parameter of an operation is bound to: an earlier value, or a literal.</summary>
internal sealed record ParameterBinding(string? Name, Literal? Literal);

/// <summary>One operation of the block.</summary>
internal sealed record ProgramOperation(
    string Type,
    IReadOnlyDictionary<string, IReadOnlyList<ParameterBinding>> Inputs,
    IReadOnlyList<TypedName> Outputs,
    IReadOnlyDictionary<string, Literal> Attributes)
{
    public string Name => Outputs.Count > 0 ? Outputs[0].Name : Type;

    public bool IsConstant => Type is "const" or "constexpr_lut_to_dense" or "constexpr_cast";

    /// <summary>An argument of a constant, which is an attribute or, for constexpr operations from CoreML8 on, an input.</summary>
    /// <exception cref="FormatException">It is missing, or no literal.</exception>
    public Literal Argument(string key) =>
        Attributes.TryGetValue(key, out Literal? attribute) ? attribute
        : Inputs.TryGetValue(key, out IReadOnlyList<ParameterBinding>? bindings) && bindings is [{ Literal: { } literal }] ? literal
        : throw new FormatException($"its parameter {key} is missing or no literal");
}

/// <summary>A feature in the model's description.</summary>
internal sealed record Feature(string Name, TensorSpec Spec);

/// <summary>The parsed model file.</summary>
internal sealed record PackageModel(
    int SpecificationVersion,
    IReadOnlyList<Feature> Inputs,
    IReadOnlyList<Feature> Outputs,
    string Description,
    IReadOnlyDictionary<string, string> Metadata,
    string Opset,
    IReadOnlyList<TypedName> Arguments,
    IReadOnlyList<ProgramOperation> Operations,
    IReadOnlyList<string> Results);
