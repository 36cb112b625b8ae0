using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Stemsharp.Checkpoints;
using Stemsharp.Cpu;
using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.Separation;

namespace Stemsharp;

/// <summary>
/// The networks of a separator's model. One at a time is in memory: asking for another one frees it, and asking for
/// the same one again, as song after song does, costs nothing.
/// </summary>
internal sealed class SeparatorEngines : IDisposable
{
    private readonly ModelSource _source;
    private readonly SeparatorOptions _options;
    private readonly ILogger _logger;
    private readonly int _threads;
    private (int Member, int Samples, SegmentRunner Runner)? _loaded;

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

    public void Dispose()
    {
        _loaded?.Runner.Dispose();
        _loaded = null;
    }

    private BagMember Describe(int member)
    {
        HTDemucsConfig config = _source.Members[member].Config;
        return new BagMember(
            new NetworkTraits(
                config.Samplerate, config.AudioChannels, config.SegmentSamples, config.UseTrainSegment, config.Nfft),
            _source.Members[member].Weights,
            samples => Load(member, samples));
    }

    private SegmentRunner Load(int member, int samples)
    {
        if (_loaded is { } loaded)
        {
            if (loaded.Member == member && loaded.Samples == samples)
            {
                return loaded.Runner;
            }

            loaded.Runner.Dispose();
            _loaded = null;
        }

        using Activity? activity = SeparationTelemetry.Source.StartActivity("load");
        long began = Stopwatch.GetTimestamp();
        ISegmentEngine engine;
        using (Checkpoint checkpoint = _source.Members[member].Open())
        {
            engine = (_options.EngineFactory ?? DefaultEngine)(
                new EngineRequest(_source.Name, _source.Members[member], checkpoint, samples, _threads));
        }

        SegmentRunner runner;
        try
        {
            runner = new SegmentRunner(engine, _source.Members[member].Config.Nfft, WorkersOf(engine));
        }
        catch
        {
            engine.Dispose();
            throw;
        }

        _loaded = (member, samples, runner);
        TimeSpan elapsed = Stopwatch.GetElapsedTime(began);
        SeparationTelemetry.LoadDuration.Record(elapsed.TotalSeconds);
        SeparatorLog.Loaded(_logger, _source.Members[member].Signature, engine.Description, elapsed.TotalSeconds);
        return runner;
    }

    private static CpuEngine DefaultEngine(EngineRequest request)
    {
        (Graph.Graph graph, Graph.IWeightSource weights) = request.Bind();
        return new CpuEngine(graph, weights, request.Threads);
    }

    /// <summary>An engine's own threads where it lends them, so that there are not twice as many as asked for.</summary>
    private IWorkers WorkersOf(ISegmentEngine engine) => engine switch
    {
        CpuEngine cpu => cpu.Workers,
        IWorkers workers => workers,
        _ => new ParallelWorkers(_threads),
    };
}
