using Stemsharp.Fleet.Protocol;

namespace Stemsharp.Fleet.Tests;

/// <summary>Remembers what a worker did.</summary>
internal sealed class RecordedEvents : IWorkerEvents
{
    private readonly List<(string Input, WorkOutcome Outcome)> _left = [];

    internal IReadOnlyList<(string Input, WorkOutcome Outcome)> Jobs
    {
        get
        {
            lock (_left)
            {
                return [.. _left];
            }
        }
    }

    public void Taken(JobRecord record) { }

    public void Left(JobRecord record, WorkOutcome outcome, TimeSpan elapsed)
    {
        lock (_left)
        {
            _left.Add((record.Job.Input, outcome));
        }
    }

    public void Note(string message) { }
}
