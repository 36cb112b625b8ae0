using Stemsharp.Audio;

namespace Stemsharp.Cli.Output;

/// <summary>One file of a track: a weighted sum of the model's stems and the mix.</summary>
/// <param name="Name">The stem's name in the file name.</param>
/// <param name="Weights">A weight for each stem that the separation gives.</param>
/// <param name="MixWeight">The mix's weight.</param>
internal sealed record Lane(string Name, IReadOnlyList<float> Weights, float MixWeight = 0)
{
    /// <summary>The lanes that the settings ask for.</summary>
    /// <param name="settings">Validated against the model's stems.</param>
    /// <param name="stems">The stems that the separation gives, in order.</param>
    internal static IReadOnlyList<Lane> For(OutputSettings settings, IReadOnlyList<string> stems)
    {
        if (settings.Traktor is not null)
            return Traktor(stems);
        if (settings.TwoStems is not { } wanted)
        {
            return [.. stems.Where(s => settings.Stems is null || settings.Stems.Contains(s)).Select(s => Single(s, stems))];
        }

        Lane one = Single(wanted, stems);
        return settings.OtherMethod switch
        {
            OtherMethod.Add => [one, new Lane("no_" + wanted, [.. stems.Select(s => s == wanted ? 0f : 1f)])],
            OtherMethod.Minus => [new Lane("minus_" + wanted, [.. stems.Select(s => s == wanted ? -1f : 0f)], MixWeight: 1), one],
            _ => [one],
        };
    }

    /// <summary>The names of the files, known before the separation.</summary>
    internal static IReadOnlyList<string> NamesFor(OutputSettings settings, IReadOnlyList<string> stems) =>
        settings.Traktor is null ? [.. For(settings, stems).Select(l => l.Name)] : [TraktorFinish.Name];

    /// <summary>The stems that must be separated for the settings; null for all.</summary>
    internal static IReadOnlyList<string>? Needed(OutputSettings settings) =>
        settings.TwoStems is { } wanted
            ? settings.OtherMethod == OtherMethod.Add ? null : [wanted]
            : settings.Stems;

    private static Lane[] Traktor(IReadOnlyList<string> stems)
    {
        int[] places = TraktorStemFile.Fold(stems);
        return
        [
            new Lane("mix", [.. stems.Select(_ => 0f)], MixWeight: 1),
            .. TraktorStemFile.Stems.Select((name, place) => new Lane(name, [.. places.Select(p => p == place ? 1f : 0f)])),
        ];
    }

    private static Lane Single(string stem, IReadOnlyList<string> stems) =>
        new(stem, [.. stems.Select(s => s == stem ? 1f : 0f)]);
}
