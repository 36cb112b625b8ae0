namespace Stemsharp.Checkpoints.Catalog;

/// <summary>
/// The models that Meta published for Hybrid Transformer Demucs. The MIT licence of the original's code does not cover their
/// weights.
/// </summary>
internal static class OfficialModels
{
    private static readonly Uri Root = new("https://dl.fbaipublicfiles.com/demucs/hybrid_transformer/");
    private static readonly string[] FourStems = ["drums", "bass", "other", "vocals"];

    /// <summary>
    /// What their author answered when he was asked:
    /// https://github.com/facebookresearch/demucs/issues/327 and https://github.com/facebookresearch/demucs/issues/508.
    /// Nothing has to be accepted for them.
    /// </summary>
    public static CatalogLicence Licence { get; } = new(
        "not covered by MIT; scientific use only",
        "Alexandre Défossez, author of the models, in facebookresearch/demucs#327 and #508",
        new Uri("https://github.com/facebookresearch/demucs/issues/327"),
        MustBeAccepted: false);

    // Medians over the 50 test songs, by museval:
    // https://huggingface.co/datasets/StemSplitio/stem-separation-benchmark-2026.
    public static IReadOnlyList<CatalogEntry> Entries { get; } =
    [
        new("htdemucs", "4 stems; the default of the original", [File("955717e8-8726e21a.th", 84_141_911)], FourStems, null)
        {
            Licence = Licence,
            Quality = Sdr("drums 10.01, bass 9.78, other 6.42, vocals 8.53"),
        },
        // Four networks, each fine-tuned for one stem, so that one stem needs one network.
        new("htdemucs_ft", "4 stems; one fine-tuned network per stem: a little better, four times the work",
            [File("f7e0c4bc-ba3fe64a.th", 84_141_271), File("d12395a8-e57c48e6.th", 84_141_271), File("92cfc3b6-ef3bcb9c.th", 84_141_271), File("04573f0d-f3cf25b2.th", 84_141_271)],
            FourStems, [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
        {
            Licence = Licence,
            Quality = Sdr("drums 10.11, bass 10.38, other 6.34, vocals 9.19"),
        },
        new("htdemucs_6s", "6 stems, with guitar and piano (piano is weak)", [File("5c90dfd2-34c22ccb.th", 54_996_327)], [.. FourStems, "guitar", "piano"], null)
        {
            Licence = Licence,
            Quality = Sdr("drums 9.54, bass 9.11, other 0.22 (without guitar and piano), vocals 8.66"),
        },
    ];

    private static CatalogFile File(string name, long bytes) => new(name, [new Uri(Root, name)], FileNames.Parse(name).Checksum) { Bytes = bytes };

    private static string Sdr(string decibels) => $"median SDR on MUSDB18-HQ in dB: {decibels} (StemSplit's benchmark of 2026)";
}
