using System.CommandLine;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Progress;
using Stemsharp.Cli.Working;
using Stemsharp.Fleet;
using Stemsharp.Fleet.Nats;
using Stemsharp.Fleet.Protocol;

namespace Stemsharp.Cli.Commands.Fleet;

/// <summary><c>stemsharp work</c>: takes jobs from a fleet's queue and does them.</summary>
internal static class WorkCommand
{
    internal static Command Create()
    {
        SeparateOptions options = new();
        Option<string?> queue = QueueOptions.Queue();
        Option<string?> lease = QueueOptions.Lease();
        Option<string[]> models = new("--models")
        {
            Description = "Take only jobs for these models, separated by commas; default all. The one in memory goes first.",
            HelpName = "MODEL,MODEL",
        };
        Option<bool> untilEmpty = new("--until-empty") { Description = "End when no job waits and none is being worked on; by default a worker waits for more." };
        Option<long?> most = new("--most") { Description = "End after as many jobs.", HelpName = "N" };
        Option<string> progress = new("--progress")
        {
            Description = "How jobs are told of on standard error: plain, json (one object a line), none.",
            DefaultValueFactory = _ => BatchViews.Plain,
        };
        progress.AcceptOnlyFromAmong(BatchViews.Plain, BatchViews.Json, BatchViews.None);
        Command command = new("work", "Take jobs from a fleet's queue and do them, until it is stopped.");
        Option[] own = [.. options.OfMachine.Where(o => o != options.Jobs), options.MaxMemory, options.AcceptLicence];
        foreach (Option option in new Option[] { queue, models, untilEmpty, most, lease }.Concat(own).Append(progress))
        {
            command.Add(option);
        }

        command.SetAction(async (line, cancellationToken) =>
        {
            TextWriter error = line.InvocationConfiguration.Error;
            bool json = line.GetValue(progress) == BatchViews.Json, quiet = line.GetValue(progress) == BatchViews.None;
            Notes notes = new(error, json, quiet);
            JobSettings settings = new();
            string[] machine = [.. Values.Given(line, own), options.Quiet.Name];
            // Found wrong before the first job rather than by each.
            (Separating.SeparateRequest probe, _) = settings.Request(new FleetJob("", ModelOptions.DefaultModel, "", []), machine, notes);
            BackendChoice.RequirePresent(probe.Separator);
            WorkerOptions how = new()
            {
                Models = Values.Names(line.GetValue(models) ?? []),
                UntilEmpty = line.GetValue(untilEmpty),
                Most = line.GetValue(most) is { } number ? Values.Within("--most", number, 1, long.MaxValue) : null,
                Engine = probe.Engine.Engine,
            };
            WorkerLog log = new(error, json, quiet);
            using IDisposable? telemetry = TelemetryExport.Start("stemsharp-work", log.Note);
            try
            {
                await using NatsFleet fleet = await QueueOptions.OpenAsync(line, queue, lease, cancellationToken).ConfigureAwait(false);
                using FileStores stores = new(fleet);
                using Scratch scratch = Scratch.Create(Path.GetTempPath());
                await using JobWork work = new(job => settings.Request(job, machine, notes), stores, scratch, BatchViews.Downloads(line.GetValue(progress)!, quiet, error));
                using FleetWorker worker = new(fleet, how, work.RunAsync, log);
                await worker.RunAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                // Stopped before it had begun.
            }

            // Being stopped is how a worker ends well: what it had is given back.
            return ExitCode.Success;
        });
        return command;
    }
}
