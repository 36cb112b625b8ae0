using Stemsharp.Audio;

namespace Stemsharp.Cli.Output;

/// <summary>The words of <c>--clip-mode</c>.</summary>
internal static class ClipModes
{
    internal const string RescaleAll = "rescale-all";

    internal static readonly string[] Names = ["rescale", RescaleAll, "clamp", "tanh", "none"];

    internal static ClipMode Parse(string name) => name switch
    {
        "clamp" => ClipMode.Clamp,
        "tanh" => ClipMode.Tanh,
        "none" => ClipMode.None,
        _ => ClipMode.Rescale,
    };
}
