namespace Stemsharp.Export.CoreML;

/// <summary>How a CoreML package is written.</summary>
public sealed record CoreMLExportOptions
{
    /// <summary>The oldest system it runs on.</summary>
    public CoreMLTarget Target { get; init; } = CoreMLTarget.IOS17;

    /// <summary>The precision it computes in.</summary>
    public CoreMLPrecision Precision { get; init; } = CoreMLPrecision.Mixed;

    /// <summary>
    /// In a mixed package, what stays in single precision: names of the network's layers with <c>*</c> for any
    /// text (<c>encoder.0.*</c>), or kinds of operations (<c>LayerNorm</c>); after a <c>!</c>, what returns to half
    /// precision. The last pattern that matches decides. Null for the measured default.
    /// </summary>
    public IReadOnlyList<string>? SinglePrecision { get; init; }

    /// <summary>
    /// Bits of a weight's index into a palette: 8, 6 or 4; null for no palettes. The package is tried out on made-up music, and a
    /// note says what palettes cost.
    /// </summary>
    public int? PaletteBits { get; init; }

    /// <summary>
    /// Output channels that share a palette, from iOS 18 on; 0 for one palette per tensor. Layers whose channels do not divide
    /// into groups keep their weights.
    /// </summary>
    public int PaletteGroup { get; init; }

    /// <summary>
    /// With palettes, the layers that keep their weights: names in the checkpoint with <c>*</c> for any text
    /// (<c>decoder.3.*</c>); after a <c>!</c>, what becomes palettes nevertheless. Null for the measured default.
    /// </summary>
    public IReadOnlyList<string>? PaletteKeep { get; init; }

    /// <summary>
    /// The network's native length in seconds; null for the trained length. Another one is tried out on made-up
    /// music, which takes a while for large networks, and a note says how much it changes.
    /// </summary>
    public double? Segment { get; init; }

    /// <summary>Stems to return; null for all.</summary>
    public IReadOnlyList<string>? Stems { get; init; }

    /// <summary>Replaces a package that is there already.</summary>
    public bool Overwrite { get; init; }
}
