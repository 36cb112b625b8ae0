using Stemsharp.Export.CoreML.Reading;

namespace Stemsharp.Export.CoreML;

/// <summary>How many operations of a kind compute in a precision.</summary>
/// <param name="Operation">The operation's name in the program.</param>
/// <param name="Float32">Results in single precision.</param>
/// <param name="Float16">Results in half precision.</param>
public sealed record CoreMLOperationCount(string Operation, int Float32, int Float16);

/// <summary>Weights that are stored in one way.</summary>
/// <param name="Encoding">The stored type: <c>Float16</c>, or a palette with its bits, as <c>palette, 6 bits</c>.</param>
/// <param name="Tensors">How many tensors.</param>
/// <param name="Elements">How many weights.</param>
/// <param name="Bytes">Bytes of data, palettes included, padding not.</param>
public sealed record CoreMLWeightSize(string Encoding, int Tensors, long Elements, long Bytes);

/// <summary>What is in an .mlpackage.</summary>
public sealed record CoreMLReport
{
    /// <summary>The package's folder.</summary>
    public required string Path { get; init; }

    /// <summary>The format's version, which says the oldest system: 7 iOS 16, 8 iOS 17, 9 iOS 18.</summary>
    public required int SpecificationVersion { get; init; }

    /// <summary>The operation set.</summary>
    public required string OperationSet { get; init; }

    /// <summary>Inputs with their types and shapes.</summary>
    public required IReadOnlyList<string> Inputs { get; init; }

    /// <summary>Outputs with their types and shapes.</summary>
    public required IReadOnlyList<string> Outputs { get; init; }

    /// <summary>Operations by kind, constants left out, the most frequent first.</summary>
    public required IReadOnlyList<CoreMLOperationCount> Operations { get; init; }

    /// <summary>Constants in the program.</summary>
    public required int Constants { get; init; }

    /// <summary>The highest rank of a value.</summary>
    public required int HighestRank { get; init; }

    /// <summary>Multiply-adds of one run in single precision.</summary>
    public required long MultiplyAddsFloat32 { get; init; }

    /// <summary>Multiply-adds of one run in half precision.</summary>
    public required long MultiplyAddsFloat16 { get; init; }

    /// <summary>The part of the multiply-adds that is in half precision, 0 to 1.</summary>
    public double HalfShare => MultiplyAddsFloat16 / (double)Math.Max(1, MultiplyAddsFloat16 + MultiplyAddsFloat32);

    /// <summary>Weights by their encoding, the largest first.</summary>
    public required IReadOnlyList<CoreMLWeightSize> Weights { get; init; }

    /// <summary>Bytes of all the package's files.</summary>
    public required long TotalBytes { get; init; }

    /// <summary>The user metadata.</summary>
    public required IReadOnlyDictionary<string, string> Metadata { get; init; }

    /// <summary>Reads and checks a package, and counts what is in it.</summary>
    /// <param name="path">The .mlpackage folder.</param>
    /// <exception cref="ModelException">It is missing or damaged; the message names the place.</exception>
    public static CoreMLReport Read(string path)
    {
        using Package package = Package.Open(path);
        PackageModel model = package.Model;
        List<ProgramOperation> operations = [.. model.Operations.Where(o => !o.IsConstant)];
        Dictionary<string, TensorSpec> specs = model.Arguments.Concat(model.Operations.SelectMany(o => o.Outputs)).ToDictionary(v => v.Name, v => v.Spec);
        long Work(ElementKind kind) => operations.Where(o => o.Outputs[0].Spec.Kind == kind).Sum(o => MultiplyAdds(o, specs));
        int Count(IEnumerable<ProgramOperation> some, ElementKind kind) => some.Count(o => o.Outputs[0].Spec.Kind == kind);
        return new CoreMLReport
        {
            Path = path,
            SpecificationVersion = model.SpecificationVersion,
            OperationSet = model.Opset,
            Inputs = [.. model.Inputs.Select(f => $"{f.Name}: {f.Spec}")],
            Outputs = [.. model.Outputs.Select(f => $"{f.Name}: {f.Spec}")],
            Operations = [.. operations.GroupBy(o => o.Type).OrderByDescending(g => g.Count()).ThenBy(g => g.Key, StringComparer.Ordinal).Select(g => new CoreMLOperationCount(g.Key, Count(g, ElementKind.Float32), Count(g, ElementKind.Float16)))],
            Constants = model.Operations.Count - operations.Count,
            HighestRank = specs.Values.Where(s => s.Kind.IsFloat()).Max(s => s.Rank),
            MultiplyAddsFloat32 = Work(ElementKind.Float32),
            MultiplyAddsFloat16 = Work(ElementKind.Float16),
            Weights = CountWeights(model),
            TotalBytes = new DirectoryInfo(path).EnumerateFiles("*", SearchOption.AllDirectories).Sum(f => f.Length),
            Metadata = model.Metadata,
        };
    }

    private static long MultiplyAdds(ProgramOperation operation, Dictionary<string, TensorSpec> specs)
    {
        TensorSpec Of(string key) => specs[operation.Inputs[key][0].Name!];
        long result = operation.Outputs[0].Spec.Elements;
        return operation.Type switch
        {
            "conv" or "linear" => result * (Of("weight").Elements / Of("weight").Shape[0]),
            "conv_transpose" => (long)Of("x").Elements / Of("x").Shape[1] * Of("weight").Elements,
            "matmul" => result * (Of("x").Elements / (Of("x").Elements / Of("x").Shape[^1] / Of("x").Shape[^2]) / operation.Outputs[0].Spec.Shape[^2]),
            "lstm" => (long)Of("x").Elements / Of("x").Shape[2] * 2 * (Of("weight_ih").Elements + Of("weight_hh").Elements),
            "scaled_dot_product_attention" => 2 * result * Of("key").Shape[^2],
            _ => 0,
        };
    }

    private static List<CoreMLWeightSize> CountWeights(PackageModel model)
    {
        Dictionary<string, CoreMLWeightSize> sizes = [];
        // Equal tensors share a blob, which counts once.
        HashSet<ulong> seen = [];
        foreach (ProgramOperation operation in model.Operations)
        {
            if (operation.Type is "const" or "constexpr_cast")
            {
                Literal literal = operation.Argument(operation.Type == "const" ? "val" : "source_val");
                if (literal.File is not null && seen.Add(literal.Offset))
                {
                    Add(literal.Spec.Kind.ToString(), literal.Spec.Elements, Bytes(literal));
                }
            }
            else if (operation.Type == "constexpr_lut_to_dense")
            {
                PaletteParts parts = PaletteRules.Parts(operation, model.Opset);
                Add($"palette, {parts.Bits} bits", operation.Outputs[0].Spec.Elements, Bytes(parts.Indices) + Bytes(parts.Table));
            }
        }

        return [.. sizes.Values.OrderByDescending(s => s.Bytes)];

        static long Bytes(Literal literal) => ((long)literal.Spec.Elements * literal.Spec.Kind.Bits() + 7) / 8;

        void Add(string encoding, long elements, long bytes)
        {
            CoreMLWeightSize known = sizes.GetValueOrDefault(encoding) ?? new CoreMLWeightSize(encoding, 0, 0, 0);
            sizes[encoding] = known with { Tensors = known.Tensors + 1, Elements = known.Elements + elements, Bytes = known.Bytes + bytes };
        }
    }
}
