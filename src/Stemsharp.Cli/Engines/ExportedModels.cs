using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Stemsharp.Export.Onnx.Targets;
using Stemsharp.Model;

namespace Stemsharp.Cli.Engines;

/// <summary>
/// Models as <c>stemsharp export onnx</c> leaves them: the description MODEL.json with its graphs, or one .onnx file alone.
/// They run on onnxruntime, without a checkpoint.
/// </summary>
internal static class ExportedModels
{
    internal const string Extension = ".onnx";

    /// <summary>Whether the model is named by a file of an export.</summary>
    internal static bool IsOne(string model) =>
        (model.EndsWith(Extension, StringComparison.OrdinalIgnoreCase) || model.EndsWith(".json", StringComparison.OrdinalIgnoreCase)) && File.Exists(model);

    /// <summary>Reads the description, or what a graph says of itself.</summary>
    /// <exception cref="ModelException">A file is missing, damaged, or not what the description says.</exception>
    internal static ModelSource Open(string path)
    {
        try
        {
            return path.EndsWith(Extension, StringComparison.OrdinalIgnoreCase) ? Graph(path) : Description(path);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or OverflowException or ArgumentException or IndexOutOfRangeException)
        {
            throw new ModelException($"{path} was not written by stemsharp export onnx, or it is damaged: {e.Message}", e);
        }
    }

    private static ModelSource Description(string path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        JsonElement root = document.RootElement;
        if (root.GetProperty("batch").GetInt32() is not 1 and int batch)
        {
            throw new ModelException($"The graphs of {path} take {batch} segments at once; separate runs one at a time. Export with --batch 1.");
        }

        string[] stems = Texts(root.GetProperty("stems"));
        HTDemucsConfig config = Config(stems, root.GetProperty("channels").GetInt32(), root.GetProperty("sample_rate").GetInt32(), root.GetProperty("segment_samples").GetInt32(), root.GetProperty("n_fft").GetInt32());
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        List<ModelMember> members = [];
        foreach (JsonElement network in root.GetProperty("networks").EnumerateArray())
        {
            string name = network.GetProperty("file").GetString()!, file = Path.Combine(folder, name);
            if (Path.GetFileName(name) != name)
            {
                throw new ModelException($"{path} names {name}, which does not lie beside it.");
            }

            if (!File.Exists(file))
            {
                throw new ModelException($"{path} names {name}, which is not beside it. Export the model again.");
            }

            string checksum = Checksum(file);
            if (checksum != network.GetProperty("sha256").GetString())
            {
                throw new ModelException($"{file} is not the graph that {path} was written with; its SHA-256 is {checksum}. Export the model again.");
            }

            string[] own = Texts(network.GetProperty("stems"));
            double[] weights = [.. network.GetProperty("weights").EnumerateArray().Select(w => w.GetDouble())];
            members.Add(ModelMember.OfGraph(file, Whole(file, checksum), config, [.. stems.Select(s => Array.IndexOf(own, s) is >= 0 and int i ? weights[i] : 0)]));
        }

        return new ModelSource(root.GetProperty("model").GetString()!, stems, config.Samplerate, members);
    }

    private static ModelSource Graph(string path)
    {
        IReadOnlyDictionary<string, string> metadata = OnnxReport.Read(path).Metadata;
        string[] stems = metadata["stemsharp.stems"].Split(',');
        HTDemucsConfig config = Config(stems, Number("channels"), Number("sample_rate"), Number("segment_samples"), Number("n_fft"));
        ModelMember member = ModelMember.OfGraph(Path.GetFullPath(path), Whole(path, Checksum(path)), config, [.. stems.Select(_ => 1.0)]);
        return new ModelSource(Path.GetFileNameWithoutExtension(path), stems, config.Samplerate, [member]);

        int Number(string key) => int.Parse(metadata[$"stemsharp.{key}"], NumberStyles.None, CultureInfo.InvariantCulture);
    }

    // What separation has to know; the rest of a configuration is in the graph.
    private static HTDemucsConfig Config(string[] stems, int channels, int rate, int samples, int nfft) => new()
    {
        Sources = [.. stems],
        AudioChannels = channels,
        Samplerate = rate,
        SegmentNumerator = samples,
        SegmentDenominator = rate,
        Nfft = nfft,
    };

    private static string[] Texts(JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetString()!)];

    private static string Checksum(string file)
    {
        using FileStream stream = File.OpenRead(file);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    // External weights belong to the graph.
    private static string Whole(string file, string checksum) => File.Exists($"{file}.data")
        ? Convert.ToHexStringLower(SHA256.HashData(Convert.FromHexString(checksum + Checksum($"{file}.data"))))
        : checksum;
}
