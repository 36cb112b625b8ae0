using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Stemsharp.Audio;
using Stemsharp.Inference;

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
/// <param name="Engines">Which engine made how many pieces, in order.</param>
internal sealed record SeparationTally(long Segments, long Silent, float[] Peaks, IReadOnlyList<EngineShare> Engines);

/// <summary>
/// Separates one track of any length in constant memory: cuts it into overlapping pieces, runs each network of a bag
/// over all of them, blends what they give, and hands on finished stretches in order. How a track is cut and normalised is each
/// network's own matter. The same bits for any number of threads, and for any number of pieces at work at once.
/// </summary>
internal sealed class TrackSeparator
{
    private readonly Track _track;
    private readonly TrackStatistics _statistics;
    private readonly Bag _bag;
    private readonly SeparationSettings _settings;
    private readonly PassCut[] _cuts;
    private readonly int _channels;
    private readonly PeakMeter[] _peaks;
    private readonly List<EngineShare> _engines = [];
    private readonly int _started;
    private long _segments, _silent, _done;

    /// <param name="track">The track.</param>
    /// <param name="statistics">What a pass over it told.</param>
    /// <param name="bag">The networks and the wanted stems.</param>
    /// <param name="settings">How to cut and blend.</param>
    /// <param name="started">The stage before it, in the timeline; negative for none.</param>
    /// <exception cref="OptionException">The settings do not fit a network or the track.</exception>
    public TrackSeparator(Track track, TrackStatistics statistics, Bag bag, SeparationSettings settings, int started = -1)
    {
        _started = started;
        _track = track;
        _statistics = statistics;
        _bag = bag;
        _settings = settings;
        _channels = bag.Passes[0].Member.Definition.Channels;
        _peaks = [.. bag.Wanted.Select(_ => new PeakMeter())];
        _cuts = [.. bag.Passes.Select(pass => new PassCut(pass, track.Name, statistics.Length, settings))];
        Count = _cuts.Sum(cut => cut.Schedule().Count);
    }

    /// <summary>Pieces in all, over all passes.</summary>
    public long Count { get; }

    /// <summary>Runs it once.</summary>
    /// <param name="receive">Takes each finished stretch, which is valid until it returns.</param>
    /// <param name="report">Told after each piece.</param>
    /// <param name="cancellationToken">Stops within a piece.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public SeparationTally Run(
        Action<SeparatedBlock> receive, Action<SeparationStep> report, CancellationToken cancellationToken)
    {
        int planes = _bag.Slots * _channels;
        using StemSpool? spool = _bag.Passes.Count > 1
            ? new StemSpool(_settings.TemporaryFolder, planes, _statistics.Length)
            : null;
        for (int pass = 0; pass < _bag.Passes.Count; pass++)
        {
            Pass(pass, spool, receive, report, cancellationToken);
        }

        return new SeparationTally(_segments, _silent, [.. _peaks.Select(peak => peak.Peak)], _engines);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Pass(
        int number,
        StemSpool? spool,
        Action<SeparatedBlock> receive,
        Action<SeparationStep> report,
        CancellationToken cancellationToken)
    {
        BagPass pass = _bag.Passes[number];
        PassCut cut = _cuts[number];
        ChunkSchedule schedule = cut.Schedule();
        TrackLevel level = _statistics.Level(_settings.Normalization ?? cut.Definition.Cut.Normalization);
        PieceWeights weights = cut.Weights();
        using IAudioReader reader = _track.Open(cancellationToken);
        MixWindow mix = new(reader, _track.Name, _statistics.Length, 2L * cut.Samples + 16, cut.Mirrored);
        StemAccumulator[] sums = new StemAccumulator[pass.Stems.Length * _channels];
        for (int i = 0; i < sums.Length; i++)
        {
            sums[i] = new StemAccumulator(cut.Samples);
        }

        BlockAssembly assembly = new(_bag, number, _channels, spool, mix, sums, _settings.Timeline);
        IWorkers own = new ParallelWorkers(_settings.Threads);
        double share = 1.0 / cut.Runs;
        Timeline? timeline = _settings.Timeline;
        int read = -1, made = -1;
        using PieceQueue queue = new(
            pass, schedule.Count,
            (buffer, piece) =>
            {
                long began = Timeline.Now;
                Fill(buffer, mix, cut, piece, level);
                return timeline?.Add("fill", began, read) ?? -1;
            },
            timeline, cancellationToken);
        while (schedule.TryNext(out Chunk chunk))
        {
            cancellationToken.ThrowIfCancellationRequested();
            Piece piece = cut.PieceOf(chunk, schedule.NextStart);
            (long start, int shown) = cut.Shown(piece);
            long began = Timeline.Now;
            mix.ReadTo(start + shown);
            read = timeline?.Add("read", began, read < 0 ? _started : read) ?? -1;
            if (chunk.Start + chunk.Length <= 0 || IsSilent(mix, start, shown))
            {
                queue.AddSilent(piece);
            }
            else
            {
                if (!queue.IsLoaded)
                {
                    report(new SeparationStep(true, _done, Count, number));
                }

                while (!queue.TryRun(piece))
                {
                    Finish();
                }
            }

            while (queue.IsFull)
            {
                Finish();
            }
        }

        while (queue.Count > 0)
        {
            Finish();
        }

        void Finish()
        {
            (Piece piece, IPieceBuffer? buffer, int stage) = queue.Take(out IEngine? engine);
            long began = Timeline.Now;

            // A silent piece has no threads of the engine's, which may be at work.
            IWorkers workers = buffer is null && queue.IsBusy ? ParallelWorkers.Caller : buffer?.Workers ?? own;
            if (buffer is not null)
            {
                _segments++;
                EngineShare.Append(_engines, new EngineShare(engine!.Identity, engine.Description, _segments - 1, 1));
                Blend(buffer, workers, pass, cut, piece, level, weights.Of(piece.Chunk.Index, schedule.LastIndex), share, sums);
                buffer.Dispose();
            }
            else
            {
                _silent++;
                SeparationTelemetry.SkippedSegment();
            }

            made = timeline?.Add("blend", began, stage, made) ?? -1;
            assembly.Emit(Math.Clamp(piece.Final, 0, _statistics.Length), workers, ref made, receive, _peaks);
            mix.DiscardBefore(piece.Final - cut.LongestWindow / 2 - 1);
            _done++;
            report(new SeparationStep(false, _done, Count, number));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool IsSilent(MixWindow mix, long start, int length)
    {
        // In blocks, so that music is told from silence at its first sounding sample.
        Span<float> samples = stackalloc float[1024];
        for (int c = 0; c < mix.Channels; c++)
        {
            for (int from = 0; from < length; from += samples.Length)
            {
                Span<float> part = samples[..Math.Min(samples.Length, length - from)];
                mix.CopyTo(c, start + from, part);
                if (part.ContainsAnyExcept(0f))
                {
                    return false;
                }
            }
        }

        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Fill(IPieceBuffer buffer, MixWindow mix, PassCut cut, Piece piece, TrackLevel level)
    {
        float mean = (float)level.Mean, factor = (float)(1 / level.Scale);
        (long start, int shown) = cut.Shown(piece);
        for (int c = 0; c < _channels; c++)
        {
            Span<float> input = buffer.Input(c);
            mix.CopyTo(c, start, input[..shown]);
            Span<float> inside = Inside(input, start, shown, cut.Mirrored);
            TensorPrimitives.Subtract(inside, mean, inside);
            TensorPrimitives.Multiply(inside, factor, inside);
            cut.FillRest(input, shown, piece.Window);
        }
    }

    /// <summary>The part of a window that lies within the track and its border: the normalised track is what is padded with zeros.</summary>
    private Span<float> Inside(Span<float> input, long start, int length, int border)
    {
        int from = (int)Math.Clamp(-border - start, 0, length);
        int to = (int)Math.Clamp(_statistics.Length + border - start, from, length);
        return input[from..to];
    }

    private void Blend(
        IPieceBuffer buffer, IWorkers workers, BagPass pass, PassCut cut, Piece piece, TrackLevel level, float[] weights, double share, StemAccumulator[] sums)
    {
        int trim = cut.TrimOf(piece);
        Chunk chunk = piece.Chunk;
        float scale = (float)level.Scale, mean = (float)level.Mean;
        workers.For(sums.Length, i =>
        {
            (int stem, int channel) = Math.DivRem(i, _channels);
            Span<float> samples = buffer.Output(pass.Stems[stem], channel).Slice(trim, chunk.Length);
            sums[i].Add(chunk.Start, samples, scale, mean, weights, (float)(pass.Shares[stem] * share));
        });
    }
}
