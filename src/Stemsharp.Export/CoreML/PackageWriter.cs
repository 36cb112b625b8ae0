using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Stemsharp.Export.CoreML.Lowering;
using Stemsharp.Export.CoreML.Mil;
using Stemsharp.Export.CoreML.Palettization;
using Stemsharp.Export.CoreML.Schema;
using Stemsharp.Graph;
using Stemsharp.Inference;

namespace Stemsharp.Export.CoreML;

/// <summary>Writes one network as an .mlpackage folder. The same input gives the same bytes.</summary>
internal static class PackageWriter
{
    private const string Folder = "com.apple.CoreML";

    /// <param name="path">The package's folder, made under another name first.</param>
    /// <param name="definition">The network.</param>
    /// <param name="graph">The network, recorded for so many samples.</param>
    /// <param name="samples">Samples of a segment.</param>
    /// <param name="weights">Its trained tensors.</param>
    /// <param name="source">Where they came from.</param>
    /// <param name="options">What to write; <see cref="CoreMLExportOptions.Segment"/> has become <paramref name="samples"/>.</param>
    /// <returns>Notes for the user.</returns>
    public static IReadOnlyList<string> Write(string path, NetworkDefinition definition, Graph.Graph graph, int samples, IWeightSource weights, PackageSource source, CoreMLExportOptions options)
    {
        int[] stems = SelectStems(definition, options.Stems);
        PrecisionPolicy policy = PrecisionPolicy.Create(options.Precision, options.SinglePrecision, options.PaletteBits is not null, graph);
        PalettePolicy? palettes = options.PaletteBits is { } bits ? new PalettePolicy(bits, options.PaletteGroup, options.PaletteKeep) : null;
        bool foldScale = options.Target < CoreMLTarget.IOS18 && palettes is null && (options.Precision == CoreMLPrecision.Float32 || MilLowering.ScalesByPowersOfTwo(graph));

        path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (Path.Exists(path) && !options.Overwrite)
        {
            throw new IOException($"{path} is there already; remove it, or allow it to be replaced.");
        }

        if (Path.Exists(path) && !File.Exists(Path.Combine(path, "Manifest.json")))
        {
            throw new IOException($"{path} is there and is no package; it is not replaced.");
        }

        MilLoweringOptions lowering = new(options.Target, policy, definition.Stems.Length, stems, foldScale, NormPlan.None);
        lowering = lowering with { NativeNorms = NormPlan.Choose(graph, lowering, options.Precision) };
        string temporary = $"{path}.{Environment.ProcessId}.tmp";
        try
        {
            string data = Path.Combine(temporary, "Data", Folder);
            Directory.CreateDirectory(Path.Combine(data, "weights"));
            Program program;
            byte[] digest;
            using (WeightFileWriter file = new(File.Create(Path.Combine(data, "weights", "weight.bin"))))
            {
                MilBuilder mil = new(file);
                WeightStore store = new(mil, weights, options.Target, palettes);
                MilLowering.Run(graph, mil, store, lowering);
                program = mil.Build(options.Target.Opset());
                digest = file.Complete();
            }

            IReadOnlyList<string> names = [.. stems.Select(s => definition.Stems[s])];
            Schema.Model model = new()
            {
                SpecificationVersion = options.Target.SpecificationVersion(),
                Description = Describe(program, definition, options.Target, PackageMetadata.Create(definition, source, samples, names, options)),
                MlProgram = program,
            };
            byte[] bytes = model.ToByteArray();
            File.WriteAllBytes(Path.Combine(data, "model.mlmodel"), bytes);
            File.WriteAllBytes(Path.Combine(temporary, "Manifest.json"), Manifest([.. SHA256.HashData(bytes), .. digest]));
            Replace(path, temporary);
        }
        finally
        {
            if (Directory.Exists(temporary))
            {
                Directory.Delete(temporary, recursive: true);
            }
        }

        IEnumerable<string> unused = [.. options.SinglePrecision is null ? [] : policy.Unused, .. palettes is null || options.PaletteKeep is null ? [] : palettes.Unused];
        return [.. unused.Select(p => $"The pattern \"{p}\" names no layer of this network.")];
    }

    private static int[] SelectStems(NetworkDefinition definition, IReadOnlyList<string>? wanted)
    {
        if (wanted is null)
        {
            return [.. Enumerable.Range(0, definition.Stems.Length)];
        }

        List<int> stems = [];
        foreach (string stem in wanted)
        {
            int index = definition.Stems.IndexOf(stem);
            if (index < 0)
            {
                throw new OptionException($"The model has no stem \"{stem}\"; its stems are {string.Join(", ", definition.Stems)}.");
            }

            stems.Add(index);
        }

        if (stems.Count == 0)
        {
            throw new OptionException($"No stem was chosen; the model's stems are {string.Join(", ", definition.Stems)}.");
        }

        return [.. stems.Distinct().Order()];
    }

    private static ModelDescription Describe(Program program, NetworkDefinition definition, CoreMLTarget target, Metadata metadata)
    {
        Function function = program.Functions["main"];
        Block block = function.BlockSpecializations[target.Opset()];
        Dictionary<string, NamedValueType> results = block.Operations.SelectMany(o => o.Outputs).ToDictionary(o => o.Name);
        ModelDescription description = new() { Metadata = metadata };
        description.Input.AddRange(function.Inputs.Select(i => Feature(i, NetworkDefinition.Find(definition.Inputs, PortRole.Spectrogram)?.Name == i.Name
            ? $"STFT of the segment, complex parts as channels: {GraphWords.Parts(definition, ", ")}"
            : "The segment's samples")));
        description.Output.AddRange(block.Outputs.Select(name => Feature(results[name], NetworkDefinition.Find(definition.Outputs, PortRole.Spectrogram)?.Name == name
            ? "One spectrogram per stem, laid out as the input; a whole one, not a mask"
            : definition.Outputs.Length == 2 ? "One waveform per stem, to be added to its spectrogram's inverse STFT" : "One waveform per stem: the stem")));
        return description;
    }

    private static FeatureDescription Feature(NamedValueType value, string text)
    {
        const int float32 = 65568;
        ArrayFeatureType array = new() { DataType = float32 };
        array.Shape.AddRange(value.Type.TensorType.Dimensions.Select(d => (long)d.Constant.Size));
        return new FeatureDescription { Name = value.Name, ShortDescription = text, Type = new FeatureType { MultiArrayType = array } };
    }

    // Item identifiers are made from the content, so that equal packages are equal byte for byte.
    private static byte[] Manifest(byte[] content)
    {
        string Identifier(string item)
        {
            byte[] hash = SHA256.HashData([.. content, .. Encoding.UTF8.GetBytes(item)]);
            hash[6] = (byte)(hash[6] & 0x0F | 0x80);
            hash[8] = (byte)(hash[8] & 0x3F | 0x80);
            return new Guid(hash.AsSpan(0, 16), bigEndian: true).ToString("D", CultureInfo.InvariantCulture).ToUpperInvariant();
        }

        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, new JsonWriterOptions { Indented = true }))
        {
            void Item(string id, string name, string path, string description)
            {
                json.WriteStartObject(id);
                json.WriteString("author", Folder);
                json.WriteString("description", description);
                json.WriteString("name", name);
                json.WriteString("path", path);
                json.WriteEndObject();
            }

            string model = Identifier("model"), weights = Identifier("weights");
            json.WriteStartObject();
            json.WriteString("fileFormatVersion", "1.0.0");
            json.WriteStartObject("itemInfoEntries");
            Item(weights, "weights", $"{Folder}/weights", "CoreML Model Weights");
            Item(model, "model.mlmodel", $"{Folder}/model.mlmodel", "CoreML Model Specification");
            json.WriteEndObject();
            json.WriteString("rootModelIdentifier", model);
            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    private static void Replace(string path, string temporary)
    {
        string? old = null;
        if (Path.Exists(path))
        {
            old = $"{path}.{Environment.ProcessId}.old";
            Directory.Move(path, old);
        }

        try
        {
            Directory.Move(temporary, path);
        }
        catch when (old is not null)
        {
            Directory.Move(old, path);
            throw;
        }

        if (old is not null)
        {
            Directory.Delete(old, recursive: true);
        }
    }
}
