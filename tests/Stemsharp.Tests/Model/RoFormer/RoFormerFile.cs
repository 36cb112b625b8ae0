using Stemsharp.Model;
using Stemsharp.Tests.Checkpoints;

namespace Stemsharp.Tests.Model.RoFormer;

/// <summary>A small RoFormer in a folder of its own, with a configuration beside it: tensors of zeros by the names and shapes that its kind has.</summary>
internal sealed class RoFormerFile : IDisposable
{
    /// <summary>What a configuration has at least.</summary>
    public const string Config = """
        audio:
          chunk_size: 22050
        model:
          stft_hop_length: 441
        training:
          instruments: [drums, bass, other, vocals]
        """;

    /// <summary>The same for a network of one stem.</summary>
    public const string TargetConfig = """
        audio:
          chunk_size: 22050
        model:
          stft_hop_length: 441
        training:
          instruments: [vocals, other]
          target_instrument: vocals
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-roformer-").FullName;
    private readonly Dictionary<string, int[]> _shapes;

    private RoFormerFile(string synthetic)
    {
        CheckpointNetwork network = FamilyTable.All.Open(synthetic);
        _shapes = network.Record(network.Definition.Cut.Samples).Parameters.ToDictionary(p => p.Name, p => p.Shape.Dims.ToArray(), StringComparer.Ordinal);
    }

    public string Path => System.IO.Path.Combine(_folder, "song.safetensors");

    public static RoFormerFile Bs() => new("synthetic:bs-roformer-tiny");

    public static RoFormerFile Mel() => new("synthetic:mel-band-roformer-tiny");

    public RoFormerFile With(string tensor, params int[] shape)
    {
        _shapes[tensor] = shape;
        return this;
    }

    public RoFormerFile Without(string tensor)
    {
        _shapes.Remove(tensor);
        return this;
    }

    /// <summary>Writes both files and reads them; <paramref name="number"/> fills a tensor of <see cref="With"/> where it is not zero.</summary>
    public CheckpointNetwork Open(string yaml, float number = 0, string filled = "")
    {
        SafetensorsBuilder file = new();
        foreach ((string name, int[] shape) in _shapes)
        {
            byte[] data = new byte[2 * shape.Aggregate(1, (n, d) => n * d)];
            if (name == filled)
            {
                BitConverter.GetBytes((Half)number).CopyTo(data, 0);
            }

            file.Add(name, "F16", shape, data);
        }

        File.WriteAllBytes(Path, file.Build());
        File.WriteAllText(System.IO.Path.ChangeExtension(Path, ".yaml"), yaml);
        CheckpointNetwork network = FamilyTable.All.Open(Path);
        Graph.Graph graph = network.Record(network.Definition.Cut.Samples);
        using (network.OpenWeights(graph))
        {
            return network;
        }
    }

    public string Refusal(string yaml, float number = 0, string filled = "") => Xunit.Assert.Throws<ModelException>(() => Open(yaml, number, filled)).Message;

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
