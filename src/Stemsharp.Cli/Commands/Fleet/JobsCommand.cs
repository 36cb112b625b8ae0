using System.CommandLine;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Text;
using Stemsharp.Cli.Working;
using Stemsharp.Fleet.Nats;
using Stemsharp.Fleet.Protocol;

namespace Stemsharp.Cli.Commands.Fleet;

/// <summary><c>stemsharp jobs</c>: looks at a fleet's jobs, puts them back, withdraws them.</summary>
internal static class JobsCommand
{
    private static readonly TimeSpan s_most = TimeSpan.FromSeconds(30);

    internal static Command Create() => new("jobs", "List, watch, fetch, retry and cancel the jobs of a fleet.")
    {
        CreateList(),
        CreateWatch(),
        JobsFetch.Create(),
        CreateChange("retry", "Put jobs back into the queue that were given up or withdrawn.", "that were given up", record => record.State == JobState.Dead, JobState.Waiting, (jobs, id, token) => jobs.RetryAsync(id, token)),
        CreateChange("cancel", "Withdraw jobs that wait or are being worked on.", "that have not ended", record => !record.HasEnded, JobState.Cancelled, (jobs, id, token) => jobs.CancelAsync(id, token)),
    };

    private static Option<string?> State()
    {
        Option<string?> state = new("--state") { Description = "Only jobs of this state: waiting, running, done, dead, cancelled." };
        state.AcceptOnlyFromAmong([.. Enum.GetValues<JobState>().Select(JobJson.Word)]);
        return state;
    }

    private static Command CreateList()
    {
        Option<string?> queue = QueueOptions.Queue();
        Option<string?> state = State();
        Option<bool> json = ModelsCommand.Json();
        Command command = new("list", "List jobs, workers, and what waits.") { queue, state, json };
        command.SetAction(async (line, cancellationToken) =>
        {
            Values.OneOf(state, line.GetValue(state));
            await using NatsFleet fleet = await QueueOptions.OpenAsync(line, queue, null, cancellationToken).ConfigureAwait(false);
            FleetJobs jobs = Jobs(fleet);
            List<JobRecord> records = [];
            Dictionary<JobState, int> counts = [];
            await foreach (JobRecord record in jobs.ListAsync(cancellationToken).ConfigureAwait(false))
            {
                counts[record.State] = counts.GetValueOrDefault(record.State) + 1;
                if (line.GetValue(state) is not { } only || JobJson.Word(record.State) == only)
                {
                    records.Add(record);
                }
            }

            IReadOnlyList<(string Id, WorkerRecord Worker)> workers = await jobs.WorkersAsync(cancellationToken).ConfigureAwait(false);
            line.InvocationConfiguration.Output.WriteLine(line.GetValue(json) ? Json(records, counts, workers) : ToText(records, counts, workers));
            return ExitCode.Success;
        });
        return command;
    }

    private static Command CreateWatch()
    {
        Argument<string[]> ids = Ids("Only these jobs; default all.");
        Option<string?> queue = QueueOptions.Queue();
        Option<bool> json = new("--json") { Description = "Write one JSON object a line to standard output." };
        Command command = new("watch", "Tell each change of jobs, until all have ended.") { ids, queue, json };
        command.SetAction(async (line, cancellationToken) =>
        {
            HashSet<string> only = [.. line.GetValue(ids) ?? []];
            await using NatsFleet fleet = await QueueOptions.OpenAsync(line, queue, null, cancellationToken).ConfigureAwait(false);
            FleetJobs jobs = Jobs(fleet);
            Dictionary<string, JobState> states = [];
            await foreach (JobRecord record in jobs.ListAsync(cancellationToken).ConfigureAwait(false))
            {
                if (only.Count == 0 || only.Contains(record.Job.Id))
                {
                    states[record.Job.Id] = record.State;
                }
            }

            if (only.FirstOrDefault(id => !states.ContainsKey(id)) is { } unknown)
            {
                throw Unknown(unknown);
            }

            if (states.Values.All(JobRecord.IsEnd))
            {
                return Code(states.Values);
            }

            await foreach (JobRecord record in jobs.WatchAsync(cancellationToken).ConfigureAwait(false))
            {
                string id = record.Job.Id;
                if ((only.Count > 0 && !only.Contains(id)) || (states.TryGetValue(id, out JobState before) && before == record.State))
                {
                    continue;
                }

                states[id] = record.State;
                line.InvocationConfiguration.Output.WriteLine(line.GetValue(json) ? JsonText.Object(fields => JobJson.WriteFields(fields, record)) : Line(record));
                if (states.Values.All(JobRecord.IsEnd))
                {
                    break;
                }
            }

            return Code(states.Values);
        });
        return command;
    }

    private static Command CreateChange(
        string name, string description, string which, Func<JobRecord, bool> concerns, JobState wanted, Func<FleetJobs, string, CancellationToken, Task<JobState?>> change)
    {
        Argument<string[]> ids = Ids("The jobs' IDs, as 'stemsharp jobs list' shows them.");
        Option<bool> all = new("--all") { Description = $"All jobs {which}." };
        Option<string?> queue = QueueOptions.Queue();
        Option<bool> json = ModelsCommand.Json();
        Command command = new(name, description) { ids, all, queue, json };
        command.SetAction(async (line, cancellationToken) =>
        {
            string[] named = line.GetValue(ids) ?? [];
            RequireOne(named, line.GetValue(all), which);
            await using NatsFleet fleet = await QueueOptions.OpenAsync(line, queue, null, cancellationToken).ConfigureAwait(false);
            FleetJobs jobs = Jobs(fleet);
            List<string> concerned = [.. named];
            if (line.GetValue(all))
            {
                await foreach (JobRecord record in jobs.ListAsync(cancellationToken).ConfigureAwait(false))
                {
                    if (concerns(record))
                    {
                        concerned.Add(record.Job.Id);
                    }
                }
            }

            List<(string Id, JobState State)> changed = [];
            foreach (string id in concerned)
            {
                changed.Add((id, await change(jobs, id, cancellationToken).ConfigureAwait(false) ?? throw Unknown(id)));
            }

            line.InvocationConfiguration.Output.WriteLine(line.GetValue(json) ? Json(changed) : string.Join('\n', [.. changed.Select(c => $"{c.Id}  {JobJson.Word(c.State)}"), $"{changed.Count(c => c.State == wanted)} of {changed.Count} jobs are {JobJson.Word(wanted)} now"]));
            return changed.All(c => c.State == wanted) ? ExitCode.Success : ExitCode.PartialFailure;
        });
        return command;
    }

    internal static Argument<string[]> Ids(string description) => new("ID") { Description = description, Arity = ArgumentArity.ZeroOrMore };

    /// <exception cref="OptionException">Neither IDs nor --all, or both.</exception>
    internal static void RequireOne(string[] named, bool all, string which)
    {
        if (named.Length == 0 != all)
        {
            throw new OptionException(named.Length == 0 ? $"Which jobs? Give their IDs, or --all for all {which}." : "Jobs' IDs and --all exclude each other; give one of them.");
        }
    }

    internal static FleetJobs Jobs(NatsFleet fleet) => new(fleet, new Patience(fleet.Clock, s_most));

    internal static OptionException Unknown(string id) => new($"There is no job {id} in this queue; 'stemsharp jobs list' shows all.");

    private static int Code(IEnumerable<JobState> states) => states.All(s => s == JobState.Done) ? ExitCode.Success : ExitCode.PartialFailure;

    private static string Line(JobRecord record)
    {
        string why = record.Error ?? record.Note ?? "";
        return $"{record.Job.Id}  {JobJson.Word(record.State),-9}  {record.Job.Model}  {record.Job.Shown}{(why.Length > 0 ? $"  ({why})" : "")}";
    }

    private static string ToText(IReadOnlyList<JobRecord> records, Dictionary<JobState, int> counts, IReadOnlyList<(string Id, WorkerRecord Worker)> workers) => string.Join('\n',
    [
        .. records.OrderBy(r => r.Submitted).Select(Line),
        .. workers.OrderBy(w => w.Id, StringComparer.Ordinal).Select(w => $"{w.Id}  worker  {w.Worker.Engine}  {Words.Bytes(w.Worker.MemoryBytes)}  {w.Worker.Done} done{(w.Worker.Job is { } job ? $"  works on {job}" : "")}"),
        $"{string.Join(", ", Enum.GetValues<JobState>().Select(s => $"{counts.GetValueOrDefault(s)} {JobJson.Word(s)}"))}; {workers.Count} worker{Words.Plural(workers.Count)}",
    ]);

    private static string Json(IReadOnlyList<JobRecord> records, Dictionary<JobState, int> counts, IReadOnlyList<(string Id, WorkerRecord Worker)> workers) => JsonText.Object(
        json =>
        {
            json.WriteNumber("version", 1);
            foreach (JobState state in Enum.GetValues<JobState>())
            {
                json.WriteNumber(JobJson.Word(state), counts.GetValueOrDefault(state));
            }

            json.WriteStartArray("jobs");
            foreach (JobRecord record in records.OrderBy(r => r.Submitted))
            {
                json.WriteStartObject();
                JobJson.WriteFields(json, record);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartArray("workers");
            foreach ((string id, WorkerRecord worker) in workers.OrderBy(w => w.Id, StringComparer.Ordinal))
            {
                json.WriteStartObject();
                json.WriteString("id", id);
                json.WriteString("host", worker.Host);
                json.WriteString("engine", worker.Engine);
                json.WriteString("model", worker.Model);
                json.WriteString("job", worker.Job);
                json.WriteNumber("memory_bytes", worker.MemoryBytes);
                json.WriteNumber("done", worker.Done);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        },
        indented: true);

    private static string Json(IReadOnlyList<(string Id, JobState State)> changed) => JsonText.Object(
        json =>
        {
            json.WriteNumber("version", 1);
            json.WriteStartArray("jobs");
            foreach ((string id, JobState state) in changed)
            {
                json.WriteStartObject();
                json.WriteString("id", id);
                json.WriteString("state", JobJson.Word(state));
                json.WriteEndObject();
            }

            json.WriteEndArray();
        },
        indented: true);
}
