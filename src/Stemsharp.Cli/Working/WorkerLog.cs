using Stemsharp.Cli.Progress;
using Stemsharp.Cli.Text;
using Stemsharp.Fleet.Protocol;

namespace Stemsharp.Cli.Working;

/// <summary>Says on standard error what a worker does: a line a job, or JSON lines for programs.</summary>
/// <param name="error">Standard error.</param>
/// <param name="json">Whether programs read it.</param>
/// <param name="quiet">Whether only what goes wrong is said.</param>
internal sealed class WorkerLog(TextWriter error, bool json, bool quiet) : IWorkerEvents
{
    private readonly JsonLines _lines = new(error);
    private string? _last;

    public void Taken(JobRecord record)
    {
        if (json)
        {
            _lines.Write("taken", fields => JobJson.WriteFields(fields, record));
        }
        else if (!quiet)
        {
            error.WriteLine($"{record.Job.Id}  {record.Job.Shown} ({record.Job.Model})");
        }
    }

    public void Left(JobRecord record, WorkOutcome outcome, TimeSpan elapsed)
    {
        _last = null;
        if (json)
        {
            _lines.Write("left", fields =>
            {
                fields.WriteString("outcome", Word(outcome));
                JobJson.WriteFields(fields, record);
            });
        }
        else if (!quiet || outcome is WorkOutcome.Failed or WorkOutcome.Dead)
        {
            string why = outcome is WorkOutcome.Failed or WorkOutcome.Dead ? $": {record.Error}" : "";
            error.WriteLine($"{record.Job.Id}  {Word(outcome)} after {Words.Duration(elapsed)}{why}");
        }
    }

    // The same again and again while a server is away.
    public void Note(string message)
    {
        if (message == _last)
        {
            return;
        }

        _last = message;
        if (json)
        {
            _lines.Note(message);
        }
        else
        {
            error.WriteLine($"stemsharp: {message}");
        }
    }

    private static string Word(WorkOutcome outcome) => outcome switch
    {
        WorkOutcome.Done => "done",
        WorkOutcome.Failed => "failed, to be tried again",
        WorkOutcome.Dead => "given up",
        WorkOutcome.GivenBack => "given back",
        _ => "no more this worker's",
    };
}
