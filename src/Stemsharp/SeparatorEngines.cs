using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Stemsharp.Inference;
using Stemsharp.Separation;
using Stemsharp.Simd;

namespace Stemsharp;

/// <summary>
/// The engines of a separator's model. One network at a time is in memory: asking for another one frees it, and asking for
/// the same one again, as song after song does, costs nothing.
/// </summary>
internal sealed class SeparatorEngines : IDisposable
{
    private readonly ModelSource _source;
    private readonly SeparatorOptions _options;
    private readonly ILogger _logger;
    private readonly HashSet<Backend> _failed = [];
    private Loaded? _loaded;
    private int _mostAtOnce = int.MaxValue;
    private string? _told;

    public SeparatorEngines(ModelSource source, SeparatorOptions options, ILogger logger)
    {
        _source = source;
        _options = options;
        _logger = logger;
        Threads = options.Threads == 0 ? Environment.ProcessorCount : options.Threads;
        Members = [.. source.Members.Select((member, i) => new BagMember(member.Definition, member.Weights, new MemberEngines(this, i)))];
    }

    /// <summary>The networks; each is loaded when its engine is asked for.</summary>
    public IReadOnlyList<BagMember> Members { get; }

    /// <summary>Threads to compute with.</summary>
    public int Threads { get; }

    /// <summary>Most segments that may run at once, whatever the options say: for a limit of memory.</summary>
    public int MostAtOnce
    {
        get => _mostAtOnce;
        set
        {
            if (value != _mostAtOnce)
            {
                _mostAtOnce = value;
                Unload();
            }
        }
    }

    /// <summary>
    /// How many segments of a long song run at once, the memory of the host that each beyond the first takes, and that of a device which
    /// all of them take together; 0 where it has none of its own.
    /// </summary>
    public (int Segments, long BytesEach, long DeviceBytes) AtOnce
    {
        get
        {
            Network network = _source.Members[_loaded?.Member ?? 0].Network;
            (Backend backend, EngineSettings settings) = BackendChoice.Of(_options, network, Settings(), out _)[0];
            int samples = network.Definition.Cut.NetworkSamples(network.Definition.Cut.Samples);
            int segments = backend.PiecesAtOnce(network, settings, samples);
            EngineMemory memory = backend.Estimate(network, settings, samples);
            return (segments, memory.HostPerPiece, memory.Device + (segments - 1) * memory.DevicePerPiece);
        }
    }

    /// <summary>Refuses what could not be run, before anything is read.</summary>
    /// <exception cref="EngineException">No engine takes one of the networks.</exception>
    public void Check()
    {
        foreach (ModelMember member in _source.Members)
        {
            BackendChoice.Of(_options, member.Network, Settings(), out _);
        }
    }

    public void Dispose() => Unload();

    /// <summary>Frees the network that is in memory, before another separator loads one.</summary>
    public void Free()
    {
        if (_loaded is not null)
        {
            Unload();
            GiveBack();
        }
    }

    private EngineSettings Settings() => new()
    {
        Threads = Threads,
        Device = _options.Device,
        Precision = _options.Precision,
        PiecesAtOnce = _options.ParallelSegments,
        MostPiecesAtOnce = _mostAtOnce,
        Say = Say,
        Logger = _logger,
    };

    private IEngine Load(int member, int samples, long pieces)
    {
        if (_loaded is { } loaded)
        {
            if (loaded.Member == member)
            {
                return loaded.Engine;
            }

            Unload();
            GiveBack();
        }

        Network network = _source.Members[member].Network;
        IReadOnlyList<(Backend Backend, EngineSettings Settings)> found = BackendChoice.Of(_options, network, Settings(), out string reason);

        // What failed for one network of a bag, or for an earlier song, is not tried again while another engine goes on.
        Queue<(Backend Backend, EngineSettings Settings)> choices = new(found.Where(choice => !_failed.Contains(choice.Backend)));
        if (choices.Count == 0)
        {
            choices = new(found);
        }

        if (_options.Engine == Engines.Auto)
        {
            TellChoice(choices.Peek().Backend.Name, reason);
        }
        else if (reason.Length > 0 && choices.Peek().Backend.Name != _options.Engine)
        {
            Say($"{reason} Going on with {choices.Peek().Backend.Name}.");
        }

        return Load(member, samples, pieces, choices);
    }

    // The first that opens; a failure goes on to the next where there is one.
    private IEngine Load(int member, int samples, long pieces, Queue<(Backend Backend, EngineSettings Settings)> choices)
    {
        Network network = _source.Members[member].Network;
        while (true)
        {
            (Backend Backend, EngineSettings Settings) choice = choices.Dequeue();
            using Activity? activity = SeparationTelemetry.Start("load");
            long began = Stopwatch.GetTimestamp();
            IEngine engine;
            try
            {
                engine = choice.Backend.Open(network, choice.Settings);
                try
                {
                    // The network is read now, and not while the first piece is at work.
                    engine.Prepare(samples, pieces);
                }
                catch
                {
                    engine.Dispose();
                    throw;
                }
            }
            catch (ExternalToolException failure) when (choices.Count > 0)
            {
                _failed.Add(choice.Backend);
                Say($"{failure.Message} Going on with {choices.Peek().Backend.Name}.");
                continue;
            }

            if (engine.Identity.Precision != choice.Settings.Precision)
            {
                string why = choice.Backend.WhyMorePrecise(network, choice.Settings) is { } reason ? $": {reason}" : "";
                Say($"{choice.Backend.Name} runs in {Spelled(engine.Identity.Precision)} precision and not in {Spelled(choice.Settings.Precision)}{why}.");
            }

            GiveBack();
            _loaded = new Loaded(member, engine, choice, choices);
            TimeSpan elapsed = Stopwatch.GetElapsedTime(began);
            string description = engine.Description;
            activity?.SetTag("stemsharp.network", network.Signature).SetTag("stemsharp.engine", description).SetTag("stemsharp.memory", engine.HostBytes);
            SeparationTelemetry.Loaded(elapsed.TotalSeconds, _loaded.Bytes, network.Signature, description);
            SeparatorLog.Loaded(_logger, network.Signature, description, elapsed.TotalSeconds);
            if (_loaded.Bytes > 0)
            {
                SeparatorLog.Memory(_logger, network.Signature, _loaded.Bytes / 1e6);
            }

            return engine;
        }
    }

    // An engine whose device was lost is of no use any more, but the device may be there again.
    private IEngine Retry(EngineException failure, int samples, long pieces)
    {
        Loaded loaded = _loaded!;
        Say($"{failure.Message} Trying once more.");
        if (failure.Failure != EngineFailure.DeviceLost)
        {
            return loaded.Engine;
        }

        Unload();
        return Load(loaded.Member, samples, pieces, new([loaded.Choice, .. loaded.Others]));
    }

    private IEngine? Replace(EngineException failure, int samples, long pieces)
    {
        if (_loaded is not { Others: { Count: > 0 } others, Member: int member })
        {
            return null;
        }

        Say($"{failure.Message} Going on with {others.Peek().Backend.Name}.");
        _failed.Add(_loaded.Choice.Backend);

        // A device's memory is given back before another engine is made.
        Unload();
        return Load(member, samples, pieces, others);
    }

    private void Unload()
    {
        if (_loaded is { } loaded)
        {
            _loaded = null;
            loaded.Engine.Dispose();
            SeparationTelemetry.Unloaded(loaded.Bytes);
        }
    }

    // Once is enough for a bag, or for song after song.
    private void TellChoice(string engine, string reason)
    {
        if (_told == engine)
        {
            return;
        }

        _told = engine;
        SeparatorLog.Chosen(_logger, engine, reason.Length > 0 ? reason : "it is the first in the table");
        if (reason.Length > 0)
        {
            _options.Notices?.Report($"The engine {engine} was chosen. {reason}");
        }
    }

    private static string Spelled(EnginePrecision precision) => precision.ToString().ToLowerInvariant();

    private void Say(string notice)
    {
        if (_options.Notices is { } notices)
        {
            notices.Report(notice);
        }
        else
        {
            SeparatorLog.Notice(_logger, notice);
        }
    }

    /// <summary>
    /// Gives back what loading a network, or the last pass over the track, left behind: little for the collector to notice, next
    /// to what lies outside its heap, but it would stay for as long as the song takes.
    /// </summary>
    private void GiveBack()
    {
        if (_options.ReleaseMemory)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            NativeHeap.Trim();
        }
    }

    /// <summary>A network in memory.</summary>
    /// <param name="Member">Which one.</param>
    /// <param name="Engine">What runs it.</param>
    /// <param name="Choice">What the engine was opened by.</param>
    /// <param name="Others">What may take its place.</param>
    private sealed record Loaded(int Member, IEngine Engine, (Backend Backend, EngineSettings Settings) Choice, Queue<(Backend Backend, EngineSettings Settings)> Others)
    {
        /// <summary>Memory of the host that it took when it was loaded.</summary>
        public long Bytes { get; } = Engine.HostBytes;
    }

    private sealed class MemberEngines(SeparatorEngines owner, int member) : IEngineSource
    {
        public bool ChecksResults => owner._loaded?.Others.Count > 0;

        public IEngine Open(int samples, long pieces) => owner.Load(member, samples, pieces);

        public IEngine Retry(EngineException failure, int samples, long pieces) => owner.Retry(failure, samples, pieces);

        public IEngine? Replace(EngineException failure, int samples, long pieces) => owner.Replace(failure, samples, pieces);
    }
}
