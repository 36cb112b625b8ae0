using Stemsharp.Graph;

namespace Stemsharp.Export.CoreML.Palettization;

/// <summary>Decides which weights become palettes, and how fine these are.</summary>
/// <param name="bits">Bits of an index: 4, 6 or 8.</param>
/// <param name="groupSize">Output channels that share a palette; 0 for one palette per tensor.</param>
/// <param name="kept">
/// Patterns of the layers that keep their weights; null for <see cref="KeptDefault"/>. A layer's name is its weight's in
/// the checkpoint, <c>decoder.3.conv_tr</c>.
/// </param>
internal sealed class PalettePolicy(int bits, int groupSize, IReadOnlyList<string>? kept)
{
    /// <summary>What keeps its weights by default: what costs most for its size, by the list in docs/coreml.md.</summary>
    public static readonly IReadOnlyList<string> KeptDefault = ["decoder.3.*", "tdecoder.2.*", "tdecoder.3.*"];

    // Below this a palette costs more than it saves, and the layers are the outermost ones, which hear it most.
    private const int SmallestTensor = 2048;

    private readonly LayerPatterns _kept = new(kept ?? KeptDefault);

    public int Bits => bits;

    /// <summary>Patterns that matched no weight so far.</summary>
    public IEnumerable<string> Unused => _kept.Unused;

    /// <summary>Whether a weight is stored as a palette.</summary>
    /// <param name="parameter">The trained tensor.</param>
    /// <param name="shape">The weight's shape in the program.</param>
    /// <param name="axis">Its axis of output channels. Where they do not divide into groups it keeps its values, as in Apple's tools.</param>
    public bool Includes(Parameter parameter, ReadOnlySpan<int> shape, int axis)
    {
        long elements = 1;
        foreach (int d in shape)
        {
            elements *= d;
        }

        bool named = _kept.Choose(Layer(parameter));
        return !named && shape.Length >= 2 && elements > SmallestTensor && (groupSize == 0 || shape[axis] % groupSize == 0);
    }

    /// <summary>How many palettes a weight of that many output channels gets.</summary>
    public int Groups(int channels) => groupSize == 0 ? 1 : channels / groupSize;

    /// <summary>The name that patterns are held against: the key without its last word, or without the word's ending <c>_weight</c>.</summary>
    public static string Layer(Parameter parameter) =>
        parameter.Name.EndsWith("weight", StringComparison.Ordinal) ? parameter.Name[..^"weight".Length].TrimEnd('.', '_') : parameter.Name;
}
