using System.Text.RegularExpressions;

namespace Stemsharp.Export.CoreML;

/// <summary>
/// A choice of layers by patterns: names with <c>*</c> for any text; after a <c>!</c>, what is taken back. The last
/// pattern that matches decides; what none matches is not chosen.
/// </summary>
internal sealed class LayerPatterns(IEnumerable<string> patterns)
{
    private readonly List<(string Pattern, bool Chosen, Regex Expression)> _rules = [.. patterns.Select(p => (p, !p.StartsWith('!'), Expression(p.TrimStart('!'))))];
    private readonly HashSet<string> _used = [];

    /// <summary>Patterns that matched nothing so far.</summary>
    public IEnumerable<string> Unused => _rules.Select(r => r.Pattern).Where(p => !_used.Contains(p));

    /// <summary>Whether something is chosen that goes by any of these names.</summary>
    public bool Choose(params ReadOnlySpan<string> names)
    {
        bool result = false;
        foreach ((string pattern, bool chosen, Regex expression) in _rules)
        {
            foreach (string name in names)
            {
                if (expression.IsMatch(name))
                {
                    _used.Add(pattern);
                    result = chosen;
                }
            }
        }

        return result;
    }

    private static Regex Expression(string pattern) => new($"^{Regex.Escape(pattern).Replace("\\*", ".*")}$", RegexOptions.CultureInvariant);
}
