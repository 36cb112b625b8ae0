using Stemsharp.Cli.Batches;

namespace Stemsharp.Cli.Progress;

/// <summary>
/// How far a batch is, by the duration of its tracks. One whose duration is not known yet counts as the mean of the others. Safe for use
/// from several threads.
/// </summary>
/// <param name="tracks">How many tracks.</param>
internal sealed class BatchClock(int tracks)
{
    private readonly Lock _lock = new();
    private readonly Entry[] _entries = new Entry[tracks];

    /// <summary>The share of the audio that is done, 0 … 1.</summary>
    internal double Fraction
    {
        get
        {
            lock (_lock)
            {
                double mean = Mean();
                double all = _entries.Sum(e => e.Seconds ?? mean);
                return all > 0 ? _entries.Sum(e => e.Fraction * (e.Seconds ?? mean)) / all : 0;
            }
        }
    }

    /// <summary>Time still to go, at the pace of what was separated so far; null while that can't be told.</summary>
    internal TimeSpan? Remaining
    {
        get
        {
            lock (_lock)
            {
                double mean = Mean();
                double audio = _entries.Where(e => e.IsWork).Sum(e => e.Fraction * (e.Seconds ?? mean));
                double left = _entries.Sum(e => (1 - e.Fraction) * (e.Seconds ?? mean));
                TimeSpan spent = TimeSpan.FromSeconds(_entries.Where(e => e.IsWork).Sum(e => e.Elapsed.TotalSeconds));
                return audio > 0 ? spent * (left / audio) : null;
            }
        }
    }

    /// <summary>A track's duration is known.</summary>
    internal void Length(int index, double seconds)
    {
        lock (_lock)
        {
            _entries[index].Seconds ??= seconds;
        }
    }

    /// <summary>A track is so far.</summary>
    internal void Report(int index, in TrackProgress progress)
    {
        lock (_lock)
        {
            ref Entry entry = ref _entries[index];
            entry.Seconds = progress.AudioSeconds > 0 ? progress.AudioSeconds : entry.Seconds;
            (entry.Fraction, entry.Elapsed, entry.IsWork) = (progress.Fraction, progress.Elapsed, true);
        }
    }

    /// <summary>A track is over. What was skipped or failed says nothing about the pace.</summary>
    internal void End(int index, TrackOutcome outcome)
    {
        lock (_lock)
        {
            ref Entry entry = ref _entries[index];
            entry.Fraction = 1;
            entry.IsWork = outcome.Status == TrackStatus.Done;
            entry.Elapsed = TimeSpan.FromSeconds(outcome.ElapsedSeconds);
            entry.Seconds = outcome.AudioSeconds > 0 ? outcome.AudioSeconds : entry.Seconds;
        }
    }

    private double Mean()
    {
        double[] known = [.. _entries.Select(e => e.Seconds).OfType<double>()];
        return known.Length > 0 ? known.Average() : 1;
    }

    private struct Entry
    {
        public double? Seconds;
        public double Fraction;
        public TimeSpan Elapsed;
        public bool IsWork;
    }
}
