using System.CommandLine;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Progress;

namespace Stemsharp.Cli.Commands.Models;

/// <summary><c>models download</c>: fetches what is missing.</summary>
internal static class DownloadModelsCommand
{
    internal static Command Create()
    {
        Argument<string[]> models = ModelsCommand.SeveralModels(required: true);
        Option<bool> quiet = new("--quiet", "-q") { Description = "Say nothing but what goes wrong." };
        Option<bool> accept = ModelOptions.AcceptLicence();
        Command command = new("download", "Fetch models into the cache; an interrupted download is resumed.") { models, accept, quiet };
        command.SetAction(async (line, cancellationToken) =>
        {
            ModelCatalog catalog = Catalogs.Create(acceptLicences: line.GetValue(accept));
            DownloadView view = new(line.InvocationConfiguration.Error, line.GetValue(quiet));
            foreach (string model in line.GetValue(models)!)
            {
                foreach (string path in await catalog.DownloadAsync(model, view, cancellationToken).ConfigureAwait(false))
                {
                    line.InvocationConfiguration.Output.WriteLine(path);
                }
            }

            return ExitCode.Success;
        });
        return command;
    }
}
