using System.Collections.Frozen;

namespace Stemsharp.Model.MDXNet;

/// <summary>What is published of a file: its name where that is known, and the parameters that are not in it.</summary>
/// <param name="Name">Without its extension; null where only its hash is known.</param>
/// <param name="Nfft">Points of its transform.</param>
/// <param name="Compensate">What its stem is multiplied by.</param>
/// <param name="PrimaryStem">The stem that it gives.</param>
internal sealed record PublishedParameters(string? Name, int Nfft, double Compensate, string PrimaryStem)
{
    /// <summary>By the MD5 of a file's end: the table that UVR comes with (TRvlvr/application_data, model_data.json).</summary>
    public static FrozenDictionary<string, PublishedParameters> ByEndHash { get; } = new Dictionary<string, PublishedParameters>(StringComparer.Ordinal)
    {
        ["b6bccda408a436db8500083ef3491e8b"] = new("Kim_Inst", 7680, 1.02, "Instrumental"),
        ["73492b58195c3b52d34590d5474452f6"] = new("Kim_Vocal_1", 7680, 1.043, "Vocals"),
        ["970b3f9492014d18fefeedfe4773cb42"] = new("Kim_Vocal_2", 7680, 1.009, "Vocals"),
        ["cd5b2989ad863f116c855db1dfe24e39"] = new("Reverb_HQ_By_FoxJoy", 6144, 1.035, "Reverb"),
        ["55657dd70583b0fedfba5f67df11d711"] = new("UVR-MDX-NET-Inst_HQ_3", 6144, 1.022, "Instrumental"),
        ["0f2a6bc5b49d87d64728ee40e23bceb1"] = new("UVR-MDX-NET-Inst_HQ_4", 5120, 1.019, "Instrumental"),
        ["cb790d0c913647ced70fc6b38f5bea1a"] = new("UVR-MDX-NET-Inst_HQ_5", 5120, 1.01, "Instrumental"),
        ["1c56ec0224f1d559c42fd6fd2a67b154"] = new("UVR-MDX-NET-Inst_Main", 5120, 1.025, "Instrumental"),
        ["77d07b2667ddf05b9e3175941b4454a0"] = new("UVR-MDX-NET-Voc_FT", 7680, 1.021, "Vocals"),
        ["b02be2d198d4968a121030cf8950b492"] = new("UVR-MDX-NET_Crowd_HQ_1", 5120, 1.02, "No Crowd"),
        ["a3cd63058945e777505c01d2507daf37"] = new("UVR_MDXNET_1_9703", 6144, 1.03, "Vocals"),
        ["d94058f8c7f1fae4164868ae8ae66b20"] = new("UVR_MDXNET_2_9682", 6144, 1.035, "Vocals"),
        ["d7bff498db9324db933d913388cba6be"] = new("UVR_MDXNET_3_9662", 6144, 1.035, "Vocals"),
        ["0ddfc0eb5792638ad5dc27850236c246"] = new("UVR_MDXNET_9482", 6144, 1.035, "Vocals"),
        ["2f5501189a2f6db6349916fabe8c90de"] = new("UVR_MDXNET_KARA", 6144, 1.035, "Vocals"),
        ["1d64a6d2c30f709b8c9b4ce1366d96ee"] = new("UVR_MDXNET_KARA_2", 5120, 1.065, "Instrumental"),
        ["6703e39f36f18aa7855ee1047765621d"] = new("kuielab_a_bass", 16384, 1.035, "Bass"),
        ["dc41ede5961d50f277eb846db17f5319"] = new("kuielab_a_drums", 4096, 1.035, "Drums"),
        ["26d308f91f3423a67dc69a6d12a8793d"] = new("kuielab_a_other", 8192, 1.035, "Other"),
        ["5f6483271e1efb9bfb59e4a3e6d4d098"] = new("kuielab_a_vocals", 6144, 1.035, "Vocals"),
        ["c3b29bdce8c4fa17ec609e16220330ab"] = new("kuielab_b_bass", 16384, 1.035, "Bass"),
        ["4910e7827f335048bdac11fa967772f9"] = new("kuielab_b_drums", 4096, 1.035, "Drums"),
        ["65ab5919372a128e4167f5e01a8fda85"] = new("kuielab_b_other", 8192, 1.035, "Other"),
        ["6b31de20e84392859a3d09d43f089515"] = new("kuielab_b_vocals", 6144, 1.035, "Vocals"),
        ["203f2a3955221b64df85a41af87cf8f0"] = new(null, 6144, 1.035, "Instrumental"),
        ["291c2049608edb52648b96e27eb80e95"] = new(null, 6144, 1.035, "Instrumental"),
        ["2cdd429caac38f0194b133884160f2c6"] = new(null, 7680, 1.045, "Instrumental"),
        ["398580b6d5d973af3120df54cee6759d"] = new(null, 7680, 1.75, "Vocals"),
        ["488b3e6f8bd3717d9d7c428476be2d75"] = new(null, 7680, 1.035, "Instrumental"),
        ["53c4baf4d12c3e6c3831bb8f5b532b93"] = new(null, 7680, 1.043, "Vocals"),
        ["5d343409ef0df48c7d78cce9f0106781"] = new(null, 7680, 1.075, "Vocals"),
        ["867595e9de46f6ab699008295df62798"] = new(null, 7680, 1.03, "Vocals"),
        ["8a88db95c7fb5dbe6a095ff2ffb428b1"] = new(null, 5120, 1.026, "Instrumental"),
        ["94ff780b977d3ca07c7a343dab2e25dd"] = new(null, 6144, 1.039, "Instrumental"),
        ["b06327a00d5e5fbc7d96e1781bbdb596"] = new(null, 6144, 1.035, "Instrumental"),
        ["b33d9b3950b6cbf5fe90a32608924700"] = new(null, 7680, 1.03, "Vocals"),
        ["b78da4afc6512f98e4756f5977f5c6b9"] = new(null, 7680, 1.021, "Instrumental"),
        ["cc63408db3d80b4d85b0287d1d7c9632"] = new(null, 6144, 1.033, "Instrumental"),
        ["ceed671467c1f64ebdfac8a2490d0d52"] = new(null, 7680, 1.035, "Instrumental"),
        ["d2a1376f310e4f7fa37fb9b5774eb701"] = new(null, 7680, 1.035, "Instrumental"),
        ["e5572e58abf111f80d8241d2e44e7fa4"] = new(null, 7680, 1.028, "Instrumental"),
        ["e7324c873b1f615c35c1967f912db92a"] = new(null, 7680, 1.03, "Vocals"),
        ["ead8d05dab12ec571d67549b3aab03fc"] = new(null, 6144, 1.035, "Instrumental"),
        ["f2df6d6863d8f435436d8b561594ff49"] = new(null, 7680, 1.035, "Instrumental"),
    }.ToFrozenDictionary(StringComparer.Ordinal);
}
