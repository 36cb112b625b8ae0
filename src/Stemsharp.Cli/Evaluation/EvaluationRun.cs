using Stemsharp.Evaluation;

namespace Stemsharp.Cli.Evaluation;

/// <summary>A data set judged: what every report shows.</summary>
internal sealed record EvaluationRun
{
    /// <summary>The folder of references.</summary>
    public required string References { get; init; }

    /// <summary>The model's name or the folder of estimates.</summary>
    public required string Estimates { get; init; }

    /// <summary>Frames and filters.</summary>
    public required EvaluationOptions Options { get; init; }

    /// <summary>The tracks that could be judged.</summary>
    public required IReadOnlyList<JudgedTrack> Tracks { get; init; }

    /// <summary>Those that could not, and why.</summary>
    public required IReadOnlyList<(string Track, Exception Error)> Failures { get; init; }

    /// <summary>All stems in the order in which they first appear.</summary>
    public IReadOnlyList<string> Stems => [.. Tracks.SelectMany(track => track.Scores.Stems).Select(stem => stem.Stem).Distinct()];

    /// <summary>One stem's scores in all tracks that have it.</summary>
    public IEnumerable<StemScores> Of(string stem) =>
        Tracks.SelectMany(track => track.Scores.Stems).Where(scores => scores.Stem == stem);
}

/// <summary>One track's scores, and pictures of its sound where a report shows them.</summary>
/// <param name="Scores">The scores.</param>
/// <param name="Pictures">A pair of pictures for each of the scores' stems; empty where none were asked for.</param>
internal sealed record JudgedTrack(TrackScores Scores, IReadOnlyList<StemPictures> Pictures);

/// <summary>The scores that reports show, each with its name and its reading from a stem.</summary>
/// <param name="Name">As in column heads.</param>
/// <param name="Key">As in CSV and JSON.</param>
/// <param name="Read">Its value over a track, in dB.</param>
internal sealed record ScoreColumn(string Name, string Key, Func<StemScores, double> Read)
{
    /// <summary>All of them, in the order of columns.</summary>
    internal static IReadOnlyList<ScoreColumn> All { get; } =
    [
        new("SDR", "sdr", scores => scores.Sdr),
        new("ISR", "isr", scores => scores.Isr),
        new("SIR", "sir", scores => scores.Sir),
        new("SAR", "sar", scores => scores.Sar),
        new("SI-SDR", "si_sdr", scores => scores.SiSdr),
        new("global SDR", "global_sdr", scores => scores.GlobalSdr),
        new("mixture", "mixture_sdr", scores => scores.MixtureSdr),
    ];
}
