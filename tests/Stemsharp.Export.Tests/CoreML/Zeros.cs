using Stemsharp.Graph;

namespace Stemsharp.Export.Tests.CoreML;

/// <summary>Weights for tests that look at a package's shape alone.</summary>
internal sealed class Zeros : IWeightSource
{
    public void Read(Parameter parameter, Span<float> destination) => destination.Clear();

    public bool TryReadHalf(Parameter parameter, Span<Half> destination) => false;
}
