using System.Numerics.Tensors;
using Stemsharp.Audio;

namespace Stemsharp.Separation;

/// <summary>A track at the network's rate and channels that can be read from its start more than once.</summary>
/// <param name="Name">What messages call it.</param>
/// <param name="Open">Opens it at its start.</param>
internal sealed record Track(string Name, Func<CancellationToken, IAudioReader> Open);

/// <summary>How far a separation is.</summary>
/// <param name="Loading">Whether a network is being made ready, before the next piece.</param>
/// <param name="Done">Pieces done, all passes included.</param>
/// <param name="Count">Pieces in all.</param>
/// <param name="Pass">Which network is at work.</param>
internal readonly record struct SeparationStep(bool Loading, long Done, long Count, int Pass);

/// <summary>What a separation did.</summary>
/// <param name="Segments">Runs of the network.</param>
/// <param name="Silent">Pieces of digital silence, which need none.</param>
/// <param name="Peaks">Largest absolute sample of each wanted stem.</param>
/// <param name="Engine">The last engine's description.</param>
internal sealed record SeparationTally(long Segments, long Silent, float[] Peaks, string Engine);

/// <summary>
/// Separates one track of any length in constant memory: cuts it into overlapping pieces, runs each network of a bag
/// over all of them, blends what they give, and hands on finished stretches in order. The same bits for any
/// number of threads, and for any number of pieces at work at once.
/// </summary>
internal sealed class TrackSeparator
{
    private readonly Track _track;
    private readonly TrackStatistics _statistics;
    private readonly Bag _bag;
    private readonly SeparationSettings _settings;
    private readonly ChunkSchedule[] _schedules;
    private readonly int _channels;
    private readonly PeakMeter[] _peaks;
    private long _segments, _silent, _done;
    private string _engine = "";

    /// <param name="track">The track.</param>
    /// <param name="statistics">What a pass over it told.</param>
    /// <param name="bag">The networks and the wanted stems.</param>
    /// <param name="settings">How to cut and blend.</param>
    /// <exception cref="OptionException">The settings do not fit a network or the track.</exception>
    public TrackSeparator(Track track, TrackStatistics statistics, Bag bag, SeparationSettings settings)
    {
        _track = track;
        _statistics = settings.Normalize ? statistics : TrackStatistics.Neutral(statistics.Length);
        _bag = bag;
        _settings = settings;
        _channels = bag.Passes[0].Member.Traits.Channels;
        _peaks = [.. bag.Wanted.Select(_ => new PeakMeter())];
        _schedules = [.. bag.Passes.Select(Schedule)];
        Count = _schedules.Sum(schedule => schedule.Count);
    }

    /// <summary>Pieces in all, over all passes.</summary>
    public long Count { get; }

    /// <summary>Runs it once.</summary>
    /// <param name="receive">Takes each finished stretch, which is valid until it returns.</param>
    /// <param name="report">Told after each piece.</param>
    /// <param name="cancellationToken">Stops within a piece.</param>
    public SeparationTally Run(
        Action<SeparatedBlock> receive, Action<SeparationStep> report, CancellationToken cancellationToken)
    {
        int planes = _bag.Wanted.Count * _channels;
        using StemSpool? spool = _bag.Passes.Count > 1
            ? new StemSpool(_settings.TemporaryFolder, planes, _statistics.Length)
            : null;
        for (int pass = 0; pass < _bag.Passes.Count; pass++)
        {
            Pass(pass, spool, receive, report, cancellationToken);
        }

        return new SeparationTally(_segments, _silent, [.. _peaks.Select(peak => peak.Peak)], _engine);
    }

    private void Pass(
        int number,
        StemSpool? spool,
        Action<SeparatedBlock> receive,
        Action<SeparationStep> report,
        CancellationToken cancellationToken)
    {
        BagPass pass = _bag.Passes[number];
        NetworkTraits traits = pass.Member.Traits;
        ChunkSchedule schedule = _schedules[number];
        int segment = SegmentOf(traits);
        TransitionWeights weights = new(segment, StrideOf(segment), _settings.TransitionPower);
        using IAudioReader reader = _track.Open(cancellationToken);
        MixWindow mix = new(reader, _track.Name, _statistics.Length, 2L * segment + 16);
        StemAccumulator[] sums = new StemAccumulator[pass.Stems.Length * _channels];
        for (int i = 0; i < sums.Length; i++)
        {
            sums[i] = new StemAccumulator(segment);
        }

        BlockAssembly assembly = new(_bag, number, _channels, spool, mix, sums);
        double share = 1.0 / OffsetsOf(pass).Count;
        using PieceQueue queue = new(pass, schedule.Count, cancellationToken);
        while (schedule.TryNext(out Chunk chunk))
        {
            cancellationToken.ThrowIfCancellationRequested();

            // A network that does not lengthen its input sees the last, shorter piece as it is.
            bool own = !traits.PadsToTraining && _settings.SegmentSamples is null;
            int window = own ? chunk.Length : segment;
            long windowStart = chunk.WindowStart(window);
            mix.ReadTo(windowStart + window);
            Piece piece = new(chunk, window, schedule.NextStart);
            if (chunk.Start + chunk.Length <= 0 || IsSilent(mix, windowStart, window))
            {
                queue.AddSilent(piece);
            }
            else
            {
                if (!queue.IsLoaded)
                {
                    report(new SeparationStep(true, _done, Count, number));
                }

                int samples = traits.PadsToTraining ? traits.TrainingSamples : window;
                SegmentRunner? runner;
                while ((runner = queue.Claim(samples)) is null)
                {
                    Finish(queue.Take());
                }

                Fill(runner, mix, windowStart, window);
                queue.Run(piece, runner);
            }

            while (queue.IsFull)
            {
                Finish(queue.Take());
            }
        }

        while (queue.Count > 0)
        {
            Finish(queue.Take());
        }

        void Finish((Piece Piece, SegmentRunner? Runner) done)
        {
            Piece piece = done.Piece;
            if (done.Runner is { } runner)
            {
                _segments++;
                _engine = queue.Engine;
                Blend(runner, pass, piece.Chunk, piece.Window, weights.Of(piece.Chunk.Index), share, sums);
                queue.Return(runner);
            }
            else
            {
                _silent++;
                SeparationTelemetry.SilentSegments.Add(1);
            }

            assembly.Emit(piece.Final, receive, _peaks);
            mix.DiscardBefore(piece.Final - segment / 2 - 1);
            _done++;
            report(new SeparationStep(false, _done, Count, number));
        }
    }

    private static bool IsSilent(MixWindow mix, long start, int window)
    {
        // In blocks, so that music is told from silence at its first sounding sample.
        Span<float> samples = stackalloc float[1024];
        for (int c = 0; c < mix.Channels; c++)
        {
            for (int from = 0; from < window; from += samples.Length)
            {
                Span<float> part = samples[..Math.Min(samples.Length, window - from)];
                mix.CopyTo(c, start + from, part);
                if (part.ContainsAnyExcept(0f))
                {
                    return false;
                }
            }
        }

        return true;
    }

    private void Fill(SegmentRunner runner, MixWindow mix, long start, int window)
    {
        float mean = (float)_statistics.Mean, factor = (float)(1 / _statistics.Scale);
        for (int c = 0; c < _channels; c++)
        {
            Span<float> input = runner.Input(c);
            mix.CopyTo(c, start, input[..window]);
            Span<float> inside = Inside(input, start, window);
            TensorPrimitives.Subtract(inside, mean, inside);
            TensorPrimitives.Multiply(inside, factor, inside);
            input[window..].Clear();
        }
    }

    /// <summary>The part of a window that lies within the track: the normalised track is what is padded with zeros.</summary>
    private Span<float> Inside(Span<float> input, long start, int window)
    {
        int from = (int)Math.Clamp(-start, 0, window);
        int to = (int)Math.Clamp(_statistics.Length - start, from, window);
        return input[from..to];
    }

    private void Blend(
        SegmentRunner runner, BagPass pass, Chunk chunk, int window, float[] weights, double share, StemAccumulator[] sums)
    {
        int trim = (window - chunk.Length) / 2;
        float scale = (float)_statistics.Scale, mean = (float)_statistics.Mean;
        runner.Workers.For(sums.Length, i =>
        {
            (int stem, int channel) = Math.DivRem(i, _channels);
            Span<float> piece = runner.Output(pass.Stems[stem], channel).Slice(trim, chunk.Length);
            sums[i].Add(chunk.Start, piece, scale, mean, weights, (float)(pass.Shares[stem] * share));
        });
    }

    private ChunkSchedule Schedule(BagPass pass)
    {
        NetworkTraits traits = pass.Member.Traits;
        int segment = SegmentOf(traits);
        IReadOnlyList<int> offsets = OffsetsOf(pass);
        long longest = _statistics.Length + MaximumShift(traits) - offsets.Min();
        if (!_settings.Split && longest > segment)
        {
            throw new OptionException(
                $"'{_track.Name}' has {longest} samples{(longest > _statistics.Length ? " with its shift" : "")}, "
                + $"but without splitting the model takes at most {segment} ({(double)segment / traits.SampleRate:0.##} s). "
                + "Let it be split into segments, or take a shorter part.");
        }

        return new ChunkSchedule(_statistics.Length, segment, StrideOf(segment), offsets, MaximumShift(traits));
    }

    private int SegmentOf(NetworkTraits traits)
    {
        int segment = _settings.SegmentSamples ?? traits.TrainingSamples;
        if (segment > traits.TrainingSamples || segment < Math.Min(traits.Nfft, traits.TrainingSamples))
        {
            double rate = traits.SampleRate;
            throw new OptionException(
                $"A segment of {segment / rate:0.####} s is not possible with this model: {traits.Nfft / rate:0.##} s to "
                + $"{traits.TrainingSamples / rate:0.####} s, the length it was trained on, are valid.");
        }

        return segment;
    }

    private int? StrideOf(int segment) => _settings.Split ? Math.Max(1, (int)((1 - _settings.Overlap) * segment)) : null;

    private IReadOnlyList<int> OffsetsOf(BagPass pass) =>
        _settings.Offsets?.Invoke(pass.Index) ?? [MaximumShift(pass.Member.Traits)];

    private static int MaximumShift(NetworkTraits traits) => traits.SampleRate / 2;
}
