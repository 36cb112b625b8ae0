namespace Stemsharp.Audio;

/// <summary>The words that command and page have for clip modes.</summary>
internal static class ClipModes
{
    private const string RescaleAll = "rescale-all";

    /// <summary>All of them, the default first.</summary>
    public static readonly string[] Names = ["rescale", RescaleAll, "clamp", "tanh", "none"];

    /// <summary>What a word means: the mode, and whether rescaling takes one gain for all stems.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    public static (ClipMode Mode, bool SharedGain) Parse(string name) => name switch
    {
        "clamp" => (ClipMode.Clamp, false),
        "tanh" => (ClipMode.Tanh, false),
        "none" => (ClipMode.None, false),
        _ => (ClipMode.Rescale, name == RescaleAll),
    };
}
