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
    /// <returns>The path of the written file.</returns>
    /// <exception cref="ModelException">The checkpoint is not consistent, or the file cannot be written.</exception>
    /// <exception cref="OptionException">The path has another extension.</exception>
    public static string Save(Checkpoint checkpoint, string path, bool nameByChecksum = false)
    {
        HTDemucsConfig config = HTDemucsConfigReader.Read(checkpoint);
        Graph.Graph graph = HTDemucs.Build(config, config.SegmentSamples);
        // What does not fit is found before a file is begun.
        _ = new CheckpointWeights(checkpoint, config, graph);
        IReadOnlyList<StoredTensor> tensors = checkpoint.IsSynthetic
            ? [.. graph.Parameters.Select(p => checkpoint.Find(p.Name, p.Shape.Dims)!)]
            : checkpoint.Tensors;
        return CheckpointWriter.Save(path, checkpoint.Signature, Arguments(checkpoint, config), tensors, nameByChecksum);
    }

    private static Dictionary<string, object?> Arguments(Checkpoint checkpoint, HTDemucsConfig config)
    {
        Dictionary<string, object?> arguments = checkpoint.Arguments is { } own
            ? new(own, StringComparer.Ordinal)
            : HTDemucsArguments.FromConfig(config);
        foreach ((string name, object? value) in checkpoint.Overrides ?? new Dictionary<string, object?>())
        {
            arguments[name] = value;
        }
        // JSON has no fractions; torch's original takes a number or a Fraction, not a text.
        arguments["segment"] = new Fraction(config.SegmentNumerator, config.SegmentDenominator);
        return arguments;
    }
}
