using Stemsharp.Chains;
using Stemsharp.Inference;

namespace Stemsharp.Web.Separation;

/// <summary>
/// What models compute for a second of song, in GFLOP and in one pass at their own overlap, as their definitions say: the operations of a
/// piece over what is new of it. A known model that is not here is judged by a network of the same architecture.
/// </summary>
internal static class ModelWork
{
    /// <summary>Of a single model, all its networks together; null where nothing says what it computes.</summary>
    /// <param name="model">Its name.</param>
    /// <param name="folder">A folder of models that takes the catalog's place; null for none.</param>
    public static double? Of(string model, string? folder) => Of(new ChainModel(model), folder);

    /// <summary>Of a chain, every model as often as it is run; null where nothing says what one of them computes.</summary>
    public static double? Of(SeparationChain chain) => chain.Steps.SelectMany(step => step.Models).Aggregate((double?)0, (sum, model) => sum + Of(model, null));

    private static double? Of(ChainModel model, string? folder)
    {
        try
        {
            ModelSource source = ModelShelf.Catalog(offline: true, standIns: true).ResolveAsync(model.Model, folder).GetAwaiter().GetResult();
            return Math.Max(1, model.Shifts ?? 1) * source.Members.Sum(member => Of(member.Network, model.Overlap));
        }
        catch (ModelException)
        {
            return null;
        }
    }

    private static double Of(Network network, double? overlap)
    {
        PieceCut cut = network.Definition.Cut;
        double seconds = (double)cut.StepOf(cut.Samples, overlap) / network.Definition.SampleRate;
        return network.Record(cut.NetworkSamples(cut.Samples)).Flops / 1e9 / seconds;
    }
}
