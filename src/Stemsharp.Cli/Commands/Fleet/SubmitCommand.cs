using System.CommandLine;
using Stemsharp.Cli.Batches;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Progress;
using Stemsharp.Cli.Text;
using Stemsharp.Fleet.Nats;
using Stemsharp.Fleet.Protocol;
using Stemsharp.Fleet.Storage;

namespace Stemsharp.Cli.Commands.Fleet;

/// <summary><c>stemsharp submit</c>: hands tracks to a fleet.</summary>
internal static class SubmitCommand
{
    // Each waits for the server's answer; together they keep it busy.
    private const int AtOnce = 32;

    private static readonly TimeSpan s_most = TimeSpan.FromSeconds(30);

    internal static Command Create()
    {
        SeparateOptions options = new();
        options.Tracks.Description = "Audio files, folders (searched through), patterns (music/**/*.flac), playlists (.m3u, .pls, .xspf) that workers see, too, or addresses: s3://BUCKET/KEY, https://…, nats-obj://BUCKET/NAME.";
        options.Out.Description = "Where the stems go: a folder that workers see, s3://BUCKET/PREFIX, or nats-obj://BUCKET/PREFIX; a subfolder with the model's name is made.";
        Option<string?> queue = QueueOptions.Queue();
        Option<string?> lease = QueueOptions.Lease();
        Option<string> lane = new("--lane") { Description = "bulk, or interactive, which goes first.", DefaultValueFactory = _ => "bulk" };
        lane.AcceptOnlyFromAmong("bulk", "interactive");
        Option<int> failures = new("--max-failures") { Description = "Give a job up after it has failed as often.", HelpName = "N", DefaultValueFactory = _ => new SubmitOptions().MaxFailures };
        Option<int> deaths = new("--max-deaths") { Description = "Give a job up after as many workers have died of it.", HelpName = "N", DefaultValueFactory = _ => new SubmitOptions().MaxDeaths };
        Option<bool> upload = new("--upload")
        {
            Description = "Put the tracks into an object store of the queue's server, where workers that see no file of yours find them; without -o the stems go there, too ('jobs fetch' brings them).",
        };
        Option<string[]> put = new(PutAddresses.Option)
        {
            Description = "Put a stem to an address that was signed for it, instead of into a folder; once for each stem of one track.",
            HelpName = "STEM=URL",
        };
        Option<bool> again = new("--again") { Description = "Queue jobs once more that have ended; a worker skips those whose files are still there." };
        Option<bool> json = ModelsCommand.Json();
        Command command = new("submit", "Hand tracks to a fleet of workers; takes the options of separate that concern the stems.")
        {
            options.Tracks,
        };
        foreach (Option option in new Option[] { queue, options.List }.Concat(options.Settings.Except(options.OfMachine)).Concat([upload, put, lane, failures, deaths, again, lease, options.Quiet, json]))
        {
            command.Add(option);
        }

        command.SetAction(async (line, cancellationToken) =>
        {
            Notes notes = new(line.InvocationConfiguration.Error, json: false, line.GetValue(options.Quiet));
            string? stems = line.GetValue(upload) ? $"{FileAddress.Nats}://{NatsFiles.UsualBucket(QueueOptions.Address(line, queue).Name)}/stems" : null;
            (IReadOnlyList<FleetJob> jobs, IReadOnlyList<RejectedInput> rejected) = Jobs(line, options, put, stems, notes);
            SubmitOptions how = new(
                Enum.Parse<Lane>(line.GetValue(lane)!, ignoreCase: true), Values.Within("--max-failures", line.GetValue(failures), 1, 1000),
                Values.Within("--max-deaths", line.GetValue(deaths), 1, 1000), line.GetValue(again));
            foreach (RejectedInput input in rejected)
            {
                line.InvocationConfiguration.Error.WriteLine($"stemsharp: {input.Shown}: {input.Message}");
            }

            if (jobs.Count == 0)
            {
                return ExitCode.Audio;
            }

            await using NatsFleet fleet = await QueueOptions.OpenAsync(line, queue, lease, cancellationToken).ConfigureAwait(false);
            if (stems is not null)
            {
                jobs = await UploadAsync(new NatsFiles(fleet), jobs, cancellationToken).ConfigureAwait(false);
            }

            Dictionary<SubmitOutcome, int> outcomes = await SubmitAsync(fleet, jobs, how, cancellationToken).ConfigureAwait(false);
            int exit = rejected.Count == 0 ? ExitCode.Success : ExitCode.PartialFailure;
            if (line.GetValue(json))
            {
                line.InvocationConfiguration.Output.WriteLine(Json(jobs, outcomes, rejected, exit));
            }
            else if (!line.GetValue(options.Quiet))
            {
                line.InvocationConfiguration.Output.WriteLine(string.Join(", ", Enum.GetValues<SubmitOutcome>().Where(outcomes.ContainsKey).Select(o => $"{outcomes[o]} {Word(o)}")));
            }

            return exit;
        });
        return command;
    }

    private static async Task<Dictionary<SubmitOutcome, int>> SubmitAsync(NatsFleet fleet, IReadOnlyList<FleetJob> jobs, SubmitOptions how, CancellationToken cancellationToken)
    {
        FleetJobs board = new(fleet, new Patience(fleet.Clock, s_most));
        Dictionary<SubmitOutcome, int> outcomes = [];
        ParallelOptions parallel = new() { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken };
        try
        {
            await Parallel.ForEachAsync(jobs, parallel, async (job, token) =>
            {
                SubmitOutcome outcome = await board.SubmitAsync(job, how, token).ConfigureAwait(false);
                lock (outcomes)
                {
                    outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + 1;
                }
            }).ConfigureAwait(false);
        }
        catch (ConnectionLostException exception)
        {
            throw new ExternalToolException($"{exception.Message} {outcomes.Values.Sum()} of {jobs.Count} jobs were handed in; repeat the command, which leaves those alone.", exception);
        }

        return outcomes;
    }

    // Jobs of the same song have the same address, whoever uploads it.
    private static async Task<IReadOnlyList<FleetJob>> UploadAsync(NatsFiles files, IReadOnlyList<FleetJob> jobs, CancellationToken cancellationToken)
    {
        List<FleetJob> uploaded = [];
        foreach (FleetJob job in jobs)
        {
            try
            {
                uploaded.Add(FileAddress.SchemeOf(job.Input) is null
                    ? new FleetJob(await files.UploadAsync(job.Input, cancellationToken).ConfigureAwait(false), job.Model, job.Folder, job.Settings, job.Put)
                    : job);
            }
            catch (StorageException exception)
            {
                throw new ExternalToolException($"{job.Input} could not be uploaded: {exception.Message} Repeat the command, which leaves alone what is there.", exception);
            }
        }

        return [.. uploaded.DistinctBy(j => j.Id)];
    }

    private static (IReadOnlyList<FleetJob> Jobs, IReadOnlyList<RejectedInput> Rejected) Jobs(ParseResult line, SeparateOptions options, Option<string[]> put, string? stems, Notes notes)
    {
        JobSettings settings = new();
        List<FleetJob> jobs = [];
        List<RejectedInput> rejected = [];
        string[] inputs = line.GetValue(options.Tracks) ?? [];
        string? list = line.GetValue(options.List);
        if (inputs.Length == 0 == list is null)
        {
            throw new OptionException(list is null ? "no input; name audio files, folders, patterns, playlists, or a list with --list." : "--list and tracks on the command line exclude each other; put the tracks into the list, or leave it out.");
        }

        string[] puts = line.GetValue(put) ?? [];
        if (list is null)
        {
            SortedDictionary<string, string?> own = JobSettings.Of(line, options, [], 0, stems);
            string folder = own[options.Out.Name]!;
            Add(inputs, files => InputExpansion.Expand(files, FileAddress.SchemeOf(folder) is null ? folder : "."), own, puts);
        }
        else
        {
            foreach (IGrouping<string, ListedTrack> alike in TrackList.Read(list).GroupBy(t => string.Join('\n', t.Settings)))
            {
                ILookup<bool, (string Option, string? Value)> own = alike.First().Settings.ToLookup(s => s.Option == PutAddresses.Listed);
                string[] listed = [.. own[true].SelectMany(s => (s.Value ?? "").Split('\n'))];
                Add(alike.Select(t => t.Input), InputExpansion.OfFiles, JobSettings.Of(line, options, [.. own[false]], alike.First().Line, stems), listed.Length > 0 ? listed : puts);
            }
        }

        if (jobs.Count > 0 && jobs.DistinctBy(j => j.Id).Count() is var different && different < jobs.Count)
        {
            notes.Report($"{jobs.Count - different} tracks stand there twice with the same settings; each is one job.");
            return ([.. jobs.DistinctBy(j => j.Id)], rejected);
        }

        return (jobs, rejected);

        void Add(IEnumerable<string> named, Func<IEnumerable<string>, InputExpansion> expand, SortedDictionary<string, string?> own, string[] to)
        {
            IReadOnlyDictionary<string, string>? places = PutAddresses.Read(to);
            if (places is not null && line.GetResult(options.Out) is { Implicit: false })
            {
                throw new OptionException($"{PutAddresses.Option} and {options.Out.Name} exclude each other; the stems go to one place.");
            }

            string[] addresses = [.. named.Where(n => FileAddress.SchemeOf(n) is not null).Distinct()];
            Array.ForEach(addresses, FileAddress.CheckInput);
            InputExpansion expansion = expand(named.Where(n => FileAddress.SchemeOf(n) is null));
            rejected.AddRange(expansion.Rejected);
            foreach (string note in expansion.Notes)
            {
                notes.Report(note);
            }

            FleetJob[] some =
            [
                .. addresses.Select(a => settings.Job(a, "", own, places)),
                .. expansion.Tracks.Select(t => t.IsReadOnce
                    ? throw new OptionException("A fleet takes files; what is read once, such as a pipe, is no file that a worker sees.")
                    : settings.Job(t.Path, t.Folder, own, places)),
            ];
            if (places is not null && some.Length > 1)
            {
                throw new OptionException($"{PutAddresses.Option} is for one track, and there are {some.Length}; {some.Length} tracks would go to the same addresses. Give a list with addresses of each track's own.");
            }

            if (some.Length > 0)
            {
                // Found wrong here rather than by each worker.
                _ = settings.Request(some[0], [], notes);
            }

            jobs.AddRange(some);
        }
    }

    private static string Word(SubmitOutcome outcome) => outcome switch
    {
        SubmitOutcome.Queued => "queued",
        SubmitOutcome.Pending => "in the queue already",
        SubmitOutcome.Done => "done before",
        _ => "ended before without stems ('stemsharp jobs list --state dead' says why)",
    };

    private static string Json(IReadOnlyList<FleetJob> jobs, Dictionary<SubmitOutcome, int> outcomes, IReadOnlyList<RejectedInput> rejected, int exit) => JsonText.Object(
        json =>
        {
            json.WriteNumber("version", 1);
            foreach (SubmitOutcome outcome in Enum.GetValues<SubmitOutcome>())
            {
                json.WriteNumber(outcome.ToString().ToLowerInvariant(), outcomes.GetValueOrDefault(outcome));
            }

            json.WriteStartArray("jobs");
            foreach (FleetJob job in jobs)
            {
                json.WriteStartObject();
                json.WriteString("id", job.Id);
                json.WriteString("input", job.Shown);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartArray("rejected");
            foreach (RejectedInput input in rejected)
            {
                json.WriteStartObject();
                json.WriteString("input", input.Shown);
                json.WriteString("message", input.Message);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteNumber("exit_code", exit);
        },
        indented: true);
}
