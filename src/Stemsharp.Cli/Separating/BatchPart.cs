using Stemsharp.Cli.Batches;

namespace Stemsharp.Cli.Separating;

/// <summary>Tracks of a batch that are separated with the same settings.</summary>
/// <param name="Request">The settings.</param>
/// <param name="Inputs">The tracks.</param>
internal sealed record BatchPart(SeparateRequest Request, InputExpansion Inputs)
{
    internal int Count => Inputs.Tracks.Count + Inputs.Rejected.Count;
}
