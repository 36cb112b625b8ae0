using System.CommandLine;
using Stemsharp.Cli.Hosting;

namespace Stemsharp.Cli.Commands.Models;

/// <summary><c>models verify</c>: compares checksums of what is here.</summary>
internal static class VerifyModelsCommand
{
    internal static Command Create()
    {
        Argument<string[]> models = ModelsCommand.SeveralModels(required: false);
        var command = new Command("verify", "Compare the checksums of the model files that are here, and open each.") { models };
        command.SetAction(line =>
        {
            ModelCatalog catalog = Catalogs.Create(offline: true);
            string[] names = line.GetValue(models) is { Length: > 0 } given
                ? given
                : [.. catalog.List().Where(m => m.Files.Any(f => f.Place != ModelFilePlace.Missing)).Select(m => m.Name)];
            bool good = true;
            foreach (string name in names)
            {
                foreach (ModelFileVerdict verdict in catalog.Verify(name))
                {
                    line.InvocationConfiguration.Output.WriteLine($"{name}  {verdict.File}  {verdict.Problem ?? "as it should be"}");
                    good &= verdict.Problem is null;
                }
            }

            return good ? ExitCode.Success : ExitCode.CheckFailed;
        });
        return command;
    }
}
