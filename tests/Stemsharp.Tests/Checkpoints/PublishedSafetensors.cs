using System.Text.Json;
using System.Text.Json.Nodes;
using Stemsharp.Checkpoints;

namespace Stemsharp.Tests.Checkpoints;

/// <summary>A checkpoint as demucs 4.1 publishes it: tensors, and in the header class and arguments as JSON, fractions as tagged objects.</summary>
internal static class PublishedSafetensors
{
    public static byte[] Of(string th, Func<Dictionary<string, string>, Dictionary<string, string>>? change = null)
    {
        using Checkpoint checkpoint = Checkpoint.Open(th);
        Dictionary<string, string> metadata = Metadata(checkpoint);
        SafetensorsBuilder file = new SafetensorsBuilder().Metadata(change?.Invoke(metadata) ?? metadata);
        foreach (StoredTensor tensor in checkpoint.Tensors)
        {
            byte[] bytes = new byte[tensor.Count * tensor.Type.Size()];
            tensor.CopyRawTo(bytes);
            file.Add(tensor.Name, tensor.Type == ElementType.Half ? "F16" : "F32", [.. tensor.Shape], bytes);
        }

        return file.Build();
    }

    /// <summary>The JSON file that lies beside it: the same, and what it was trained with.</summary>
    public static string Sidecar(string th)
    {
        using Checkpoint checkpoint = Checkpoint.Open(th);
        JsonObject sidecar = [];
        foreach ((string key, string value) in Metadata(checkpoint))
        {
            sidecar[key] = value;
        }

        sidecar["training_args"] = new JsonObject { ["seed"] = 42, ["dset"] = new JsonObject { ["samplerate"] = 44100 } };
        sidecar["metrics"] = new JsonObject();
        return sidecar.ToJsonString();
    }

    private static Dictionary<string, string> Metadata(Checkpoint checkpoint) => new()
    {
        ["klass"] = checkpoint.ClassName!,
        ["args"] = "[]",
        ["kwargs"] = new JsonObject(checkpoint.Arguments!.Select(a => KeyValuePair.Create(a.Key, Node(a.Value)))).ToJsonString(),
    };

    private static JsonNode? Node(object? value) => value switch
    {
        Fraction fraction => new JsonObject { ["_type"] = "fraction", ["numerator"] = fraction.Numerator, ["denominator"] = fraction.Denominator },
        IReadOnlyList<object?> list => new JsonArray([.. list.Select(Node)]),
        string text => text,
        bool flag => flag,
        long whole => whole,
        double real => real,
        null => null,
        _ => throw new JsonException($"{value.GetType()} is not expected"),
    };
}
