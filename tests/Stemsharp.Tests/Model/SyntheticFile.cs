using Stemsharp.Model;
using Stemsharp.Tests.Checkpoints;

namespace Stemsharp.Tests.Model;

/// <summary>A small network in a folder of its own, with a configuration beside it: tensors of zeros by the names and shapes that a synthetic one has.</summary>
internal sealed class SyntheticFile : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-synthetic-").FullName;
    private readonly Dictionary<string, int[]> _shapes;

    public SyntheticFile(string synthetic)
    {
        CheckpointNetwork network = FamilyTable.All.Open(synthetic);
        _shapes = network.Record(network.Definition.Cut.NetworkSamples(network.Definition.Cut.Samples)).Parameters.ToDictionary(p => p.Name, p => p.Shape.Dims.ToArray(), StringComparer.Ordinal);
    }

    public SyntheticFile With(string tensor, params int[] shape)
    {
        _shapes[tensor] = shape;
        return this;
    }

    public SyntheticFile Without(string tensor)
    {
        _shapes.Remove(tensor);
        return this;
    }

    /// <summary>Writes both files and reads them.</summary>
    public CheckpointNetwork Open(string yaml)
    {
        SafetensorsBuilder file = new();
        foreach ((string name, int[] shape) in _shapes)
        {
            file.Add(name, "F16", shape, new byte[2 * shape.Aggregate(1, (n, d) => n * d)]);
        }

        string path = Path.Combine(_folder, "song.safetensors");
        File.WriteAllBytes(path, file.Build());
        File.WriteAllText(Path.ChangeExtension(path, ".yaml"), yaml);
        CheckpointNetwork network = FamilyTable.All.Open(path);
        Graph.Graph graph = network.Record(network.Definition.Cut.Samples);
        using (network.OpenWeights(graph))
        {
            return network;
        }
    }

    public string Refusal(string yaml) => Xunit.Assert.Throws<ModelException>(() => Open(yaml)).Message;

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
