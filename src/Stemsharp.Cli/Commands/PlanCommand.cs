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
        Option<bool> catalogue = new("--catalogue") { Description = "Plan a whole catalogue, by the number of its songs and their hours: core-hours, GPU-hours, disk and cost." };
        Option<long?> songs = new("--songs") { Description = "How many songs a catalogue has.", HelpName = "N" };
        Option<double?> hours = new("--hours") { Description = "How many hours of music a catalogue has.", HelpName = "H" };
        Option<string?> machine = new("--machine")
        {
            Description = "What a catalogue is separated on: a name for the reader, cores, gpus, price of an hour, and speed against this machine's; default as here.",
            HelpName = "NAME,cores=N,gpus=N,price=P,speed=F",
        };
        Command command = new("plan", "Predict time, memory and disk of a separation; takes the same options as separate.");
        options.AddWork(command);
        foreach (Option option in new Option[] { catalogue, songs, hours, machine, json })
        {
            command.Add(option);
        }

        command.SetAction(async (line, cancellationToken) =>
        {
            SeparateRequest request = SeparateRequests.From(line, options);
            MachineType? type = null;
            if (line.GetValue(catalogue))
            {
                type = MachineType.Parse(line.GetValue(machine), Environment.ProcessorCount);
                if (line.GetValue(songs) is not { } count || line.GetValue(hours) is not { } length)
                {
                    throw new OptionException("--catalogue takes --songs and --hours.");
                }

                Values.Within("--songs", count, 1, 10_000_000_000);
                Values.Within("--hours", length, count / 3600.0, count * 100.0);
            }
            else if (new Option[] { songs, hours, machine }.FirstOrDefault(o => line.GetResult(o) is not null) is { } stray)
            {
                throw new OptionException($"{stray.Name} is for --catalogue.");
            }

            InputExpansion inputs = InputExpansion.Expand(request.Inputs, request.OutputFolder);
            if ((type is null && request.Inputs.Count == 0) || inputs.Tracks.Any(t => t.IsReadOnce))
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
            if (type is not null)
            {
                int threads = request.Separator.Threads > 0 ? request.Separator.Threads : Environment.ProcessorCount;
                CataloguePlan whole = CataloguePlan.Make(separator.Model, separator.SampleRate, line.GetValue(songs)!.Value, line.GetValue(hours)!.Value, type, threads, calibration);
                line.InvocationConfiguration.Output.WriteLine(line.GetValue(json) ? whole.ToJson() : whole.ToText());
                return ExitCode.Success;
            }

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
