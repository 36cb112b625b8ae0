namespace Stemsharp.Evaluation;

/// <summary>Judges the separated stems of one track against the true ones.</summary>
public static class TrackEvaluator
{
    /// <summary>
    /// Reads the track twice, block by block: first for the ratios over the whole track and the distortion
    /// filters, then frame by frame. SDR, ISR, SIR and SAR are BSS eval version 4 as museval computes it: one
    /// set of filters for the track; frames in which any stem's reference or estimate is silent have no scores;
    /// a rest shorter than a frame is left out, unless it is all there is. Where museval refuses a track because
    /// a stem is silent throughout, that stem alone goes without scores here.
    /// </summary>
    /// <param name="track">Its name.</param>
    /// <param name="stems">What to judge, at least one; the interference is that of these stems.</param>
    /// <param name="mixture">The mixture, for <see cref="StemScores.MixtureSdr"/>; may be absent.</param>
    /// <param name="options">Frames and filters; null for museval's.</param>
    /// <param name="cancellationToken">Stops between blocks.</param>
    /// <exception cref="AudioException">Something can't be read, or rates or channels differ.</exception>
    /// <exception cref="OptionException">There are no stems, or an option is out of range.</exception>
    public static TrackScores Evaluate(
        string track,
        IReadOnlyList<StemPair> stems,
        EvaluationSignal? mixture = null,
        EvaluationOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stems);
        options ??= new EvaluationOptions();
        options.Validate();
        if (stems.Count == 0)
        {
            throw new OptionException($"{track} has no stems to evaluate; pass at least one pair of reference and estimate.");
        }

        List<EvaluationSignal> signals = [.. stems.Select(pair => pair.Reference), .. stems.Select(pair => pair.Estimate)];
        WholeTrack whole = WholeTrack.Read(mixture is null ? signals : [.. signals, mixture], stems.Count, options, cancellationToken);
        int[] audible = [.. Enumerable.Range(0, stems.Count).Where(stem => whole.IsAudible(stem))];
        List<FrameScores>[] frames = [.. stems.Select(_ => new List<FrameScores>())];
        if (audible.Length > 0)
        {
            List<EvaluationSignal> kept = [.. audible.Select(stem => signals[stem]), .. audible.Select(stem => signals[stems.Count + stem])];
            FrameDecomposition? decomposition = options.Decompose ? whole.Decompose(audible) : null;
            using FrameScorer scorer = new(kept, audible.Length, decomposition, options, cancellationToken);
            while (scorer.Next() is { } scores)
            {
                for (int i = 0; i < audible.Length; i++)
                {
                    frames[audible[i]].Add(scores[i]);
                }
            }
        }

        return new TrackScores
        {
            Track = track,
            SampleRate = whole.SampleRate,
            Length = whole.Length,
            Stems = [.. stems.Select((pair, stem) => new StemScores
            {
                Stem = pair.Stem,
                GlobalSdr = whole.GlobalSdr(stem),
                SiSdr = whole.SiSdr(stem),
                MixtureSdr = whole.MixtureSdr(stem),
                Frames = frames[stem],
            })],
        };
    }
}
