using Stemsharp.Evaluation;

namespace Stemsharp.Cli.Evaluation;

/// <summary>Judges a data set track by track; a track that fails does not stop the others.</summary>
/// <param name="estimates">Where separated stems come from.</param>
/// <param name="options">Frames and filters.</param>
/// <param name="pictures">Whether pictures of the sound are made.</param>
/// <param name="progress">Gets a line for each track.</param>
internal sealed class EvaluationRunner(IEstimates estimates, EvaluationOptions options, bool pictures, Action<string> progress)
{
    /// <summary>Runs over all tracks.</summary>
    /// <param name="references">What the folder of references is called.</param>
    /// <param name="tracks">Its tracks.</param>
    /// <param name="cancellationToken">Stops within a track.</param>
    internal async Task<EvaluationRun> RunAsync(string references, IReadOnlyList<TrackFolder> tracks, CancellationToken cancellationToken)
    {
        List<JudgedTrack> judged = [];
        List<(string, Exception)> failures = [];
        for (int i = 0; i < tracks.Count; i++)
        {
            TrackFolder track = tracks[i];
            try
            {
                JudgedTrack result = await JudgeAsync(track, cancellationToken).ConfigureAwait(false);
                judged.Add(result);
                string scores = string.Join(", ", result.Scores.Stems.Select(stem => $"{stem.Stem} {ScoreText.Decibels(stem.Sdr)}"));
                progress($"{i + 1}/{tracks.Count} {track.Name}: SDR {scores}");
            }
            catch (Exception error) when (error is StemsharpException or IOException or UnauthorizedAccessException)
            {
                failures.Add((track.Name, error));
                progress($"{i + 1}/{tracks.Count} {track.Name}: {error.Message}");
            }
        }

        return new EvaluationRun
        {
            References = references,
            Estimates = estimates.Name,
            Options = options,
            Tracks = judged,
            Failures = failures,
        };
    }

    private async Task<JudgedTrack> JudgeAsync(TrackFolder track, CancellationToken cancellationToken)
    {
        IReadOnlyDictionary<string, string> found = await estimates.StemsOfAsync(track, cancellationToken).ConfigureAwait(false);
        StemPair[] pairs = [.. track.Stems.Where(stem => found.ContainsKey(stem.Key)).Select(stem => new StemPair(
            stem.Key, EvaluationSignal.FromFile(stem.Value), EvaluationSignal.FromFile(found[stem.Key])))];
        if (pairs.Length == 0)
        {
            throw new AudioException($"{track.Name} has the stems {string.Join(", ", track.Stems.Keys)}, but the estimates have {string.Join(", ", found.Keys)}; at least one name must be the same.");
        }

        EvaluationSignal? mixture = track.Mixture is null ? null : EvaluationSignal.FromFile(track.Mixture);
        TrackScores scores = TrackEvaluator.Evaluate(track.Name, pairs, mixture, options, cancellationToken);
        StemPictures[] drawn = pictures
            ? [.. pairs.Select(pair => StemPictures.Draw(pair, scores.Length, cancellationToken))]
            : [];
        return new JudgedTrack(scores, drawn);
    }
}
