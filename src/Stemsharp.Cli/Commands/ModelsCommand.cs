using System.CommandLine;
using Stemsharp.Cli.Commands.Models;

namespace Stemsharp.Cli.Commands;

/// <summary><c>stemsharp models</c>: what models there are, where they are, and what is in them.</summary>
internal static class ModelsCommand
{
    internal static Command Create() => new("models", "List, download, check, inspect and convert models, and list chains of them.")
    {
        ListModelsCommand.Create(),
        ChainsCommand.Create(),
        DownloadModelsCommand.Create(),
        VerifyModelsCommand.Create(),
        InspectModelCommand.Create(),
        RemoveModelsCommand.Create(),
        ModelPathCommand.Create(),
        ConvertModelCommand.Create(),
    };

    internal static Argument<string> OneModel() => new("MODEL") { Description = $"{ModelOptions.Names}." };

    internal static Argument<string[]> SeveralModels(bool required) => new("MODEL")
    {
        Description = required ? "Known names or signatures." : "Known names or signatures; default all.",
        Arity = required ? ArgumentArity.OneOrMore : ArgumentArity.ZeroOrMore,
    };

    /// <summary>The same in every command: one object on standard output, in place of what is read by people; of an error, too.</summary>
    internal static Option<bool> Json(string description = "Write one JSON object to standard output, of errors too.") => new("--json") { Description = description };
}
