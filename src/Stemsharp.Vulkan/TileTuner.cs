using Stemsharp.Inference;
using Stemsharp.Vulkan.Kernels;
using Stemsharp.Vulkan.Planning;

namespace Stemsharp.Vulkan;

/// <summary>
/// Chooses each product's tile by measuring the most promising ones on the device, once: the choices are kept beside the
/// pipelines. A choice changes how long a product takes and nothing else.
/// </summary>
internal sealed class TileTuner(GpuPlan plan, GpuTraits traits, int pieces)
{
    // The best by reckoning, and the next ones.
    private const int Tries = 5;
    private const int Repeats = 3;

    private readonly bool _mixed = plan.Precision == EnginePrecision.Mixed;

    /// <summary>The steps of each kind of product, one for all that have the same shape.</summary>
    public IReadOnlyList<IGrouping<ProductShape, GpuStep>> Products { get; } =
        [.. plan.Steps.Where(s => s.Product != null).GroupBy(s => s.Product!)];

    /// <summary>Tiles to try for a product.</summary>
    public IReadOnlyList<ProductTile> Tiles(ProductShape shape) =>
        [.. ProductKernel.Candidates(shape, traits, _mixed && traits.Matrix != null).Take(Tries)];

    /// <summary>Uses what was chosen before; false, and nothing changed, where a choice is missing or not among what would be tried.</summary>
    public bool Apply(IReadOnlyDictionary<string, ProductTile> choices)
    {
        Dictionary<ProductShape, ProductTile> found = [];
        foreach (IGrouping<ProductShape, GpuStep> product in Products)
        {
            if (!choices.TryGetValue(Key(product.Key), out ProductTile tile) || !Tiles(product.Key).Contains(tile))
            {
                return false;
            }

            found.Add(product.Key, tile);
        }

        foreach (IGrouping<ProductShape, GpuStep> product in Products)
        {
            Use(product, found[product.Key]);
        }

        return true;
    }

    /// <summary>All kernels that measuring runs.</summary>
    public IEnumerable<KernelKey> Kernels() =>
        Products.SelectMany(product => Tiles(product.Key).Select(tile => ProductKernel.Key(tile, product.Key, traits, _mixed)));

    /// <summary>Measures, and uses the fastest of each.</summary>
    /// <param name="measure">Seconds of a step with the kernel that it has now, for so many pieces, the given times.</param>
    /// <param name="report">Told of each measurement; null for nobody.</param>
    public Dictionary<string, ProductTile> Choose(Func<GpuStep, int, int, double> measure, Action<GpuStep, ProductTile, double>? report = null)
    {
        Dictionary<string, ProductTile> choices = new(StringComparer.Ordinal);
        foreach (IGrouping<ProductShape, GpuStep> product in Products)
        {
            GpuStep step = product.First();
            ProductTile best = default;
            double least = double.MaxValue;
            foreach (ProductTile tile in Tiles(product.Key))
            {
                step.UseTile(tile, traits, _mixed);
                double seconds = measure(step, pieces, Repeats);
                report?.Invoke(step, tile, seconds);
                if (seconds < least)
                {
                    (best, least) = (tile, seconds);
                }
            }

            Use(product, best);
            choices.Add(Key(product.Key), best);
        }

        return choices;
    }

    private void Use(IEnumerable<GpuStep> steps, ProductTile tile)
    {
        foreach (GpuStep step in steps)
        {
            step.UseTile(tile, traits, _mixed);
        }
    }

    private string Key(ProductShape shape) =>
        $"{plan.Precision} {shape.M} {shape.Columns} {shape.K} {shape.Channels} {shape.Loader} {(int)shape.Epilogue} {shape.Types} {pieces}{(shape.Groups > 1 ? $" {shape.Groups}" : "")}";
}
