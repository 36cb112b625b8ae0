using System.Diagnostics.Metrics;

namespace Stemsharp.Tests;

/// <summary>The instruments that docs/observe.md lists, and those that there are.</summary>
internal static class InstrumentTable
{
    /// <summary>The rows below a meter's heading: name, kind, unit.</summary>
    internal static IReadOnlyList<string> Documented(string meter)
    {
        string page = File.ReadAllText(RepositoryFiles.At("docs", "observe.md"));
        string heading = $"### `{meter}`\n";
        int at = page.IndexOf(heading, StringComparison.Ordinal);
        string part = at < 0 ? "" : page[(at + heading.Length)..].Split("\n#")[0];
        return [.. part.Split('\n').Where(l => l.StartsWith("| `", StringComparison.Ordinal)).Select(l => l.Split('|', StringSplitOptions.TrimEntries))
            .Select(cells => $"{cells[1].Trim('`')} {cells[2]} {cells[3].Trim('`')}").Order(StringComparer.Ordinal)];
    }

    /// <summary>The same of the instruments that a meter has now.</summary>
    internal static IReadOnlyList<string> Real(string meter)
    {
        SortedSet<string> rows = new(StringComparer.Ordinal);
        using MeterListener listener = new()
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Name == meter)
                {
                    string kind = instrument.GetType().Name.Split('`')[0].Replace("Observable", "", StringComparison.Ordinal);
                    rows.Add($"{instrument.Name} {(kind == "UpDownCounter" ? "sum" : kind.ToLowerInvariant())} {instrument.Unit}");
                }
            },
        };
        listener.Start();
        return [.. rows];
    }
}
