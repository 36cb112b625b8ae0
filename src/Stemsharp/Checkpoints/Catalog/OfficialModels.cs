namespace Stemsharp.Checkpoints.Catalog;

/// <summary>The models that Meta published for Hybrid Transformer Demucs (weights under the MIT licence).</summary>
internal static class OfficialModels
{
    private static readonly Uri Root = new("https://dl.fbaipublicfiles.com/demucs/hybrid_transformer/");
    private static readonly string[] FourStems = ["drums", "bass", "other", "vocals"];

    public static IReadOnlyList<CatalogEntry> Entries { get; } =
    [
        new("htdemucs", "4 stems; the default of the original", [File("955717e8-8726e21a.th")], FourStems, null),
        // Four networks, each fine-tuned for one stem, so that one stem needs one network.
        new("htdemucs_ft", "4 stems; one fine-tuned network per stem: a little better, four times the work",
            [File("f7e0c4bc-ba3fe64a.th"), File("d12395a8-e57c48e6.th"), File("92cfc3b6-ef3bcb9c.th"), File("04573f0d-f3cf25b2.th")],
            FourStems, [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]),
        new("htdemucs_6s", "6 stems, with guitar and piano (piano is weak)", [File("5c90dfd2-34c22ccb.th")], [.. FourStems, "guitar", "piano"], null),
    ];

    private static CatalogFile File(string name) => new(name, [new Uri(Root, name)], FileNames.Parse(name).Checksum);
}
