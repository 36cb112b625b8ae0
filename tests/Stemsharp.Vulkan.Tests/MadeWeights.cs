using Stemsharp.Graph;

namespace Stemsharp.Vulkan.Tests;

/// <summary>Weights that follow from names: uniform numbers of a size that keeps values near one; variances are positive.</summary>
internal sealed class MadeWeights : IWeightSource
{
    public void Read(Parameter parameter, Span<float> destination)
    {
        Random random = new(parameter.Name.Aggregate(17, (hash, c) => unchecked(hash * 31 + c)));
        double size = parameter.Shape.Rank == 1 ? 1 : Math.Sqrt(3.0 * parameter.Shape[0] / parameter.Shape.Elements);
        bool isVariance = parameter.Name.EndsWith("running_var", StringComparison.Ordinal);
        for (int i = 0; i < destination.Length; i++)
        {
            destination[i] = (float)(Half)((isVariance ? 1.5 : 0) + size * (2 * random.NextDouble() - 1));
        }
    }

    public bool TryReadHalf(Parameter parameter, Span<Half> destination) => false;
}
