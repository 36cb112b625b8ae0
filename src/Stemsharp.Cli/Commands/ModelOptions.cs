using System.CommandLine;

namespace Stemsharp.Cli.Commands;

/// <summary>The options by which every command names a model.</summary>
internal static class ModelOptions
{
    internal const string DefaultModel = "htdemucs";

    private const string On = "on", Off = "off";

    internal const string Names =
        "htdemucs, htdemucs_ft, htdemucs_6s, hdemucs_mmi, mdx, mdx_extra, demo, a signature, a .th, .safetensors, .ckpt, .onnx or bag .yaml file, or synthetic:htdemucs";

    internal static Option<string> Model() => new("--model", "-n", "--name", "-m", "--model_filename", "-s", "--sig")
    {
        Description = $"The model: {Names}.",
        HelpName = "MODEL",
        DefaultValueFactory = _ => DefaultModel,
    };

    internal static Option<string?> Repository() => new("--repo")
    {
        Description = "Look for the model in this folder of checkpoints and .yaml files.",
        HelpName = "DIR",
    };

    internal static Option<bool> AcceptLicence() => new("--accept-licence")
    {
        Description = "Accept a licence that the model's publisher wants accepted before the download. The official models ask for none.",
    };

    internal static Option<string?> ZeroDc()
    {
        Option<string?> option = new("--zero-dc")
        {
            Description = "Whether the lowest bin of the stems' spectrograms is set to zero: on or off; default as the model's configuration says. Only for networks that have the choice.",
            HelpName = "on|off",
        };
        option.AcceptOnlyFromAmong(On, Off);
        return option;
    }

    /// <summary>What <see cref="ZeroDc"/> was given; null for nothing.</summary>
    /// <exception cref="OptionException">Another word.</exception>
    internal static bool? ReadZeroDc(ParseResult line, Option<string?> option)
    {
        Values.OneOf(option, line.GetValue(option));
        return line.GetValue(option) is { } word ? word == On : null;
    }

    internal static Option<bool> Offline() => new("--offline") { Description = "Never use the network." };
}
