using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Stemsharp.Audio;
using Stemsharp.Inference;
using Stemsharp.Separation;

namespace Stemsharp;

/// <summary>One call of a <see cref="Separator"/>: opens the input, reads it once for its level, then separates it.</summary>
internal sealed class SeparationRun(
    Separator separator,
    SeparatorEngines engines,
    ILogger logger,
    SeparationOptions options,
    int[] wanted,
    IProgress<SeparationProgress>? progress,
    CancellationToken cancellationToken)
{
    private readonly long _began = Stopwatch.GetTimestamp();
    private int _passes = 1;
    private double _seconds;

    public SeparationSummary Execute(OpenedInput input, IStemSink sink)
    {
        using Activity? activity = SeparationTelemetry.Start("separation");
        activity?.SetTag("stemsharp.model", separator.Model);
        IReadOnlyList<BagMember> members = engines.Members;
        Bag bag = new(members, wanted);
        _passes = bag.Passes.Count;
        NetworkDefinition definition = bag.Passes[0].Member.Definition;
        using SeparatorSong song = new(input, definition.SampleRate, definition.Channels, options.TemporaryFolder);
        Report(SeparationState.Analyzing, 0, 0, 0);
        long began = Timeline.Now;
        TrackStatistics statistics;
        using (IAudioReader reader = song.Track.Open(cancellationToken))
        {
            statistics = Measure(song.Track.Name, reader, cancellationToken);
        }

        foreach (string warning in input.Warnings)
        {
            SeparatorLog.InputWarning(logger, input.Name, warning);
        }

        int measured = options.Timeline?.Add("measure", began, input.Stage) ?? -1;
        _seconds = (double)statistics.Length / definition.SampleRate;
        if (statistics.Peak > 1)
        {
            SeparatorLog.LoudInput(logger, input.Name, statistics.Peak);
        }

        TrackSeparator track = new(song.Track, statistics, bag, Settings(engines, options, definition), measured);
        SeparationInfo info = new(
            separator.Model,
            [.. wanted.Select(stem => separator.Stems[stem])],
            definition.SampleRate,
            definition.Channels,
            statistics.Length,
            input.SampleRate,
            input.Channels);
        SeparatorLog.Started(logger, input.Name, _seconds, separator.Model, track.Count);
        sink.Begin(info);

        StemBlock? block = null;
        IWorkers threads = ParallelWorkers.Caller;
        SeparationTally tally = track.Run(
            separated =>
            {
                threads = separated.Workers;
                sink.Write(block ??= new StemBlock(info, separated));
            },
            Step, cancellationToken);
        if (sink is IFinishingSink finishing)
        {
            Report(SeparationState.Writing, track.Count, track.Count, _passes - 1);
            finishing.Finish(threads);
        }

        SeparationSummary summary = new(
            info, tally.Segments, tally.Silent, Stopwatch.GetElapsedTime(_began), tally.Peaks, tally.Engines)
        {
            Warnings = input.Warnings,
        };
        activity?.SetTag("stemsharp.engine", summary.Engine);
        Conclude(input, summary);
        Report(SeparationState.Done, track.Count, track.Count, _passes - 1);
        return summary;
    }

    /// <summary>Reads a track once.</summary>
    /// <exception cref="AudioException">It has no samples, or some that are no numbers.</exception>
    public static TrackStatistics Measure(string track, IAudioReader reader, CancellationToken cancellationToken)
    {
        TrackStatistics statistics = TrackStatistics.Measure(reader, cancellationToken);
        return statistics.Length > 0 ? statistics : throw new AudioException(
            $"'{track}' has no samples{(reader.Length > 0 ? " in the wanted part" : "")}: there is nothing to separate.")
        { Failure = AudioFailure.NoSamples };
    }

    /// <summary>The segments that a track of a length will take.</summary>
    /// <exception cref="OptionException">The settings do not fit a network or the track.</exception>
    public static long Count(SeparatorEngines engines, SeparationOptions options, int[] wanted, string track, long length)
    {
        Bag bag = new(engines.Members, wanted);
        SeparationSettings settings = Settings(engines, options, bag.Passes[0].Member.Definition);
        return bag.Passes.Sum(pass => new PassCut(pass, track, length, settings).Schedule().Count);
    }

    private static SeparationSettings Settings(SeparatorEngines engines, SeparationOptions options, NetworkDefinition definition)
    {
        // The product is cut as the original cuts it.
        int? segment = options.Segment is double seconds ? (int)(definition.SampleRate * seconds) : null;
        return new SeparationSettings
        {
            Overlap = options.Overlap,
            TransitionPower = options.TransitionPower,
            SegmentSamples = segment,
            Split = options.Split,
            Offsets = (member, largest) => largest == 0 && options.Shifts <= 1
                ? [0]
                : ShiftOffsets.Choose(options.Shifts, options.Seed, largest, member),
            Threads = engines.Threads,
            Timeline = options.Timeline,
            TemporaryFolder = options.TemporaryFolder,
        };
    }

    private void Step(SeparationStep step) =>
        Report(step.Loading ? SeparationState.LoadingModel : SeparationState.Separating, step.Done, step.Count, step.Pass);

    private void Report(SeparationState state, long done, long count, int pass)
    {
        double share = count == 0 ? 0 : (double)done / count;
        progress?.Report(new SeparationProgress
        {
            State = state,
            Fraction = share,
            SegmentIndex = done,
            SegmentCount = count,
            ModelIndex = pass,
            ModelCount = _passes,
            AudioSecondsDone = _seconds * share,
            AudioSecondsTotal = _seconds,
            Elapsed = Stopwatch.GetElapsedTime(_began),
        });
    }

    private void Conclude(OpenedInput input, SeparationSummary summary)
    {
        double seconds = summary.Elapsed.TotalSeconds;
        SeparatorLog.Finished(logger, input.Name, seconds, _seconds / seconds, summary.SilentSegments);
        SeparationTelemetry.Separated(_seconds);
        for (int i = 0; i < summary.Peaks.Count; i++)
        {
            if (summary.Peaks[i] > 1)
            {
                SeparationTelemetry.Clipped();
                SeparatorLog.Clipping(logger, summary.Info.Stems[i], input.Name, summary.Peaks[i]);
            }
        }
    }
}
