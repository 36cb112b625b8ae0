using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Stemsharp.Export.Onnx;
using Stemsharp.Inference;
using Stemsharp.Signal;
using Stemsharp.Tests;
using Xunit;
using OnnxFile = Stemsharp.Export.Onnx.OnnxFile;

namespace Stemsharp.Export.Tests.Onnx;

/// <summary>docs/hosts/export.schema.json says what MODEL.json holds, and MODEL.json holds nothing else.</summary>
public sealed class DescriptionSchemaTests : IDisposable
{
    private static readonly JsonNode s_schema = JsonNode.Parse(File.ReadAllText(RepositoryFiles.At("docs", "hosts", "export.schema.json")))!;

    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("tiny4/tiny4-cf67fb40.th")]
    [InlineData("roformer/mel4.ckpt")]
    [InlineData("mdx23c-scnet/mdxc1.ckpt")]
    [InlineData("mdx23c-scnet/sc4.ckpt")]
    [InlineData("demucs3/hd4-f3818771.th")]
    [InlineData("demucs3/dm4-20de21fd.th")]
    public async Task Descriptions_of_every_family_follow_the_schema(string model)
    {
        string file = RepositoryFiles.Golden(model.Split('/'));
        foreach (OnnxExportOptions options in (OnnxExportOptions[])[new(), new() { Graph = OnnxGraphKind.Spectrogram, Precision = OnnxPrecision.Mixed, ExternalWeights = true }])
        {
            if (options.Graph == OnnxGraphKind.Waveform || !model.Contains("dm4", StringComparison.Ordinal))
            {
                Assert.Empty(Problems(await DescribeAsync(file, options)));
            }
        }
    }

    [Fact]
    public async Task It_names_the_tensors_and_the_file_of_external_ones()
    {
        JsonNode description = await DescribeAsync(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"), new OnnxExportOptions { Graph = OnnxGraphKind.Spectrogram, ExternalWeights = true, Batch = 2 });
        JsonNode network = description["networks"]![0]!, output = network["tensors"]!["outputs"]![0]!;
        Assert.Equal("spectrograms", (string?)output["name"]);
        Assert.Equal([2, 4, 4, 2048, 84], output["shape"]!.AsArray().Select(d => (int)d!));
        Assert.Contains("not masks", (string?)output["layout"], StringComparison.Ordinal);
        string external = Path.Combine(_folder, (string)network["external"]!["file"]!);
        Assert.Equal(OnnxFile.Checksum(external), (string?)network["external"]!["sha256"]);

        // What is not the file that was written is refused, before anything is loaded.
        string path = Directory.GetFiles(_folder, "*.json").Single();
        Assert.NotNull(OnnxExports.Open(path));
        File.AppendAllText(external, "x");
        Assert.Contains(external, Assert.Throws<ModelException>(() => OnnxExports.Open(path)).Message, StringComparison.Ordinal);
        File.Delete(external);
        Assert.Contains(external, Assert.Throws<ModelException>(() => OnnxExports.Open(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_does_not_follow_the_schema_is_found()
    {
        string model = RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th");
        foreach ((Action<JsonNode> damage, string problem) in ((Action<JsonNode>, string)[])
        [
            (d => d["version"] = 3, "version"), (d => d["more"] = 1, "more"), (d => d["cut"]!["fade"] = "sine", "fade"), (d => d.AsObject().Remove("networks"), "networks"),
            (d => d["networks"]![0]!["sha256"] = "0", "sha256"), (d => d["sample_rate"] = "44100", "sample_rate"), (d => d["cut"]!["samples"] = 0, "samples"),
        ])
        {
            JsonNode description = await DescribeAsync(model, new OnnxExportOptions());
            damage(description);
            Assert.Contains(Problems(description), p => p.Contains(problem, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Its_words_are_those_of_the_definition()
    {
        JsonNode fields = s_schema["properties"]!, cut = fields["cut"]!["properties"]!, transform = fields["transform"]!["properties"]!;
        Same<PieceWindow>(cut["window"]);
        Same<PieceFill>(cut["fill"]);
        Same<TrackBorder>(cut["border"]);
        Same<PieceFade>(cut["fade"]);
        Same<TrackNormalization>(cut["normalization"]);
        Same<TransformWindow>(transform["window"]);
        Same<PaddingEnd>(transform["pad_end"]);
        Same<PaddingMode>(transform["pad_mode"]);
        Same<TransformEnvelope>(transform["envelope"]);
        Same<TransformOutput>(transform["output"]);
        Assert.Equal(DefinitionJson.Version, (int)fields["definition"]!["const"]!);
        Assert.Equal(OnnxExports.Version, (int)fields["version"]!["const"]!);

        static void Same<T>(JsonNode? property)
            where T : struct, Enum => Assert.Equal(Enum.GetNames<T>().Select(JsonNamingPolicy.SnakeCaseLower.ConvertName).Order(), property!["enum"]!.AsArray().Select(v => (string)v!).Order());
    }

    private async Task<JsonNode> DescribeAsync(string model, OnnxExportOptions options) =>
        JsonNode.Parse(await File.ReadAllTextAsync(OnnxExporter.Export(await new ModelCatalog().ResolveAsync(model), _folder, options).Description))!;

    private static List<string> Problems(JsonNode description)
    {
        List<string> problems = [];
        Check(description, s_schema, "", problems);
        return problems;
    }

    // The words of JSON Schema that the file uses.
    private static void Check(JsonNode? value, JsonNode schema, string at, List<string> problems)
    {
        string[] types = schema["type"] switch { null => [], JsonArray several => [.. several.Select(t => (string)t!)], JsonNode one => [(string)one!] };
        string kind = value?.GetValueKind() switch
        {
            null => "null",
            JsonValueKind.True or JsonValueKind.False => "boolean",
            JsonValueKind.Number => value.AsValue().TryGetValue(out long _) ? "integer" : "number",
            JsonValueKind.String => "string",
            JsonValueKind.Array => "array",
            _ => "object",
        };
        Expect(types.Length == 0 || types.Contains(kind) || (kind == "integer" && types.Contains("number")), $"is a {kind}");
        Expect(schema["const"] is not { } only || JsonNode.DeepEquals(only, value), $"is {value}");
        Expect(schema["enum"] is not JsonArray words || words.Any(w => JsonNode.DeepEquals(w, value)), $"is {value}");
        Expect(schema["minimum"] is not { } least || kind is not ("integer" or "number") || double.Parse(value!.ToJsonString(), CultureInfo.InvariantCulture) >= (int)least!, $"is {value}");
        Expect(schema["pattern"] is not { } pattern || kind != "string" || Regex.IsMatch((string)value!, (string)pattern!), $"is {value}");
        if (value is JsonArray array)
        {
            Expect(array.Count >= (int)(schema["minItems"] ?? 0), "is too short");
            for (int i = 0; i < array.Count; i++)
            {
                Check(array[i], schema["items"]!, $"{at}[{i}]", problems);
            }
        }

        if (value is not JsonObject fields)
        {
            return;
        }

        foreach (JsonNode? name in schema["required"]!.AsArray())
        {
            Expect(fields.ContainsKey((string)name!), $"lacks {name}");
        }

        foreach ((string name, JsonNode? field) in fields)
        {
            if (schema["properties"]![name] is { } known)
            {
                Check(field, known, $"{at}.{name}", problems);
            }
            else
            {
                problems.Add($"{at}.{name} is not known");
            }
        }

        void Expect(bool holds, string problem)
        {
            if (!holds)
            {
                problems.Add($"{at} {problem}");
            }
        }
    }
}
