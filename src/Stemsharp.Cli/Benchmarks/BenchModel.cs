using System.Diagnostics;
using Stemsharp.Backends;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Progress;
using Stemsharp.Inference;

namespace Stemsharp.Cli.Benchmarks;

/// <summary>One network of a model, loaded as a separation loads it.</summary>
internal sealed class BenchModel : IDisposable
{
    private readonly IPieceBuffer[] _pieces;
    private readonly NetworkDefinition _definition;
    private readonly int[] _stems;

    private BenchModel(ModelSource source, IEngine engine, int samples, LoadTimes times)
    {
        Source = source;
        Times = times;
        Engine = engine;
        Samples = samples;
        _definition = source.Members[0].Definition;
        _pieces = [.. Enumerable.Range(0, engine.PiecesPerRun).Select(_ => engine.Lease()!)];
        _stems = [.. Enumerable.Range(0, _definition.Stems.Length)];
    }

    internal ModelSource Source { get; }

    internal IEngine Engine { get; }

    /// <summary>Samples of a piece.</summary>
    internal int Samples { get; }

    /// <summary>Floating-point operations of a piece. An engine that tells its steps knows them; others would take a graph, which is memory.</summary>
    internal long Flops => Engine is IProfiledEngine { Profile: { Count: > 0 } steps } ? steps.Sum(step => step.Flops) : Source.Members[0].Network.Record(Samples).Flops;

    /// <summary>What loading took.</summary>
    internal LoadTimes Times { get; }

    /// <summary>Loads the first network of a model and fills its inputs with noise.</summary>
    internal static async Task<BenchModel> LoadAsync(
        string model, string? repository, bool offline, EngineChoice choice, int threads, bool profile, CancellationToken cancellationToken)
    {
        long began = Stopwatch.GetTimestamp();
        ModelSource source = await Catalogs.Create(offline)
            .ResolveAsync(model, repository, progress: new DownloadView(Console.Error, quiet: false), cancellationToken: cancellationToken).ConfigureAwait(false);
        Network network = source.Members[0].Network;
        EngineSettings settings = choice.Settings(threads) with { Profile = profile };
        Backend backend = choice.For(network, settings);

        // On the processor all threads work on one segment; a device takes as many as keep it busy. To ask the processor how many
        // it would take costs a sketch of the plan.
        bool one = backend.Name == Engines.Cpu;
        settings = one ? settings with { PiecesAtOnce = 1 } : settings;
        int samples = network.Definition.Cut.NetworkSamples(network.Definition.Cut.Samples);
        TimeSpan opening = Stopwatch.GetElapsedTime(began);
        IEngine engine = backend.Open(network, settings);
        engine.Prepare(samples, one ? 1 : backend.PiecesAtOnce(network, settings, samples));
        BenchModel loaded = new(source, engine, samples, new LoadTimes(opening.TotalSeconds, (Stopwatch.GetElapsedTime(began) - opening).TotalSeconds));
        loaded.FillInput();
        return loaded;
    }

    /// <summary>Segments of a run.</summary>
    internal int SegmentsPerRun => _pieces.Length;

    /// <summary>Whole pieces, as many as the engine takes in a run: transforms, network, all stems.</summary>
    internal void Run(CancellationToken cancellationToken) => Engine.RunAsync(_pieces, _stems, cancellationToken).GetAwaiter().GetResult();

    /// <summary>Whether the last segment's stems are numbers, and not all silent.</summary>
    internal bool OutputIsSound()
    {
        double energy = 0;
        foreach (int stem in _stems)
        {
            for (int channel = 0; channel < _definition.Channels; channel++)
            {
                foreach (float sample in _pieces[^1].Output(stem, channel))
                {
                    energy += (double)sample * sample;
                }
            }
        }

        return double.IsFinite(energy) && energy > 0;
    }

    public void Dispose()
    {
        Array.ForEach(_pieces, p => p.Dispose());
        Engine.Dispose();
    }

    /// <summary>Seconds of loading.</summary>
    /// <param name="Opening">The checkpoint found and its configuration read.</param>
    /// <param name="Planning">The engine made: its tensors bound and packed, the plan, its memory.</param>
    internal readonly record struct LoadTimes(double Opening, double Planning);

    private void FillInput()
    {
        foreach (IPieceBuffer piece in _pieces)
        {
            Random random = new(1);
            for (int channel = 0; channel < _definition.Channels; channel++)
            {
                foreach (ref float sample in piece.Input(channel))
                {
                    sample = random.NextSingle() - 0.5f;
                }
            }
        }
    }
}
