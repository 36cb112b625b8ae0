using Stemsharp.Graph;

namespace Stemsharp.Export.CoreML.Palettization;

/// <summary>Which weights become palettes, and how fine.</summary>
/// <param name="Bits">Bits of an index: 4, 6 or 8.</param>
/// <param name="GroupSize">Output channels that share a palette; 0 for one palette per tensor.</param>
internal sealed record PaletteOptions(int Bits, int GroupSize)
{
    // Below this a palette costs more than it saves, and the layers are the outermost ones, which hear it most.
    private const int SmallestTensor = 2048;

    /// <summary>Whether a weight of so many elements and axes is stored as a palette.</summary>
    public static bool Includes(Parameter parameter, long elements, int rank) =>
        rank >= 2 && elements > SmallestTensor && !parameter.Name.StartsWith("freq_emb", StringComparison.Ordinal);

    /// <summary>How many palettes a tensor of that many output channels gets; it divides them evenly.</summary>
    public int Groups(int channels)
    {
        if (GroupSize <= 0)
        {
            return 1;
        }

        int groups = Math.Max(1, channels / GroupSize);
        while (channels % groups != 0)
        {
            groups--;
        }

        return groups;
    }
}
