namespace Stemsharp.Checkpoints.Catalog;

/// <summary>Well-known checkpoints of others, from <c>known-models.json</c>, which says where each figure was published.</summary>
internal static class KnownCheckpoints
{
    private static readonly Lazy<IReadOnlyList<CatalogEntry>> s_entries = new(Read);

    public static IReadOnlyList<CatalogEntry> Entries => s_entries.Value;

    private static IReadOnlyList<CatalogEntry> Read()
    {
        using Stream stream = typeof(KnownCheckpoints).Assembly.GetManifestResourceStream("known-models.json")!;
        byte[] json = new byte[stream.Length];
        stream.ReadExactly(json);
        return UserCatalog.Parse(json).Models;
    }
}
