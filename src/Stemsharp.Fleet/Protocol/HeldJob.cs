namespace Stemsharp.Fleet.Protocol;

/// <summary>A job that this worker has, for as long as nobody else has taken it.</summary>
internal sealed class HeldJob : IDisposable
{
    private readonly JobRecords _records, _confirming;
    private readonly CancellationTokenSource _lost;
    private RevisedJob _job;

    /// <param name="records">Writes how it ended.</param>
    /// <param name="confirming">Asks whether it is still this worker's, for a lease's time at most.</param>
    /// <param name="job">Its record as it was taken.</param>
    /// <param name="delivery">Its message.</param>
    /// <param name="stop">Stops the worker.</param>
    internal HeldJob(JobRecords records, JobRecords confirming, RevisedJob job, IDelivery delivery, CancellationToken stop)
    {
        _records = records;
        _confirming = confirming;
        _job = job;
        Delivery = delivery;
        _lost = CancellationTokenSource.CreateLinkedTokenSource(stop);
    }

    /// <summary>The job.</summary>
    internal FleetJob Job => _job.Record.Job;

    /// <summary>What was known of it when it was taken.</summary>
    internal JobRecord Record => _job.Record;

    internal IDelivery Delivery { get; }

    /// <summary>How much of it is done, 0 … 1, as the one who does it tells; null so far.</summary>
    internal double? Fraction { get; private set; }

    /// <summary>Cancelled when the worker is stopped, or the job is no more its own.</summary>
    internal CancellationToken Token => _lost.Token;

    /// <summary>Whether somebody else has it, or has withdrawn it.</summary>
    internal bool IsLost { get; private set; }

    /// <summary>
    /// Makes sure that the job is still this worker's, by writing its record once more: whoever took it meanwhile has changed that. To be
    /// called right before its files are given their names. Who gets no answer for a lease's time gives it up: another has it then, and waits
    /// for what this one holds of it on the file system.
    /// </summary>
    /// <exception cref="OperationCanceledException">It is not.</exception>
    internal async Task ConfirmAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (await _confirming.ChangeAsync(_job, _job.Record, cancellationToken).ConfigureAwait(false) is { } confirmed)
            {
                _job = confirmed;
                return;
            }
        }
        catch (ConnectionLostException)
        {
            // As good as another's.
        }

        Lose();
        throw new OperationCanceledException(_lost.Token);
    }

    /// <summary>Looks whether it is still this worker's, and stops the work where it is not.</summary>
    internal async Task LookAsync(CancellationToken cancellationToken)
    {
        RevisedJob? now = await _records.FindAsync(Job.Id, cancellationToken).ConfigureAwait(false);
        if (now is null || now.Record.State != JobState.Running || now.Record.Lease != Record.Lease || now.Record.Generation != Record.Generation)
        {
            Lose();
        }
    }

    /// <summary>Writes what became of it; false where it was somebody else's by then.</summary>
    internal async Task<bool> EndAsync(Func<JobRecord, JobRecord> change, CancellationToken cancellationToken)
    {
        if (!IsLost && await _records.ChangeAsync(_job, change(_job.Record), cancellationToken).ConfigureAwait(false) is { } ended)
        {
            _job = ended;
            return true;
        }

        IsLost = true;
        return false;
    }

    /// <summary>Tells how much of it is done.</summary>
    /// <param name="fraction">0 … 1.</param>
    internal void Report(double fraction) => Fraction = fraction;

    public void Dispose() => _lost.Dispose();

    private void Lose()
    {
        IsLost = true;
        try
        {
            _lost.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has ended meanwhile.
        }
    }
}
