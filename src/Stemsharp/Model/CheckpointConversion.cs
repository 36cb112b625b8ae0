using Stemsharp.Checkpoints;
using Stemsharp.Checkpoints.Writing;

namespace Stemsharp.Model;

/// <summary>Saves any checkpoint that can be read, synthetic ones too, as .th or .safetensors.</summary>
internal static class CheckpointConversion
{
    /// <summary>
    /// Writes the checkpoint's tensors as they are, and with them the whole configuration, wherever it came from.
    /// </summary>
    /// <param name="checkpoint">An open checkpoint whose tensors fit its configuration.</param>
    /// <param name="path">The file to write; its extension names the format.</param>
    /// <param name="nameByChecksum">Adds the file's checksum to its name, as official .th files are named.</param>
    /// <param name="families">Who knows what its configuration means; null for all families.</param>
    /// <returns>The path of the written file.</returns>
    /// <exception cref="ModelException">The checkpoint is not consistent, or the file cannot be written.</exception>
    /// <exception cref="OptionException">The path has another extension.</exception>
    public static string Save(Checkpoint checkpoint, string path, bool nameByChecksum = false, FamilyTable? families = null)
    {
        CheckpointNetwork network = (families ?? FamilyTable.All).Read(checkpoint);
        if (network.WhyNotSaved is { } reason)
        {
            throw new ModelException($"{checkpoint.Name} cannot be saved in another format: {reason}");
        }

        Graph.Graph graph = network.Record(network.Definition.Cut.NetworkSamples(network.Definition.Cut.Samples));
        // What does not fit is found before a file is begun.
        _ = new CheckpointWeights(checkpoint, network, graph);
        IReadOnlyList<StoredTensor> tensors = checkpoint.IsSynthetic
            ? [.. graph.Parameters.Select(p => checkpoint.Find(p.Name, p.Shape.Dims)!)]
            : checkpoint.Tensors;
        return CheckpointWriter.Save(path, network.ClassName, checkpoint.Signature, network.SavedArguments, tensors, nameByChecksum);
    }
}
