namespace Stemsharp.Checkpoints.Catalog;

/// <summary>Well-known checkpoints of others, from files that say where each figure was published.</summary>
internal static class KnownCheckpoints
{
    private static readonly Lazy<IReadOnlyList<CatalogEntry>> s_entries = new(() => Read("known-models.json")), s_ofDemucs = new(() => Read("known-demucs-models.json"));

    /// <summary>Those of other programs.</summary>
    public static IReadOnlyList<CatalogEntry> Entries => s_entries.Value;

    /// <summary>Those of the original's classes that demucs-infer has by name beside the official ones.</summary>
    public static IReadOnlyList<CatalogEntry> OfDemucs => s_ofDemucs.Value;

    private static IReadOnlyList<CatalogEntry> Read(string resource)
    {
        using Stream stream = typeof(KnownCheckpoints).Assembly.GetManifestResourceStream(resource)!;
        byte[] json = new byte[stream.Length];
        stream.ReadExactly(json);
        return UserCatalog.Parse(json).Models;
    }
}
