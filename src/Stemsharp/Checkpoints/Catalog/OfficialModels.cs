namespace Stemsharp.Checkpoints.Catalog;

/// <summary>
/// The models that Meta published for the three generations of Demucs that are read. The MIT licence of the original's code does not
/// cover their weights.
/// </summary>
internal static class OfficialModels
{
    /// <summary>Why quantized checkpoints are not read.</summary>
    public const string Quantized = "its weights are DiffQ-quantised (mdx_q, mdx_extra_q), which is not supported: what restores them, diffq, is licensed for non-commercial use only (CC BY-NC). Use mdx or mdx_extra.";

    private static readonly Uri Root = new("https://dl.fbaipublicfiles.com/demucs/hybrid_transformer/"), MdxRoot = new("https://dl.fbaipublicfiles.com/demucs/mdx_final/");
    private static readonly string[] FourStems = ["drums", "bass", "other", "vocals"];

    // Of the generation before, as several projects have measured them that lock these files by size and checksum. Nobody has told those of repro_mdx_a.
    private static readonly Dictionary<string, long> s_sizes = new(StringComparer.Ordinal)
    {
        ["75fc33f5-1941ce65.th"] = 167_407_275,
        ["0d19c1c6-0f06f20e.th"] = 178_048_329,
        ["7ecf8ec1-70f50cc9.th"] = 178_048_329,
        ["c511e2ab-fe698775.th"] = 167_334_095,
        ["7d865c68-3d5dd56b.th"] = 167_918_783,
        ["e51eebcc-c1b80bdd.th"] = 167_399_275,
        ["a1d90b5c-ae9d2452.th"] = 167_391_595,
        ["5d2d6c55-db83574e.th"] = 167_391_595,
        ["cfa93e08-61801ae1.th"] = 167_399_275,
    };

    // All others of the generation before are hybrid ones.
    private static readonly Dictionary<string, string> s_onWaveforms = new(StringComparer.Ordinal)
    {
        ["0d19c1c6"] = "demucs-mdx",
        ["7ecf8ec1"] = "demucs-mdx",
        ["9a6b4851"] = "demucs-repro",
        ["1ef250f1"] = "demucs-repro",
    };

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
        new("htdemucs", "4 stems; the default of the original", [File("htdemucs", new(Root, "955717e8-8726e21a.th"), 84_141_911, "htdemucs")], FourStems, null)
        {
            Licence = Licence,
            Quality = Sdr("drums 10.01, bass 9.78, other 6.42, vocals 8.53"),
        },
        // Four networks, each fine-tuned for one stem, so that one stem needs one network.
        new("htdemucs_ft", "4 stems; one fine-tuned network per stem: a little better, four times the work",
            [.. ((string[])["f7e0c4bc-ba3fe64a.th", "d12395a8-e57c48e6.th", "92cfc3b6-ef3bcb9c.th", "04573f0d-f3cf25b2.th"]).Select(name => File("htdemucs_ft", new(Root, name), 84_141_271, "htdemucs"))],
            FourStems, [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
        {
            Licence = Licence,
            Quality = Sdr("drums 10.11, bass 10.38, other 6.34, vocals 9.19"),
        },
        new("htdemucs_6s", "6 stems, with guitar and piano (piano is weak)", [File("htdemucs_6s", new(Root, "5c90dfd2-34c22ccb.th"), 54_996_327, "htdemucs_6s")], [.. FourStems, "guitar", "piano"], null)
        {
            Licence = Licence,
            Quality = Sdr("drums 9.54, bass 9.11, other 0.22 (without guitar and piano), vocals 8.66"),
        },
        // Of the generation before, figures by ZFTurbo/Music-Source-Separation-Training@ccc011a, docs/pretrained_models.md.
        Bag("hdemucs_mmi", "4 stems; the hybrid network before the transformer, trained on 800 songs", [new(Root, "75fc33f5-1941ce65.th")], null) with
        {
            Quality = "SDR on the Multisong dataset in dB: bass 11.17, drums 10.70, vocals 8.22, other 5.42 (ZFTurbo)",
        },
        Bag(
            "mdx", "4 stems; trained on MUSDB18-HQ alone, first in track A of the challenge of 2021",
            Mdx("0d19c1c6-0f06f20e.th", "7ecf8ec1-70f50cc9.th", "c511e2ab-fe698775.th", "7d865c68-3d5dd56b.th"), [[1, 1, 0, 0], [0, 1, 0, 0], [1, 0, 1, 1], [1, 0, 1, 1]]),
        Bag(
            "mdx_extra", "4 stems; trained on more songs, second in track B of the challenge of 2021",
            Mdx("e51eebcc-c1b80bdd.th", "a1d90b5c-ae9d2452.th", "5d2d6c55-db83574e.th", "cfa93e08-61801ae1.th"), null),
        Bag(
            "repro_mdx_a", "4 stems; two networks on waveforms and two hybrid ones, trained on MUSDB18-HQ alone",
            Mdx("9a6b4851-03af0aa6.th", "1ef250f1-592467ce.th", "fa0cb7f9-100d8bf4.th", "902315c2-b39ce9c9.th"), null),

        // Each network counts twice, with shifts of its own, as in the original.
        Bag(
            "repro_mdx_a_time_only", "4 stems; the networks on waveforms of repro_mdx_a, each twice",
            Mdx("9a6b4851-03af0aa6.th", "9a6b4851-03af0aa6.th", "1ef250f1-592467ce.th", "1ef250f1-592467ce.th"), null),
        Bag(
            "repro_mdx_a_hybrid_only", "4 stems; the hybrid networks of repro_mdx_a, each twice",
            Mdx("fa0cb7f9-100d8bf4.th", "902315c2-b39ce9c9.th", "fa0cb7f9-100d8bf4.th", "902315c2-b39ce9c9.th"), null),
    ];

    /// <summary>The names of all models that the original has, those that are refused among them.</summary>
    public static IEnumerable<string> Names => Entries.Select(e => e.Name).Concat(s_quantized.Select(q => q.Model));

    // Quantized files by the models that are made of them.
    private static readonly (string Model, string[] Signatures)[] s_quantized =
    [
        ("mdx_q", ["6b9c2ca1", "b72baf4e", "42e558d4", "305bc58f"]),
        ("mdx_extra_q", ["83fc094f", "464b36d7", "14fc6a69", "7fd6ef75"]),
    ];

    /// <summary>Why a model of that name, or a file of that signature, is not to be had; null where it is not one of these.</summary>
    public static string? WhyRefused(string model) =>
        model == "demucs_unittest" ? "demucs_unittest cannot be used: the original makes it up for its own tests, without trained weights. To try Stemsharp, use the model demo."
        : s_quantized.Any(q => q.Model == model || q.Signatures.Contains(model)) ? $"{model} cannot be used: {Quantized}" : null;

    // What their YAML says in the original: a segment that goes over the networks' own.
    private static CatalogEntry Bag(string name, string description, Uri[] files, IReadOnlyList<IReadOnlyList<double>>? weights) => new(
        name, description, [.. files.Select(file => File(name, file, s_sizes.TryGetValue(file.Segments[^1], out long bytes) ? bytes : null, s_onWaveforms.GetValueOrDefault(FileNames.Parse(file.Segments[^1]).Signature, "hdemucs_mmi")))], FourStems, weights)
    {
        Licence = Licence,
        Segment = 44,
    };

    private static Uri[] Mdx(params ReadOnlySpan<string> files)
    {
        Uri[] addresses = new Uri[files.Length];
        for (int i = 0; i < files.Length; i++)
        {
            addresses[i] = new Uri(MdxRoot, files[i]);
        }

        return addresses;
    }

    // demucs 4.1 has fetched the same numbers from the repository of the model.
    private static CatalogFile File(string model, Uri address, long? bytes, string standIn)
    {
        string name = address.Segments[^1];
        (string signature, string? checksum) = FileNames.Parse(name);
        return new CatalogFile(name, [address], checksum) { Bytes = bytes, StandIn = new StandIn(standIn), Twin = new HubFile(HubName.OfficialRepository(model), signature + ".safetensors") };
    }

    private static string Sdr(string decibels) => $"median SDR on MUSDB18-HQ in dB: {decibels} (StemSplit's benchmark of 2026)";
}
