using Stemsharp.Export.CoreML.Mil;
using Stemsharp.Graph;

namespace Stemsharp.Export.CoreML.Lowering;

/// <summary>
/// Decides the precision of every operation: single precision where a pattern names the node or its kind,
/// half precision elsewhere. The two ends of the network, whose sums run over whole inputs, do not ask: they
/// are in single precision always.
/// </summary>
internal sealed class PrecisionPolicy
{
    /// <summary>The softmax of attention where it is an operation of its own (before iOS 18).</summary>
    public const string Softmax = "Softmax";

    /// <summary>
    /// What mixed packages keep in single precision, from the sensitivity table in docs/coreml.md: norms and
    /// residual blocks, the outer encoders, whose rounding the skip connections carry to the end, and single
    /// elements' operations between convolutions, which stand at a cast anyway. Nine tenths of the multiply-adds
    /// are left: the transformer, the decoders and the inner encoders of the frequency branch.
    /// </summary>
    public static readonly IReadOnlyList<string> MixedDefault =
    [
        "GroupNorm", "LayerNorm", "AddTable", "*.dconv.*",
        "*.gamma_1", "*.gamma_2", "*.residual1", "*.residual2",
        "encoder.0.*", "encoder.1.*", "!encoder.1.rewrite", "tencoder.*", "!tencoder.3.rewrite",
        "freq_emb", "channel_*", "tdecoder.3.conv_tr", "*.skip", "*.glu", "*coder.*.gelu",
    ];

    // Where a residual block's norm sees a row through one or two channels only, a row that is silent has next to
    // no variance, and the norm magnifies the rounding of everything before it.
    private static readonly string[] s_narrow = ["encoder.*", "tencoder.*", "decoder.2.*", "decoder.3.*", "tdecoder.3.*"];
    private const int FewestChannels = 4;

    // Beside palettes, whose error is far larger, tables and scales need not be single.
    private static readonly string[] s_palettized = ["!AddTable", "!freq_emb", "!*.gamma_1", "!*.gamma_2"];

    private readonly LayerPatterns _single;
    private readonly bool _all;

    private PrecisionPolicy(bool all, IEnumerable<string> patterns) => (_all, _single) = (all, new LayerPatterns(patterns));

    /// <summary>Patterns that matched no node so far.</summary>
    public IEnumerable<string> Unused => _single.Unused;

    /// <param name="precision">The package's precision.</param>
    /// <param name="patterns">
    /// Replaces <see cref="MixedDefault"/> in a mixed package: node names with <c>*</c> for any text
    /// (<c>encoder.0.*</c>) or kinds of operations (<c>LayerNorm</c>); with a <c>!</c> before it, what returns to
    /// half precision. The last pattern that matches decides. Null for the default.
    /// </param>
    /// <param name="palettized">Whether weights become palettes.</param>
    /// <param name="graph">The network: a narrow one keeps more in single precision by default.</param>
    public static PrecisionPolicy Create(CoreMLPrecision precision, IReadOnlyList<string>? patterns, bool palettized, Graph.Graph graph) => precision switch
    {
        CoreMLPrecision.Float32 => new PrecisionPolicy(true, []),
        CoreMLPrecision.Float16 => new PrecisionPolicy(false, []),
        _ => new PrecisionPolicy(false, patterns ?? [.. MixedDefault, .. IsNarrow(graph) ? s_narrow : [], .. palettized ? s_palettized : []]),
    };

    private static bool IsNarrow(Graph.Graph graph) =>
        graph.Nodes.Any(n => n.Op is GroupNormOp { PerRow: true } norm && n.Output.Shape.Channels / norm.Groups < FewestChannels);

    public MilType For(Node node) => For(node.Name, node.Op.Kind);

    public MilType For(string name, string kind) => _all || _single.Choose(name, kind) ? MilType.Float32 : MilType.Float16;
}
