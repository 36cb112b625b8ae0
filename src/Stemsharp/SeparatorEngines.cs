using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Stemsharp.Checkpoints;
using Stemsharp.Cpu;
using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.Separation;
using Stemsharp.Simd;

namespace Stemsharp;

/// <summary>
/// The networks of a separator's model. One at a time is in memory: asking for another one frees it, and asking for
/// the same one again, as song after song does, costs nothing. On many threads several runners share its weights.
/// </summary>
internal sealed class SeparatorEngines : IDisposable
{
    private readonly ModelSource _source;
    private readonly SeparatorOptions _options;
    private readonly ILogger _logger;
    private readonly int _threads;
    private Loaded? _loaded;

    public SeparatorEngines(ModelSource source, SeparatorOptions options, ILogger logger)
    {
        _source = source;
        _options = options;
        _logger = logger;
        _threads = options.Threads == 0 ? Environment.ProcessorCount : options.Threads;
        Members = [.. Enumerable.Range(0, source.Members.Count).Select(Describe)];
    }

    /// <summary>The networks; each is loaded when its runner is asked for.</summary>
    public IReadOnlyList<BagMember> Members { get; }

    /// <summary>Most segments that may run at once, whatever the options say: for a limit of memory.</summary>
    public int MostAtOnce { get; set; } = int.MaxValue;

    /// <summary>
    /// How many segments of a long song run at once, and the memory that each beyond the first takes. Known once a
    /// network has been loaded; one before.
    /// </summary>
    public (int Segments, long BytesEach) AtOnce { get; private set; } = (1, 0);

    public void Dispose()
    {
        _loaded?.Dispose();
        _loaded = null;
    }

    private BagMember Describe(int member)
    {
        HTDemucsConfig config = _source.Members[member].Config;
        return new BagMember(
            new NetworkTraits(
                config.Samplerate, config.AudioChannels, config.SegmentSamples, config.UseTrainSegment, config.Nfft),
            _source.Members[member].Weights,
            (samples, count) => Load(member, samples, count));
    }

    private IReadOnlyList<SegmentRunner> Load(int member, int samples, long count)
    {
        if (_loaded is { } loaded)
        {
            if (loaded.Member == member && loaded.Samples == samples && loaded.Serves(count, MostAtOnce))
            {
                return loaded.Runners;
            }

            Dispose();
            GiveBack();
        }

        using Activity? activity = SeparationTelemetry.Source.StartActivity("load");
        long began = Stopwatch.GetTimestamp();
        IReadOnlyList<ISegmentEngine> engines;
        int atOnce = 1;
        using (Checkpoint checkpoint = _source.Members[member].Open())
        {
            EngineRequest request = new(_source.Name, _source.Members[member], checkpoint, samples, _threads);
            engines = _options.EngineFactory is { } factory ? [factory(request)] : OwnEngines(request, count, out atOnce);
        }

        GiveBack();
        List<SegmentRunner> runners = [];
        try
        {
            foreach (ISegmentEngine engine in engines)
            {
                runners.Add(new SegmentRunner(engine, _source.Members[member].Config.Nfft, WorkersOf(engine)));
            }
        }
        catch
        {
            foreach (ISegmentEngine engine in engines.Reverse())
            {
                engine.Dispose();
            }

            throw;
        }

        long bytes = engines is IReadOnlyList<CpuEngine> own ? own[0].Plan.WeightBytes + own.Sum(e => e.SessionBytes) : 0;
        _loaded = new Loaded(member, samples, atOnce, runners, bytes);
        TimeSpan elapsed = Stopwatch.GetElapsedTime(began);
        string signature = _source.Members[member].Signature, description = SegmentRunner.Describe(runners);
        activity?.SetTag("stemsharp.network", signature).SetTag("stemsharp.engine", description).SetTag("stemsharp.memory", bytes);
        SeparationTelemetry.LoadDuration.Record(elapsed.TotalSeconds, SeparationTelemetry.Engine(description));
        SeparationTelemetry.NetworkMemory.Add(bytes);
        SeparatorLog.Loaded(_logger, signature, description, elapsed.TotalSeconds);
        if (bytes > 0)
        {
            SeparatorLog.Memory(_logger, signature, bytes / 1e6);
        }

        return runners;
    }

    /// <summary>
    /// Gives back what loading a network, or the last pass over the track, left behind: little for the collector to notice, next
    /// to what lies outside its heap, but it would stay for as long as the song takes.
    /// </summary>
    private static void GiveBack()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        NativeHeap.Trim();
    }

    /// <summary>No more engines than there are segments: a short song gets all threads for each of its segments.</summary>
    private IReadOnlyList<CpuEngine> OwnEngines(EngineRequest request, long count, out int atOnce)
    {
        (Graph.Graph graph, Graph.IWeightSource weights) = request.Bind();
        int groups = _options.ParallelSegments;
        IReadOnlyList<CpuEngine> engines = CpuEngine.CreateGroup(graph, weights, request.Threads, plan =>
        {
            if (groups == 0)
            {
                groups = LoadBalance.Groups(plan, request.Threads, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4);
            }

            groups = Math.Min(groups, Math.Min(request.Threads, MostAtOnce));
            return (int)Math.Min(groups, count);
        });
        atOnce = groups;
        AtOnce = (groups, engines[0].SessionBytes + 2L * request.Shape.WaveformsLength * sizeof(float));
        return engines;
    }

    /// <summary>An engine's own threads where it lends them, so that there are not twice as many as asked for.</summary>
    private IWorkers WorkersOf(ISegmentEngine engine) => engine switch
    {
        CpuEngine cpu => cpu.Workers,
        IWorkers workers => workers,
        _ => new ParallelWorkers(_threads),
    };

    /// <summary>A network in memory.</summary>
    /// <param name="Member">Which one.</param>
    /// <param name="Samples">Samples of a segment.</param>
    /// <param name="AtOnce">How many segments should run at once where there are enough.</param>
    /// <param name="Runners">Those that share it.</param>
    /// <param name="Bytes">Memory that they take, as far as it is known.</param>
    private sealed record Loaded(int Member, int Samples, int AtOnce, IReadOnlyList<SegmentRunner> Runners, long Bytes) : IDisposable
    {
        /// <summary>Whether it would be loaded like this for so many segments.</summary>
        public bool Serves(long count, int most) => Runners.Count == Math.Min(Math.Min(AtOnce, most), count);

        public void Dispose()
        {
            // The first one owns the weights that all of them use.
            foreach (SegmentRunner runner in Runners.Reverse())
            {
                runner.Dispose();
            }

            SeparationTelemetry.NetworkMemory.Add(-Bytes);
        }
    }
}
