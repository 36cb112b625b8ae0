using System.CommandLine;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Text;
using Stemsharp.Cli.Working;
using Stemsharp.Fleet;
using Stemsharp.Fleet.Nats;
using Stemsharp.Fleet.Protocol;
using Stemsharp.Fleet.Storage;

namespace Stemsharp.Cli.Commands.Fleet;

/// <summary><c>stemsharp jobs fetch</c>: brings stems of finished jobs here.</summary>
internal static class JobsFetch
{
    internal static Command Create()
    {
        Argument<string[]> ids = JobsCommand.Ids("The jobs' IDs, as 'stemsharp jobs list' shows them.");
        Option<bool> all = new("--all") { Description = "All jobs that are done." };
        Option<string> folder = new("--out", "-o") { Description = "Folder for the stems.", DefaultValueFactory = _ => "separated" };
        Option<bool> remove = new("--remove") { Description = "Take the stems out of the queue server's store once they are here." };
        Option<string?> queue = QueueOptions.Queue();
        Option<bool> json = ModelsCommand.Json();
        Command command = new("fetch", "Bring the stems of finished jobs here, from wherever they lie.") { ids, all, folder, remove, queue, json };
        command.SetAction(async (line, cancellationToken) =>
        {
            string[] named = line.GetValue(ids) ?? [];
            JobsCommand.RequireOne(named, line.GetValue(all), "that are done");
            await using NatsFleet fleet = await QueueOptions.OpenAsync(line, queue, null, cancellationToken).ConfigureAwait(false);
            IReadOnlyList<JobRecord> records = await DoneAsync(JobsCommand.Jobs(fleet), named, cancellationToken).ConfigureAwait(false);
            using FileStores stores = new(fleet);
            FetchedStems stems = new(stores, line.GetValue(folder)!);
            JobSettings settings = new();
            List<(string Id, IReadOnlyList<string> Files)> fetched = [];
            foreach (JobRecord record in records)
            {
                fetched.Add((record.Job.Id, await stems.FetchAsync(record, settings.OutOf(record.Job) ?? "", cancellationToken).ConfigureAwait(false)));
                foreach (string file in line.GetValue(remove) ? record.Result!.Files.Where(f => FileAddress.SchemeOf(f) == FileAddress.Nats) : [])
                {
                    await stores.Nats.DeleteAsync(file, cancellationToken).ConfigureAwait(false);
                }
            }

            line.InvocationConfiguration.Output.WriteLine(line.GetValue(json) ? Json(fetched) : string.Join('\n', [.. fetched.SelectMany(f => f.Files), $"{fetched.Sum(f => f.Files.Count)} files of {fetched.Count} job{Words.Plural(fetched.Count)}"]));
            return ExitCode.Success;
        });
        return command;
    }

    private static async Task<IReadOnlyList<JobRecord>> DoneAsync(FleetJobs jobs, string[] named, CancellationToken cancellationToken)
    {
        List<JobRecord> records = [];
        foreach (string id in named)
        {
            JobRecord record = await jobs.FindAsync(id, cancellationToken).ConfigureAwait(false) ?? throw JobsCommand.Unknown(id);
            if (record.Job.Put is not null)
            {
                throw new OptionException($"The stems of job {id} were put to addresses of their own, as 'stemsharp submit {PutAddresses.Option}' was told; nothing of them is here to be fetched.");
            }

            records.Add(record.State == JobState.Done ? record : throw new OptionException($"The job {id} is {JobJson.Word(record.State)}; only jobs that are done have stems."));
        }

        if (named.Length == 0)
        {
            await foreach (JobRecord record in jobs.ListAsync(cancellationToken).ConfigureAwait(false))
            {
                if (record is { State: JobState.Done, Job.Put: null })
                {
                    records.Add(record);
                }
            }
        }

        return records;
    }

    private static string Json(IReadOnlyList<(string Id, IReadOnlyList<string> Files)> fetched) => JsonText.Object(
        json =>
        {
            json.WriteNumber("version", 1);
            json.WriteStartArray("jobs");
            foreach ((string id, IReadOnlyList<string> files) in fetched)
            {
                json.WriteStartObject();
                json.WriteString("id", id);
                json.WriteStartArray("files");
                foreach (string file in files)
                {
                    json.WriteStringValue(file);
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndArray();
        },
        indented: true);
}
