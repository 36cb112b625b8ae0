using Stemsharp.Separation.Files;

namespace Stemsharp.Cli.Output;

/// <summary>Which files the options ask for.</summary>
internal static class Mixdowns
{
    /// <summary>The files of a song.</summary>
    /// <param name="settings">Validated against the model's stems.</param>
    /// <param name="stems">The stems that the separation gives, in order.</param>
    internal static IReadOnlyList<Mixdown> For(OutputSettings settings, IReadOnlyList<string> stems)
    {
        if (settings.Traktor is not null)
        {
            return Mixdown.Traktor(stems);
        }

        return settings.TwoStems is { } wanted
            ? Mixdown.Pair(wanted, settings.OtherMethod, stems)
            : [.. stems.Where(s => settings.Stems is null || settings.Stems.Contains(s)).Select(s => Mixdown.Single(s, stems))];
    }

    /// <summary>The names of the files, known before the separation.</summary>
    internal static IReadOnlyList<string> NamesFor(OutputSettings settings, IReadOnlyList<string> stems) =>
        settings.Traktor is null ? [.. For(settings, stems).Select(m => m.Name)] : [TraktorFinish.Name];

    /// <summary>The stems that must be separated for the settings; null for all.</summary>
    internal static IReadOnlyList<string>? Needed(OutputSettings settings) =>
        settings.TwoStems is { } wanted
            ? settings.OtherMethod == OtherMethod.Add ? null : [wanted]
            : settings.Stems;
}
