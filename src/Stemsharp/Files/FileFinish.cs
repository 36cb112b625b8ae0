using Stemsharp.Audio;
using Stemsharp.Inference;
using Stemsharp.Separation;

namespace Stemsharp.Files;

/// <summary>Finishes a plan's files when all samples are there: levels, the exact sum, the one file. None has its name yet.</summary>
/// <param name="plan">What was asked for.</param>
/// <param name="lanes">Its files.</param>
/// <param name="cancellationToken">Stops.</param>
internal sealed class FileFinish(FilePlan plan, IReadOnlyList<FileLane> lanes, CancellationToken cancellationToken)
{
    /// <summary>Notes the stages; null for nobody.</summary>
    public Timeline? Timeline { get; init; }

    /// <summary>The stage that each file comes from.</summary>
    public IReadOnlyList<int>? Stages { get; init; }

    /// <summary>Null depths in dB, of the model's stems and of the files; null without an exact sum.</summary>
    public NullDepth? NullDecibels { get; private set; }

    /// <summary>Makes a plan's files from samples that wait elsewhere, all of them or none.</summary>
    /// <param name="plan">What was asked for; its files hold one stem each.</param>
    /// <param name="stems">The files' samples, at the rate of the plan.</param>
    /// <param name="mix">The mix, for an exact sum.</param>
    /// <param name="cancellationToken">Stops.</param>
    public static IReadOnlyList<SavedStem> Write(
        FilePlan plan, IReadOnlyList<IWaitingSamples> stems, IWaitingSamples? mix, CancellationToken cancellationToken)
    {
        FileLane[] lanes = [.. stems.Select((waiting, i) => new FileLane(plan, i, waiting, cancellationToken))];
        try
        {
            SavedStem[] made = new FileFinish(plan, lanes, cancellationToken).Run(mix, ParallelWorkers.Caller);
            Name(lanes);
            return made;
        }
        finally
        {
            foreach (FileLane lane in lanes)
            {
                lane.Dispose();
            }
        }
    }

    /// <summary>Gives all files their names, or none.</summary>
    public static void Name(IReadOnlyList<FileLane> lanes) => FileMove.Together(lanes, lane => lane.Commit(), lane => lane.Undo());

    /// <summary>Makes the files whole.</summary>
    /// <param name="mix">The mix, for an exact sum at the stems' rate.</param>
    /// <param name="workers">Threads that are free.</param>
    public SavedStem[] Run(IWaitingSamples? mix, IWorkers workers) => plan switch
    {
        { Traktor: { } options } => [Container(options)],
        { Residual: not null } => Sum(mix!),
        _ => Each(workers),
    };

    /// <summary>Every file for itself.</summary>
    private SavedStem[] Each(IWorkers workers)
    {
        SavedStem[] made = new SavedStem[lanes.Count];
        float[] gains = [.. lanes.Select(lane => plan.ClipMode == ClipMode.Rescale ? Clipping.RescaleGain(lane.Waiting!.Peak) : 1)];
        if (plan.SharedGain)
        {
            gains.AsSpan().Fill(gains.Min());
        }

        // Encoders are separate processes: a few at once keep all processors busy.
        IWorkers several = plan.EncodersAtOnce == 0 || plan.EncodersAtOnce >= workers.Count ? workers : new ParallelWorkers(plan.EncodersAtOnce);
        several.For(made.Length, i =>
        {
            long began = Timeline.Now;
            made[i] = lanes[i].Finish(gains[i]);
            Timeline?.Add("finish", began, Stages?[i] ?? -1);
        });
        return made;
    }

    /// <summary>Files that add up.</summary>
    private SavedStem[] Sum(IWaitingSamples mix)
    {
        ExactSumFinish finish = new(plan);
        finish.Write([.. lanes.Select(lane => lane.Waiting!)], mix, i => lanes[i].Open(), cancellationToken);
        NullDecibels = finish.NullDecibels;
        return [.. lanes.Select(lane => lane.Finished(finish.Gain))];
    }

    /// <summary>One file with all tracks.</summary>
    private SavedStem Container(TraktorStemOptions options)
    {
        string path = plan.Files[0].Path;
        IStagedWriter writer = TraktorStemFile.CreateStaged(path, plan.SampleRate, options, cancellationToken);
        lanes[0].Adopt(writer);
        float gain = TraktorFinish.Write([.. lanes.Select(lane => lane.Waiting!)], writer, plan.ClipMode, cancellationToken);
        return lanes[0].Finished(gain) with { Stem = TraktorFinish.Name };
    }
}
