using System.CommandLine;

namespace Stemsharp.Cli.Commands;

/// <summary>The options by which every command names a model.</summary>
internal static class ModelOptions
{
    internal const string DefaultModel = "htdemucs";

    internal const string Names =
        "htdemucs, htdemucs_ft, htdemucs_6s, demo, a signature, a .th, .safetensors or bag .yaml file, or synthetic:htdemucs";

    internal static Option<string> Model() => new("--name", "-n", "--model")
    {
        Description = $"The model: {Names}.",
        HelpName = "MODEL",
        DefaultValueFactory = _ => DefaultModel,
    };

    internal static Option<string?> Repository() => new("--repo")
    {
        Description = "Look for the model in this folder of .th and .yaml files.",
        HelpName = "DIR",
    };

    internal static Option<bool> AcceptLicence() => new("--accept-licence")
    {
        Description = "Accept a licence that the model's publisher wants accepted before the download. The official models ask for none.",
    };

    internal static Option<bool> Offline() => new("--offline") { Description = "Never use the network." };
}
