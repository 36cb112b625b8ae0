using Stemsharp.Audio;

namespace Stemsharp.Separation.Files;

/// <summary>What one file holds: a weighted sum of a model's stems and the mix.</summary>
/// <param name="Name">The stem's name in the file name.</param>
/// <param name="Weights">A weight for each stem that the separation gives.</param>
/// <param name="MixWeight">The mix's weight.</param>
internal sealed record Mixdown(string Name, IReadOnlyList<float> Weights, float MixWeight = 0)
{
    /// <summary>One stem as it is.</summary>
    public static Mixdown Single(string stem, IReadOnlyList<string> stems) => Sum(stem, stems, s => s == stem);

    /// <summary>Some stems added up.</summary>
    public static Mixdown Sum(string name, IReadOnlyList<string> stems, Func<string, bool> included) =>
        new(name, [.. stems.Select(s => included(s) ? 1f : 0f)]);

    /// <summary>The mix less a stem.</summary>
    public static Mixdown Without(string name, string stem, IReadOnlyList<string> stems) =>
        new(name, [.. stems.Select(s => s == stem ? -1f : 0f)], MixWeight: 1);

    /// <summary>A stem, and the rest of the song as <paramref name="rest"/> says.</summary>
    public static IReadOnlyList<Mixdown> Pair(string stem, OtherMethod rest, IReadOnlyList<string> stems) => rest switch
    {
        OtherMethod.Add => [Single(stem, stems), Sum("no_" + stem, stems, s => s != stem)],
        OtherMethod.Minus => [Without("minus_" + stem, stem, stems), Single(stem, stems)],
        _ => [Single(stem, stems)],
    };

    /// <summary>Which file takes what the others lack to the mix, unless one is named: the one that holds the most sorts of sound.</summary>
    /// <param name="names">Names of the files, at least one.</param>
    public static string DefaultResidual(IReadOnlyList<string> names) =>
        names.FirstOrDefault(n => n == "other" || n.StartsWith("no_", StringComparison.Ordinal) || n.StartsWith("minus_", StringComparison.Ordinal))
        ?? names[^1];

    /// <summary>The tracks of a Traktor stem file: the mix and four stems.</summary>
    /// <exception cref="OptionException">One of the four has no source.</exception>
    public static IReadOnlyList<Mixdown> Traktor(IReadOnlyList<string> stems)
    {
        int[] places = TraktorStemFile.Fold(stems);
        return
        [
            new Mixdown("mix", [.. stems.Select(_ => 0f)], MixWeight: 1),
            .. TraktorStemFile.Stems.Select((name, place) => new Mixdown(name, [.. places.Select(p => p == place ? 1f : 0f)])),
        ];
    }

    /// <summary>Adds up a block.</summary>
    /// <param name="block">Stems and mix.</param>
    /// <param name="destination">Length × channels samples, channels interleaved; overwritten.</param>
    public void Mix(SeparatedBlock block, Span<float> destination)
    {
        int channels = block.Mix.Length;
        destination.Clear();
        for (int channel = 0; channel < channels; channel++)
        {
            if (MixWeight != 0)
            {
                Add(block.Mix[channel].AsSpan(0, block.Length), MixWeight, destination[channel..], channels);
            }

            for (int stem = 0; stem < Weights.Count; stem++)
            {
                if (Weights[stem] != 0)
                {
                    Add(block.Stems[stem][channel].AsSpan(0, block.Length), Weights[stem], destination[channel..], channels);
                }
            }
        }
    }

    private static void Add(ReadOnlySpan<float> source, float weight, Span<float> destination, int step)
    {
        for (int i = 0; i < source.Length; i++)
        {
            destination[i * step] += weight * source[i];
        }
    }
}

/// <summary>How the counterpart of a stem is made.</summary>
internal enum OtherMethod
{
    /// <summary>It is not made.</summary>
    None,

    /// <summary><c>no_STEM</c>: the other stems added up.</summary>
    Add,

    /// <summary><c>minus_STEM</c>: the mix less the stem.</summary>
    Minus,
}
