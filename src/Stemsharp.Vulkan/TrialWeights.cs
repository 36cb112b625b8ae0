using Stemsharp.Graph;

namespace Stemsharp.Vulkan;

/// <summary>Weights for trials, made from names: a size that keeps values near one, and no more digits than a half has.</summary>
internal sealed class TrialWeights : IWeightSource
{
    public void Read(Parameter parameter, Span<float> destination)
    {
        double size = Math.Sqrt(3.0 * parameter.Shape[0] / parameter.Shape.Elements);
        for (int i = 0; i < destination.Length; i++)
        {
            destination[i] = (float)(Half)(size * Math.Sin(12.9898 * i + parameter.Name.Length));
        }
    }

    public bool TryReadHalf(Parameter parameter, Span<Half> destination) => false;
}
