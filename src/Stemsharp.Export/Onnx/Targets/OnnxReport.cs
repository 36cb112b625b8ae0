using Stemsharp.Export.Onnx.Rules;
using Stemsharp.Export.Onnx.Schema;

namespace Stemsharp.Export.Onnx.Targets;

/// <summary>What an .onnx file holds, which targets take it, and which rules it breaks that keep its numbers the same everywhere, and what to know before running it.</summary>
internal sealed record OnnxReport(
    string Path,
    long Bytes,
    long Opset,
    IReadOnlyList<string> Inputs,
    IReadOnlyList<string> Outputs,
    IReadOnlyDictionary<string, int> Operators,
    IReadOnlyDictionary<string, string> Metadata,
    IReadOnlyList<TargetVerdict> Targets,
    IReadOnlyList<RuleFinding> Findings,
    IReadOnlyList<GraphAdvice> Advice)
{
    /// <summary>Reads a file.</summary>
    /// <exception cref="ModelException">It is no ONNX file.</exception>
    public static OnnxReport Read(string path)
    {
        if (!File.Exists(path))
        {
            throw new ModelException($"There is no file {path}.") { Failure = ModelFailure.NotInstalled };
        }

        ModelProto model;
        try
        {
            using FileStream file = File.OpenRead(path);
            model = ModelProto.Parser.ParseFrom(file);
        }
        catch (Google.Protobuf.InvalidProtocolBufferException e)
        {
            throw new ModelException($"{path} is no ONNX file: {e.Message}", e) { Failure = ModelFailure.Corrupt };
        }

        if (model.Graph is null || model.Graph.Node.Count == 0)
        {
            throw new ModelException($"{path} is no ONNX file: it holds no graph.") { Failure = ModelFailure.Corrupt };
        }

        return new OnnxReport(
            path,
            new FileInfo(path).Length,
            model.OpsetImport.FirstOrDefault(o => o.Domain is "" or "ai.onnx")?.Version ?? 0,
            [.. model.Graph.Input.Select(Describe)],
            [.. model.Graph.Output.Select(Describe)],
            new SortedDictionary<string, int>(model.Graph.Node.GroupBy(n => n.OpType).ToDictionary(g => g.Key, g => g.Count()), StringComparer.Ordinal),
            new SortedDictionary<string, string>(model.MetadataProps.ToDictionary(p => p.Key, p => p.Value), StringComparer.Ordinal),
            TargetVerdict.All(model),
            GraphRules.Check(model.Graph),
            GraphAdvice.Of(model));
    }

    private static string Describe(ValueInfoProto value) =>
        $"{value.Name} {(ElementType)value.Type.TensorType.ElemType} [{string.Join(", ", value.Type.TensorType.Shape.Dim.Select(d => d.DimValue > 0 ? $"{d.DimValue}" : "?"))}]";
}
