using System.Collections.Immutable;

namespace Stemsharp.Export.CoreML.Mil;

/// <summary>Element types of the values that the writer emits.</summary>
internal enum MilType
{
    Float16,
    Float32,
    Int32,
    Bool,
    Text,
    UInt8,
    UInt32,
    UInt4,
    UInt6,
}

/// <summary>A named value of the program with its static type.</summary>
internal sealed record MilValue(string Name, MilType Type, ImmutableArray<int> Shape)
{
    public int Rank => Shape.Length;

    public long Elements => Shape.Aggregate(1L, (n, d) => n * d);

    public override string ToString() => $"{Name}: {Type} [{string.Join(", ", Shape)}]";
}
