namespace Stemsharp.Chains;

/// <summary>
/// Sounds added and subtracted sample by sample in single precision, from left to right: <c>mix</c>, <c>vocals</c>,
/// <c>mix - vocals</c>, <c>drums + bass</c>.
/// </summary>
public sealed record ChainSum
{
    /// <summary>The song itself.</summary>
    public const string Mix = "mix";

    private ChainSum(IReadOnlyList<ChainTerm> terms) => Terms = terms;

    /// <summary>What is added up, at least one; the first is not subtracted.</summary>
    public IReadOnlyList<ChainTerm> Terms { get; }

    /// <inheritdoc/>
    public override string ToString() => string.Concat(Terms.Select((term, i) => (i, term.IsSubtracted) switch
    {
        (0, _) => term.Sound,
        (_, true) => " - " + term.Sound,
        _ => " + " + term.Sound,
    }));

    /// <summary>Whether it is the same sum, term by term.</summary>
    public bool Equals(ChainSum? other) => other is not null && Terms.SequenceEqual(other.Terms);

    /// <inheritdoc/>
    public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);

    /// <summary>Reads a sum; null when it is none.</summary>
    internal static ChainSum? Parse(string text)
    {
        string[] words = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (words.Length % 2 == 0)
        {
            return null;
        }

        List<ChainTerm> terms = [];
        for (int i = 0; i < words.Length; i += 2)
        {
            if (!IsName(words[i]) || (i > 0 && words[i - 1] is not ("+" or "-")))
            {
                return null;
            }

            terms.Add(new ChainTerm(words[i], i > 0 && words[i - 1] == "-"));
        }

        return new ChainSum(terms);
    }

    /// <summary>Whether a text can name a sound, a step or an output.</summary>
    internal static bool IsName(string text) => text.Length is > 0 and <= 64
        && char.IsAsciiLetterOrDigit(text[0])
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.');
}

/// <summary>One sound in a <see cref="ChainSum"/>.</summary>
/// <param name="Sound"><see cref="ChainSum.Mix"/>, or the name that a step gave a stem.</param>
/// <param name="IsSubtracted">Whether it is taken away.</param>
public sealed record ChainTerm(string Sound, bool IsSubtracted);
