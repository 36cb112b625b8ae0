using System.Globalization;
using Stemsharp.Export.CoreML.Reading;
using Stemsharp.Export.Interpretation;
using Stemsharp.Inference;

namespace Stemsharp.Export.CoreML.Interpretation;

/// <summary>Runs an .mlpackage in the interpreter.</summary>
internal static class PackageRuntime
{
    /// <summary>Opens a package.</summary>
    /// <param name="path">Its folder.</param>
    /// <param name="network">The definition of the network that it was made from.</param>
    /// <param name="stems">The stems that it gives.</param>
    /// <param name="round">What half precision does to results; null for the nearest half.</param>
    /// <param name="observe">Called with every operation that is not constant and its first result; null for none.</param>
    /// <exception cref="ModelException">It is damaged, or no package of that network.</exception>
    public static ExportRuntime Open(
        string path, NetworkDefinition network, IReadOnlyList<string> stems, Action<float[], int>? round = null, Action<ProgramOperation, Tensor>? observe = null)
    {
        using Package package = Package.Open(path);
        PackageModel model = package.Model;
        if (!model.Inputs.Select(i => i.Name).SequenceEqual(network.Inputs.Select(p => p.Name))
            || !model.Outputs.Select(o => o.Name).SequenceEqual(network.Outputs.Select(p => p.Name))
            || !model.Metadata.TryGetValue($"{PackageMetadata.Prefix}segment_samples", out string? samples))
        {
            throw new ModelException($"{path} is not a package of this network: it takes {Names(model.Inputs.Select(i => i.Name))} and gives {Names(model.Outputs.Select(o => o.Name))}.");
        }

        ProgramInterpreter interpreter = new(package, round);
        return new ExportRuntime(
            network with { Stems = [.. stems] }, "coreml", int.Parse(samples, CultureInfo.InvariantCulture),
            (inputs, cancellationToken) => interpreter.Run(inputs, observe, cancellationToken));

        static string Names(IEnumerable<string> names) => string.Join(" and ", names);
    }
}
