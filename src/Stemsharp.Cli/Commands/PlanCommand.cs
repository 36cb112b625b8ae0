using System.CommandLine;
using Stemsharp.Cli.Batches;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Planning;
using Stemsharp.Cli.Progress;
using Stemsharp.Cli.Separating;
using Stemsharp.Cli.Text;

namespace Stemsharp.Cli.Commands;

/// <summary><c>stemsharp plan</c>: what a separation will take, before it begins.</summary>
internal static class PlanCommand
{
    internal static Command Create()
    {
        SeparateOptions options = new();
        Option<bool> json = ModelsCommand.Json();
        Command command = new("plan", "Predict time, memory and disk of a separation; takes the same options as separate.");
        options.AddWork(command);
        command.Add(json);
        command.SetAction(async (line, cancellationToken) =>
        {
            SeparateRequest request = SeparateRequests.From(line, options);
            InputExpansion inputs = InputExpansion.Expand(request.Inputs, request.OutputFolder);
            if (request.Inputs.Count == 0 || inputs.Tracks.Any(t => t.IsReadOnce))
            {
                throw new OptionException("plan takes files, folders, patterns or playlists; what is read once, such as a pipe, would be used up.");
            }

            ModelCatalog catalog = Catalogs.Create(request.Offline, standIns: true);
            await using StemSeparator separator = await Separators.OpenAsync(
                request, catalog, new DownloadView(line.InvocationConfiguration.Error, quiet: false), cancellationToken).ConfigureAwait(false);
            Preflight.CheckOptions(request, separator);
            request = await MemoryLimit.FitAsync(request, separator, inputs, cancellationToken).ConfigureAwait(false);
            Calibration calibration = await Calibration
                .MeasureAsync(request, separator, inputs.Tracks, cancellationToken).ConfigureAwait(false);
            WorkPlan plan = WorkPlan.Make(request, separator, inputs, calibration, cancellationToken);
            KnownModel[] missing = [.. (request.Separator.ModelFolder is null ? separator.Models : []).Select(catalog.Find).OfType<KnownModel>().Where(known => !known.IsHere)];
            plan = plan with { MadeUp = [.. missing.Select(known => known.Name)] };
            foreach (KnownModel known in missing)
            {
                string download = known.MissingBytes is { } bytes ? $"downloads {Words.Bytes(bytes)}" : "downloads it";
                request.Notes.Report($"{known.Name} is not here; its architecture was measured with made-up weights. The first separation {download} besides.");
            }

            foreach (string note in inputs.Notes)
            {
                line.InvocationConfiguration.Error.WriteLine(note);
            }

            line.InvocationConfiguration.Output.WriteLine(line.GetValue(json) ? plan.ToJson() : plan.ToText());
            if (plan.Rejected.Count == 0)
            {
                return ExitCode.Success;
            }

            return plan.Tracks.Count > 0 ? ExitCode.PartialFailure : ExitCode.Audio;
        });
        return command;
    }
}
