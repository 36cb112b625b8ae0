using Stemsharp.Export.CoreML.Mil;
using Stemsharp.Graph;

namespace Stemsharp.Export.CoreML.Lowering;

/// <summary>
/// Decides the precision of every operation: single precision where a pattern names the node or its kind,
/// half precision elsewhere. The two ends of the network, whose sums run over whole inputs, do not ask: they
/// are in single precision always, and so is what comes of products of two values of the input's scale.
/// </summary>
internal sealed class PrecisionPolicy
{
    /// <summary>The softmax of attention where it is an operation of its own (before iOS 18).</summary>
    public const string Softmax = "Softmax";

    /// <summary>
    /// What mixed packages keep in single precision, from the sensitivity table in docs/coreml.md: norms and
    /// residual blocks, the outer encoders, whose rounding the skip connections carry to the end, and single
    /// elements' operations between convolutions, which stand at a cast anyway. Nine tenths of the multiply-adds
    /// are left: the transformer, the decoders and the inner encoders of the frequency branch. Recurrent layers, whose
    /// states stay within one, lose next to nothing in half precision.
    /// </summary>
    public static readonly IReadOnlyList<string> MixedDefault =
    [
        "GroupNorm", "LayerNorm", "RmsNorm", "BatchNorm", "Add", "AddTable", "*.dconv.*",
        "*.gamma_1", "*.gamma_2",
        "encoder.0.*", "encoder.1.*", "!encoder.1.rewrite", "tencoder.*", "!tencoder.3.rewrite",
        "!Lstm", "freq_emb", "channel_*", "tdecoder.3.conv_tr", "*.glu", "*coder.*.gelu",

        // Spectrograms in bands: the way in, attention's scores, and single elements' operations beside them.
        "band_split.*", "mask_estimators.band*", "*.tanh", "*.net.gelu", "layers.*.attention",

        // Residual trunks of spectrograms that no norm has brought to one size.
        "first_conv", "*.shortcut", "decoder_blocks.*.skip", "decoder.*.0.conv", "decoder.*.crop*", "decoder.*.bands", "decoder.*.doubled",
    ];

    // Where a residual block's norm sees a row through one or two channels only, a row that is silent has next to
    // no variance, and the norm magnifies the rounding of everything before it.
    private static readonly string[] s_narrow = ["encoder.*", "tencoder.*", "layers.*"];
    private static readonly string[] s_narrowDecoders = ["decoder.2.*", "decoder.3.*", "tdecoder.3.*"];
    private const int FewestChannels = 4, FewestInHeads = 128;

    // More stems share the energy of one mix, and hear the last layers' rounding the more.
    private static readonly string[] s_manyStems = ["tdecoder.*.rewrite", "decoder.3.*"];
    private const int FewStems = 4;

    // Bands of rows with layers of their own meet in the innermost decoder.
    private static readonly string[] s_banded = ["decoder.0.rewrite", "decoder.0.conv_tr"];

    // Norms of batches are factors, and bring nothing to one size: rounding of all layers reaches the end.
    private static readonly string[] s_factors = ["*.elu*", "*.relu*", "relu*", "*scale.conv.2", "bottleneck_block.*", "*.tfc2.2", "*.tdf.2", "first.*", "up.*", "down.*", "crop", "compensate"];

    // Beside palettes, whose error is far larger, tables and scales need not be single.
    private static readonly string[] s_palettized = ["!AddTable", "!freq_emb", "!*.gamma_1", "!*.gamma_2"];

    private readonly LayerPatterns _single;
    private readonly HashSet<string> _squared;
    private readonly bool _all;

    private PrecisionPolicy(bool all, IEnumerable<string> patterns, Graph.Graph graph) => (_all, _single, _squared) = (all, new LayerPatterns(patterns), Squared(graph));

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
        CoreMLPrecision.Float32 => new PrecisionPolicy(true, [], graph),
        CoreMLPrecision.Float16 => new PrecisionPolicy(false, [], graph),
        _ => new PrecisionPolicy(false, patterns ?? Default(graph, palettized), graph),
    };

    private static IReadOnlyList<string> Default(Graph.Graph graph, bool palettized)
    {
        bool banded = Has<JoinRowsOp>(graph);
        return
        [
            .. MixedDefault,
            .. IsNarrow(graph) ? s_narrow : [],
            .. IsNarrow(graph) && (banded || graph.Nodes.Any(n => IsNarrowNorm(n) && n.Name.StartsWith("decoder.", StringComparison.Ordinal))) ? s_narrowDecoders : [],
            .. Has<BatchNormOp>(graph) ? s_factors : [],
            .. banded ? s_banded : [],
            .. palettized ? s_palettized : HasManyStems(graph) ? s_manyStems : [],
        ];
    }

    // Products of two values of the input's scale, and what comes of them: of a loud spectrogram they do not fit into half precision.
    private static HashSet<string> Squared(Graph.Graph graph)
    {
        Dictionary<Value, int> degrees = graph.Inputs.ToDictionary(i => i.Value, _ => 1);
        HashSet<string> squared = [];
        foreach (Node node in graph.Nodes)
        {
            IEnumerable<int> inputs = node.Inputs.Select(v => degrees[v]);
            int degree = node.Op switch
            {
                GroupNormOp or LayerNormOp or RmsNormOp or StandardizeOp or LstmOp or TanhOp => 0,
                MulOp => inputs.Sum(),
                _ => inputs.Max(),
            };
            foreach (Value output in node.Outputs)
            {
                degrees[output] = degree;
            }

            if (degree > 1)
            {
                squared.Add(node.Name);
            }
        }

        return squared;
    }

    private static bool Has<TOp>(Graph.Graph graph)
        where TOp : Op => graph.Nodes.Any(n => n.Op is TOp);

    private static bool HasManyStems(Graph.Graph graph) => graph.Outputs[0].Value.Shape.Channels > FewStems * graph.Inputs[0].Value.Shape.Channels;

    private static bool IsNarrow(Graph.Graph graph) =>
        graph.Nodes.Any(n => IsNarrowNorm(n) || (n.Op is RotaryOp && n.Output.Shape.Channels < FewestInHeads));

    private static bool IsNarrowNorm(Node node) => node.Op is GroupNormOp { PerRow: true } norm && node.Output.Shape.Channels / norm.Groups < FewestChannels;

    public MilType For(Node node) => For(node.Name, node.Op.Kind);

    public MilType For(string name, string kind) => _all || _squared.Contains(name) || _single.Choose(name, kind) ? MilType.Float32 : MilType.Float16;
}
