using System.Collections.Frozen;

namespace Stemsharp.Export.CoreML.Reading;

/// <summary>What one input of an operation may be.</summary>
/// <param name="Name">The parameter.</param>
/// <param name="Optional">Whether it may be left out.</param>
/// <param name="Constant">Whether it has to be a constant.</param>
/// <param name="Domain">Inputs of one domain share their type; empty for one on its own.</param>
/// <param name="Kinds">The types it may have; empty for lists and blocks, which have none of their own.</param>
internal sealed record OperationInput(string Name, bool Optional, bool Constant, string Domain, IReadOnlyList<ElementKind> Kinds);

/// <summary>
/// The table of operations that Apple's tools hold a program against, OperationTypes.txt: it is the reason why they take
/// a package, and cannot be had everywhere, so every package is held against it here.
/// </summary>
internal static class OperationTypes
{
    private static readonly Lazy<FrozenDictionary<string, (string Opset, OperationInput[] Inputs)[]>> s_table = new(Read);

    /// <summary>An operation's inputs in an operation set.</summary>
    /// <exception cref="FormatException">There is no such operation, or not yet.</exception>
    public static IReadOnlyList<OperationInput> Of(string type, string opset)
    {
        if (!s_table.Value.TryGetValue(type, out (string Opset, OperationInput[] Inputs)[]? versions))
        {
            throw new FormatException("there is no such operation");
        }

        (string _, OperationInput[]? inputs) = versions.LastOrDefault(v => string.CompareOrdinal(v.Opset, opset) <= 0);
        return inputs ?? throw new FormatException($"it exists from {versions[0].Opset} on, and the program uses {opset}");
    }

    /// <summary>Holds what an operation is given against the table.</summary>
    /// <param name="type">The operation.</param>
    /// <param name="opset">The program's operation set.</param>
    /// <param name="given">Each given parameter's types, and whether it is a constant.</param>
    /// <exception cref="FormatException">What does not fit, and what would.</exception>
    public static void Check(string type, string opset, IReadOnlyDictionary<string, (IReadOnlyList<ElementKind> Kinds, bool Constant)> given)
    {
        IReadOnlyList<OperationInput> inputs = Of(type, opset);
        if (given.Keys.FirstOrDefault(key => inputs.All(i => i.Name != key)) is { } unknown)
        {
            throw new FormatException($"it has no parameter {unknown}; its parameters are {string.Join(", ", inputs.Select(i => i.Name))}");
        }

        Dictionary<string, (string Name, ElementKind Kind)> domains = [];
        foreach (OperationInput input in inputs)
        {
            if (!given.TryGetValue(input.Name, out (IReadOnlyList<ElementKind> Kinds, bool Constant) value))
            {
                if (!input.Optional)
                {
                    throw new FormatException($"its parameter {input.Name} is missing");
                }

                continue;
            }

            if (input.Constant && !value.Constant)
            {
                throw new FormatException($"{input.Name} has to be a constant");
            }

            foreach (ElementKind kind in input.Kinds.Count == 0 ? [] : value.Kinds)
            {
                if (!input.Kinds.Contains(kind))
                {
                    throw new FormatException($"{input.Name} is {kind}; in {opset} it may be {string.Join(", ", input.Kinds)}");
                }

                if (input.Domain.Length > 0 && !domains.TryAdd(input.Domain, (input.Name, kind)) && domains[input.Domain].Kind != kind)
                {
                    (string other, ElementKind its) = domains[input.Domain];
                    throw new FormatException($"{other} is {its} and {input.Name} is {kind}; in {opset} both need one type");
                }
            }
        }
    }

    private static FrozenDictionary<string, (string Opset, OperationInput[] Inputs)[]> Read()
    {
        using Stream stream = typeof(OperationTypes).Assembly.GetManifestResourceStream("OperationTypes.txt")!;
        using StreamReader reader = new(stream);
        List<(string Type, string Opset, OperationInput[] Inputs)> lines = [];
        while (reader.ReadLine() is { } line)
        {
            if (!line.StartsWith('#'))
            {
                string[] parts = line.Split(' ');
                lines.Add((parts[0], parts[1], [.. parts[2..].Select(Input)]));
            }
        }

        return lines.GroupBy(l => l.Type).ToFrozenDictionary(g => g.Key, g => g.Select(l => (l.Opset, l.Inputs)).ToArray());
    }

    // NAME[?][!][:DOMAIN]=TYPES
    private static OperationInput Input(string text)
    {
        string[] sides = text.Split('='), names = sides[0].Split(':');
        return new OperationInput(
            names[0].TrimEnd('?', '!'), names[0].Contains('?'), names[0].Contains('!'), names.Length > 1 ? names[1] : "",
            sides[1] == "*" ? [] : [.. sides[1].Split('|').Select(Kind)]);
    }

    private static ElementKind Kind(string name) => name switch
    {
        "bool" => ElementKind.Bool,
        "string" => ElementKind.Text,
        "fp16" => ElementKind.Float16,
        "fp32" => ElementKind.Float32,
        "int4" => ElementKind.Int4,
        "int8" => ElementKind.Int8,
        "int16" => ElementKind.Int16,
        "int32" => ElementKind.Int32,
        "uint1" => ElementKind.UInt1,
        "uint2" => ElementKind.UInt2,
        "uint3" => ElementKind.UInt3,
        "uint4" => ElementKind.UInt4,
        "uint6" => ElementKind.UInt6,
        "uint8" => ElementKind.UInt8,
        "uint16" => ElementKind.UInt16,
        "uint32" => ElementKind.UInt32,
        _ => throw new InvalidOperationException($"The table of operations names a type {name}."),
    };
}
