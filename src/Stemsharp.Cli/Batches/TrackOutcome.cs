using Stemsharp.Cli.Hosting;
using Stemsharp.Files;

namespace Stemsharp.Cli.Batches;

/// <summary>How a track of a batch ended.</summary>
internal enum TrackStatus
{
    /// <summary>Separated and written.</summary>
    Done,

    /// <summary>Finished by an earlier run.</summary>
    Skipped,

    /// <summary>Ended with an error.</summary>
    Failed,
}

/// <summary>A file that was written.</summary>
/// <param name="Stem">The stem, or "mix" for a container of all stems.</param>
/// <param name="Path">The absolute path, or "-".</param>
/// <param name="Gain">The factor applied against clipping; 1 for none.</param>
internal sealed record StemFile(string Stem, string Path, float Gain = 1);

/// <summary>What became of one track.</summary>
internal sealed record TrackOutcome
{
    internal required Track Track { get; init; }

    internal required TrackStatus Status { get; init; }

    /// <summary>An <see cref="Hosting.ExitCode"/>.</summary>
    internal int Code { get; init; }

    /// <summary>The error, when it failed.</summary>
    internal string? Message { get; init; }

    /// <summary>What the error was, when it failed and there was one.</summary>
    internal Exception? Cause { get; init; }

    internal IReadOnlyList<StemFile> Files { get; init; } = [];

    internal IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Length of the separated audio.</summary>
    internal double AudioSeconds { get; init; }

    /// <summary>What ran the network, in order.</summary>
    internal IReadOnlyList<RecordedEngine> Engines { get; init; } = [];

    /// <summary>Time it took.</summary>
    internal double ElapsedSeconds { get; init; }

    /// <summary>Energy of mix minus stems against the mix, in dB, before and after an exact sum; null if not asked for.</summary>
    internal NullDepth? NullDecibels { get; init; }

    internal static TrackOutcome Failure(Track track, Exception exception) => new()
    {
        Track = track,
        Status = TrackStatus.Failed,
        Code = ExitCode.For(exception),
        Cause = exception,
        Message = exception is StemsharpException or IOException or UnauthorizedAccessException
            ? exception.Message
            : exception.ToString(),
    };

    internal static TrackOutcome Failure(RejectedInput input) => new()
    {
        Track = new Track(input.Shown, input.Shown, ""),
        Status = TrackStatus.Failed,
        Code = ExitCode.Audio,
        Message = input.Message,
    };

    /// <summary>The code of a whole batch: the one error's own when nothing was done, else "some failed".</summary>
    internal static int ExitCodeOf(IReadOnlyCollection<TrackOutcome> outcomes)
    {
        TrackOutcome[] failed = [.. outcomes.Where(o => o.Status == TrackStatus.Failed)];
        if (failed.Length == 0)
        {
            return ExitCode.Success;
        }

        return failed.Length == outcomes.Count ? failed[0].Code : ExitCode.PartialFailure;
    }
}
