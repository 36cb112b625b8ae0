using System.CommandLine;
using Stemsharp.Cli.Hosting;

namespace Stemsharp.Cli.Commands.Models;

/// <summary><c>models remove</c>: deletes downloads.</summary>
internal static class RemoveModelsCommand
{
    internal static Command Create()
    {
        Argument<string[]> models = ModelsCommand.SeveralModels(required: true);
        Command command = new("remove", "Delete models from the cache; torch's own cache and other programs' folders are left alone.") { models };
        command.SetAction(line =>
        {
            ModelCatalog catalog = Catalogs.Create(offline: true);
            foreach (string model in line.GetValue(models)!)
            {
                IReadOnlyList<string> removed = catalog.Remove(model);
                line.InvocationConfiguration.Output.WriteLine(
                    removed.Count == 0 ? $"{model}: nothing in the cache" : $"{model}: removed {string.Join(", ", removed)}");
            }

            return ExitCode.Success;
        });
        return command;
    }
}
