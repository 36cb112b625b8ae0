using System.Text.RegularExpressions;
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
    /// What mixed packages keep in single precision, from the sensitivity table in docs/coreml.md:
    /// norms and everything between the norms of one residual block, and the sums of the residual streams.
    /// Their share of the multiply-adds is below 4 %.
    /// </summary>
    public static readonly IReadOnlyList<string> MixedDefault =
    [
        "GroupNorm", "LayerNorm", "AddTable",
        "*.dconv.*",
        "*.gamma_1", "*.gamma_2", "*.residual1", "*.residual2",
    ];

    private readonly List<(string Pattern, Regex Expression)> _single;
    private readonly HashSet<string> _used = [];
    private readonly bool _all;

    private PrecisionPolicy(bool all, IEnumerable<string> patterns)
    {
        _all = all;
        _single = [.. patterns.Select(p => (p, new Regex($"^{Regex.Escape(p).Replace("\\*", ".*")}$", RegexOptions.CultureInvariant)))];
    }

    /// <summary>Patterns that matched no node so far.</summary>
    public IEnumerable<string> Unused => _single.Select(p => p.Pattern).Where(p => !_used.Contains(p));

    /// <param name="precision">The package's precision.</param>
    /// <param name="patterns">
    /// Replaces <see cref="MixedDefault"/> in a mixed package: node names with <c>*</c> for any text
    /// (<c>encoder.0.*</c>) or kinds of operations (<c>LayerNorm</c>). Null for the default.
    /// </param>
    public static PrecisionPolicy Create(CoreMLPrecision precision, IReadOnlyList<string>? patterns) => precision switch
    {
        CoreMLPrecision.Float32 => new PrecisionPolicy(true, []),
        CoreMLPrecision.Float16 => new PrecisionPolicy(false, []),
        _ => new PrecisionPolicy(false, patterns ?? MixedDefault),
    };

    public MilType For(Node node) => For(node.Name, node.Op.Kind);

    public MilType For(string name, string kind)
    {
        if (_all) return MilType.Float32;
        bool single = false;
        foreach ((string pattern, Regex expression) in _single)
        {
            if (pattern != kind && !expression.IsMatch(name)) continue;
            _used.Add(pattern);
            single = true;
        }

        return single ? MilType.Float32 : MilType.Float16;
    }
}
