using Stemsharp.Checkpoints.Onnx;
using Stemsharp.Inference;

namespace Stemsharp.Model.MDXNet;

/// <summary>A graph that was made of an ONNX file's.</summary>
/// <param name="Graph">The graph.</param>
/// <param name="Recipes">What its parameters are made of, by name.</param>
internal sealed record ImportedGraph(Graph.Graph Graph, IReadOnlyDictionary<string, WeightRecipe> Recipes)
{
    /// <summary>What the network takes.</summary>
    public static NetworkPort SpectrogramInput { get; } = new("spectrogram", PortRole.Spectrogram);

    /// <summary>What it gives.</summary>
    public static NetworkPort SpectrogramOutput { get; } = new("spectrograms", PortRole.Spectrogram);

    /// <summary>Makes one.</summary>
    /// <param name="file">The file's graph.</param>
    /// <param name="config">What stands around it.</param>
    /// <param name="name">The file's name, for messages.</param>
    /// <exception cref="ModelException">It has an operator, or a form of one, that no such network has.</exception>
    public static ImportedGraph Of(OnnxGraph file, MDXNetConfig config, string name) => new GraphImport(file, name).Run(config);
}
