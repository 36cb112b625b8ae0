using System.Diagnostics;
using Stemsharp.Checkpoints;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Progress;
using Stemsharp.Cpu;
using Stemsharp.Separation;

namespace Stemsharp.Cli.Benchmarks;

/// <summary>One network of a model, loaded as a separation loads it: engine and the transforms around it.</summary>
internal sealed class BenchModel : IDisposable
{
    private readonly SegmentRunner _runner;
    private readonly int[] _stems;

    private BenchModel(ModelSource source, CpuEngine engine, SegmentRunner runner, LoadTimes times)
    {
        Source = source;
        Times = times;
        Engine = engine;
        _runner = runner;
        _stems = [.. Enumerable.Range(0, runner.Shape.Stems)];
    }

    internal ModelSource Source { get; }

    internal CpuEngine Engine { get; }

    /// <summary>What loading took.</summary>
    internal LoadTimes Times { get; }

    /// <summary>Loads the first network of a model and fills its input with noise.</summary>
    internal static async Task<BenchModel> LoadAsync(
        string model, string? repository, bool offline, int threads, bool profile, CancellationToken cancellationToken)
    {
        long began = Stopwatch.GetTimestamp();
        ModelSource source = await Catalogs.Create(offline)
            .ResolveAsync(model, repository, progress: new DownloadView(Console.Error, quiet: false), cancellationToken: cancellationToken).ConfigureAwait(false);
        ModelMember member = source.Members[0];
        using Checkpoint checkpoint = member.Open();
        EngineRequest request = new(source.Name, member, checkpoint, member.Config.SegmentSamples, threads);
        (Graph.Graph graph, Graph.IWeightSource weights) = request.Bind();
        TimeSpan opening = Stopwatch.GetElapsedTime(began);
        CpuEngine engine = new(graph, weights, threads, profile: profile);
        SegmentRunner runner = new(engine, member.Config.Nfft, engine.Workers);
        BenchModel loaded = new(source, engine, runner, new LoadTimes(opening.TotalSeconds, (Stopwatch.GetElapsedTime(began) - opening).TotalSeconds));
        loaded.FillInput();
        return loaded;
    }

    /// <summary>STFT, network, inverse STFT of all stems.</summary>
    internal void RunSegment(CancellationToken cancellationToken) => _runner.Run(_stems, cancellationToken);

    /// <summary>Whether the last segment's stems are numbers, and not all silent.</summary>
    internal bool OutputIsSound()
    {
        double energy = 0;
        for (int stem = 0; stem < _runner.Shape.Stems; stem++)
        {
            for (int channel = 0; channel < _runner.Shape.Channels; channel++)
            {
                foreach (float sample in _runner.Output(stem, channel))
                {
                    energy += (double)sample * sample;
                }
            }
        }

        return double.IsFinite(energy) && energy > 0;
    }

    public void Dispose() => _runner.Dispose();

    /// <summary>Seconds of loading.</summary>
    /// <param name="Opening">The checkpoint found, checked and its tensors bound to the graph.</param>
    /// <param name="Planning">The plan made, with its weights packed and its memory.</param>
    internal readonly record struct LoadTimes(double Opening, double Planning);

    private void FillInput()
    {
        Random random = new(1);
        for (int channel = 0; channel < _runner.Shape.Channels; channel++)
        {
            foreach (ref float sample in _runner.Input(channel))
            {
                sample = random.NextSingle() - 0.5f;
            }
        }
    }
}
