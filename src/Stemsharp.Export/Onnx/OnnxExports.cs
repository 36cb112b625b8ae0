using System.Security.Cryptography;
using System.Text.Json;
using Stemsharp.Export.Onnx.Targets;
using Stemsharp.Inference;

namespace Stemsharp.Export.Onnx;

/// <summary>
/// Models as <c>stemsharp export onnx</c> leaves them: the description MODEL.json with its graphs, or one .onnx file alone. They run
/// on onnxruntime, without a checkpoint: what those around the network have to know is in them.
/// </summary>
public static class OnnxExports
{
    /// <summary>The extension of graphs.</summary>
    public const string Extension = ".onnx";

    /// <summary>The field of a network whose definition is not the first one's.</summary>
    internal const string OwnDefinition = "own_definition";

    /// <summary>The field of a network whose large tensors lie in a file of their own.</summary>
    internal const string ExternalTensors = "external";

    /// <summary>The version of MODEL.json that is written; others are refused.</summary>
    internal const int Version = 2;

    /// <summary>Whether a model is named by a file of an export: a description, or a graph that holds its network's definition.</summary>
    public static bool IsOne(string model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return File.Exists(model)
            && (model.EndsWith(".json", StringComparison.OrdinalIgnoreCase) || (model.EndsWith(Extension, StringComparison.OrdinalIgnoreCase) && GraphFile.IsExport(model)));
    }

    /// <summary>Reads the description, or what a graph says of itself.</summary>
    /// <param name="path">MODEL.json or the .onnx file.</param>
    /// <exception cref="ModelException">A file is missing, damaged, or not what the description says.</exception>
    public static ModelSource Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        try
        {
            return path.EndsWith(Extension, StringComparison.OrdinalIgnoreCase) ? Graph(path) : Description(path);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or OverflowException or ArgumentException or IndexOutOfRangeException)
        {
            throw new ModelException($"{path} was not written by stemsharp export onnx, or it is damaged: {e.Message}", e) { Failure = ModelFailure.Corrupt };
        }
    }

    /// <summary>The definition of an exported graph: one length, some of the stems, and the graph's own inputs and outputs.</summary>
    internal static NetworkDefinition DefinitionOf(NetworkDefinition network, OnnxGraphOptions options)
    {
        NetworkDefinition definition = network.At(options.SamplesOf(network)) with
        {
            Stems = [.. network.Stems.Where(stem => options.Stems?.Contains(stem) ?? true)],
        };

        // The mix less some of the stems is another thing than the mix less all of them.
        definition = definition with { Complement = definition.Stems.Length == network.Stems.Length ? network.Complement : null };
        return options.Kind == OnnxGraphKind.Spectrogram ? definition : definition with
        {
            Transform = null,
            Inputs = [new(OnnxModelBuilder.MixInput, PortRole.Waveform)],
            Outputs = [new(OnnxModelBuilder.StemsOutput, PortRole.Waveform)],
        };
    }

    private static ModelSource Description(string path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        JsonElement root = document.RootElement;
        int version = root.GetProperty("version").GetInt32();
        if (version != Version)
        {
            throw new ModelException($"{path} is a description of version {version}; this program reads version {Version}. Export the model again.");
        }

        NetworkDefinition definition = DefinitionJson.Read(root);
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        List<ModelMember> members = [];
        foreach (JsonElement network in root.GetProperty("networks").EnumerateArray())
        {
            string name = network.GetProperty("file").GetString()!, file = Path.Combine(folder, name);
            if (Path.GetFileName(name) != name)
            {
                throw new ModelException($"{path} names {name}, which does not lie beside it.") { Failure = ModelFailure.NotInstalled };
            }

            if (!File.Exists(file))
            {
                throw new ModelException($"{path} names {name}, which is not beside it. Export the model again.") { Failure = ModelFailure.NotInstalled };
            }

            string checksum = OnnxFile.Checksum(file);
            if (checksum != network.GetProperty("sha256").GetString())
            {
                throw new ModelException($"{file} is not the graph that {path} was written with; its SHA-256 is {checksum}. Export the model again.") { Failure = ModelFailure.Corrupt };
            }

            if (network.TryGetProperty(ExternalTensors, out JsonElement external) && (!File.Exists(OnnxFile.ExternalOf(file)) || OnnxFile.Checksum(OnnxFile.ExternalOf(file)) != external.GetProperty("sha256").GetString()))
            {
                throw new ModelException($"{OnnxFile.ExternalOf(file)} is not there, or not what {path} was written with. Copy it from where the model was exported, or export the model again.") { Failure = ModelFailure.Corrupt };
            }

            string[] own = Texts(network.GetProperty("stems"));
            double[] weights = [.. network.GetProperty("weights").EnumerateArray().Select(w => w.GetDouble())];
            members.Add(new ModelMember(
                new ExportedNetwork(network.TryGetProperty(OwnDefinition, out JsonElement other) ? DefinitionJson.Read(other) : definition, file, Whole(file, checksum)),
                [.. definition.AllStems.Select(s => s == definition.Complement ? 1 : Array.IndexOf(own, s) is >= 0 and int i ? weights[i] : 0)]));
        }

        return new ModelSource(root.GetProperty("model").GetString()!, definition.AllStems, definition.SampleRate, members);
    }

    private static ModelSource Graph(string path)
    {
        NetworkDefinition definition = DefinitionJson.FromText(OnnxReport.Read(path).Metadata[GraphFile.DefinitionKey]);
        ExportedNetwork network = new(definition, Path.GetFullPath(path), Whole(path, OnnxFile.Checksum(path)));
        return new ModelSource(Path.GetFileNameWithoutExtension(path), definition.AllStems, definition.SampleRate, [new ModelMember(network, [.. definition.AllStems.Select(_ => 1.0)])]);
    }

    private static string[] Texts(JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetString()!)];

    // External weights belong to the graph.
    private static string Whole(string file, string checksum) => File.Exists(OnnxFile.ExternalOf(file))
        ? Convert.ToHexStringLower(SHA256.HashData(Convert.FromHexString(checksum + OnnxFile.Checksum(OnnxFile.ExternalOf(file)))))
        : checksum;
}
