using System.CommandLine;
using Stemsharp.Checkpoints;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Progress;
using Stemsharp.Model;

namespace Stemsharp.Cli.Commands.Models;

/// <summary><c>models convert</c>: .th to .safetensors and back.</summary>
internal static class ConvertModelCommand
{
    internal static Command Create()
    {
        Argument<string> model = ModelsCommand.OneModel();
        Option<string?> repository = ModelOptions.Repository();
        Option<bool> offline = ModelOptions.Offline();
        Option<string> output = new("--out", "-o", "--output")
        {
            Description = "The file to write; .th or .safetensors says the format.",
            HelpName = "FILE",
            Required = true,
        };
        Option<bool> checksum = new("--checksum") { Description = "Add the file's checksum to its name, as official .th files have it." };
        Command command = new("convert", "Write a model with one network as .th or .safetensors, numbers unchanged.")
        {
            model, repository, offline, output, checksum,
        };
        command.SetAction(async (line, cancellationToken) =>
        {
            ModelSource source = await Catalogs.Create(line.GetValue(offline)).ResolveAsync(
                line.GetValue(model)!, line.GetValue(repository),
                progress: new DownloadView(line.InvocationConfiguration.Error, quiet: false),
                cancellationToken: cancellationToken).ConfigureAwait(false);
            if (source.Members is not [{ } member])
            {
                throw new OptionException(
                    $"{source.Name} is a bag of {source.Members.Count} networks; convert one of them: " +
                    string.Join(", ", source.Members.Select(m => m.Signature)) + ".");
            }

            using Checkpoint checkpoint = ((CheckpointNetwork)member.Network).OpenCheckpoint();
            string path = CheckpointConversion.Save(checkpoint, line.GetValue(output)!, line.GetValue(checksum));
            line.InvocationConfiguration.Output.WriteLine(path);
            return ExitCode.Success;
        });
        return command;
    }
}
