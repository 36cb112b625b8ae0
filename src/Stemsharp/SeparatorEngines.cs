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
    private IReadOnlyList<BagMember>? _members;
    private HTDemucsConfig[] _configs = [];
    private (int Member, Checkpoint Checkpoint)? _open;
    private (int Member, int Samples, SegmentRunner Runner)? _loaded;

    public SeparatorEngines(ModelSource source, SeparatorOptions options, ILogger logger)
    {
        _source = source;
        _options = options;
        _logger = logger;
        _threads = options.Threads == 0 ? Environment.ProcessorCount : options.Threads;
    }

    /// <summary>The networks, their configurations read at the first call.</summary>
    /// <exception cref="ModelException">A checkpoint cannot be read, or the networks do not fit each other.</exception>
    public IReadOnlyList<BagMember> Members => _members ??= Describe();

    public void Dispose()
    {
        _loaded?.Runner.Dispose();
        _loaded = null;
        _open?.Checkpoint.Dispose();
        _open = null;
    }

    private BagMember[] Describe()
    {
        HTDemucsConfig[] configs = [.. _source.Members.Select((_, i) => HTDemucsConfigReader.Read(Open(i)))];
        for (int i = 1; i < configs.Length; i++)
        {
            if (!configs[i].Sources.SequenceEqual(configs[0].Sources)
                || configs[i].Samplerate != configs[0].Samplerate
                || configs[i].AudioChannels != configs[0].AudioChannels)
            {
                throw new ModelException(
                    $"The networks of '{_source.Name}' do not fit each other: {_source.Members[0].Signature} has "
                    + $"{string.Join(", ", configs[0].Sources)} at {configs[0].Samplerate} Hz, {_source.Members[i].Signature} has "
                    + $"{string.Join(", ", configs[i].Sources)} at {configs[i].Samplerate} Hz. Correct the list of its networks.");
            }
        }

        _configs = configs;
        return [.. configs.Select((config, i) => new BagMember(
            new NetworkTraits(
                config.Samplerate, config.AudioChannels, config.SegmentSamples, config.UseTrainSegment, config.Nfft),
            _source.Members[i].Weights,
            samples => Load(i, samples)))];
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
        EngineRequest request = new(_source.Name, _source.Members[member], Open(member), _configs[member], samples, _threads);
        ISegmentEngine engine = (_options.EngineFactory ?? DefaultEngine)(request);
        SegmentRunner runner;
        try
        {
            runner = new SegmentRunner(engine, _configs[member].Nfft, WorkersOf(engine));
        }
        catch
        {
            engine.Dispose();
            throw;
        }

        // Weights are in the engine now.
        _open?.Checkpoint.Dispose();
        _open = null;
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

    private Checkpoint Open(int member)
    {
        if (_open is { } open && open.Member == member)
        {
            return open.Checkpoint;
        }

        _open?.Checkpoint.Dispose();
        _open = null;
        Checkpoint checkpoint = _source.Members[member].Open();
        _open = (member, checkpoint);
        return checkpoint;
    }
}
