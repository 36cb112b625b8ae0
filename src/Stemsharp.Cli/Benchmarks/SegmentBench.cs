using System.Diagnostics;
using System.Globalization;
using Stemsharp.Backends;
using Stemsharp.Checkpoints;
using Stemsharp.Cli.Hosting;
using Stemsharp.Evaluation;
using Stemsharp.Inference;
using Stemsharp.Kernels;
using Stemsharp.Model;

namespace Stemsharp.Cli.Benchmarks;

/// <summary>How fast, in how much memory, and how soon does a model run here?</summary>
internal sealed class SegmentBench
{
    /// <summary>The hidden commands by which a bench starts itself again.</summary>
    internal const string StartupProbe = "startup";
    internal const string WriteProbe = "write-synthetic";

    private const int StartupRuns = 3;
    private const int WarmUpSegments = 2;
    private const double PeakSeconds = 0.2;

    internal required string Model { get; init; }

    internal string? Repository { get; init; }

    internal bool Offline { get; init; }

    internal int Threads { get; init; }

    /// <summary>What runs the network.</summary>
    internal EngineChoice Choice { get; init; } = EngineChoice.Cpu;

    /// <summary>The same as options of the command line, for the processes that it starts.</summary>
    internal IReadOnlyList<string> ChoiceArguments { get; init; } = [];

    internal int Segments { get; init; }

    internal bool Profile { get; init; }

    internal async Task<BenchResult> RunAsync(CancellationToken cancellationToken)
    {
        string file = await OnDiskAsync(Model, cancellationToken).ConfigureAwait(false);
        using BenchModel model = await BenchModel.LoadAsync(file, Repository, Offline, Choice, Threads, profile: false, cancellationToken).ConfigureAwait(false);
        for (int i = 0; i < WarmUpSegments; i++)
        {
            model.Run(cancellationToken);
        }

        if (!model.OutputIsSound())
        {
            throw new StemsharpException($"{Model} gave stems that are silent or no numbers; its speed means nothing.");
        }

        long flops = model.Flops;

        // The peak is taken before, between and after: clocks and neighbours drift, and the ratio is what counts.
        double[] seconds = new double[Segments], shares = new double[Segments], meanShares = new double[Segments];
        FmaRate[] rates = new FmaRate[Segments + 1];
        long allocated = 0;
        rates[0] = FmaPeak.Measure(Threads, PeakSeconds);
        for (int i = 0; i < Segments; i++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true), began = Stopwatch.GetTimestamp();
            model.Run(cancellationToken);
            seconds[i] = Stopwatch.GetElapsedTime(began).TotalSeconds / model.SegmentsPerRun;
            allocated += (GC.GetTotalAllocatedBytes(precise: true) - before) / model.SegmentsPerRun;
            rates[i + 1] = FmaPeak.Measure(Threads, PeakSeconds);
            FmaRate around = FmaRate.Between(rates[i], rates[i + 1]);
            double rate = flops / 1e9 / seconds[i];
            shares[i] = rate / around.Peak;
            meanShares[i] = rate / around.Mean;
        }

        return new BenchResult
        {
            Model = Model,
            Engine = model.Engine.Description,
            Networks = model.Source.Members.Count,
            SegmentsPerRun = model.SegmentsPerRun,
            Threads = Threads,
            SecondsPerSegment = Statistics.Median(seconds),
            GflopPerSegment = flops / 1e9,
            ExecutedGflopPerSegment = model.Engine is IProfiledEngine { Profile: { Count: > 0 } steps } ? steps.Sum(s => s.ExecutedFlops) / 1e9 : null,
            IsOnProcessor = model.Engine.Identity.Device.Split(' ')[0] == "cpu" || model.Engine.Identity.Backend == Engines.Cpu,
            FmaPeakGflops = Statistics.Median(rates.Select(r => r.Peak)),
            PercentOfPeak = 100 * Statistics.Median(shares),
            FmaMeanGflops = Statistics.Median(rates.Select(r => r.Mean)),
            PercentOfMean = 100 * Statistics.Median(meanShares),
            PeakMemoryBytes = ProcessMemory.Peak(),
            AllocatedBytesPerSegment = allocated / Segments,
            Startup = await StartupAsync(file, cancellationToken).ConfigureAwait(false),
            Profile = Profile ? await ProfileAsync(file, cancellationToken).ConfigureAwait(false) : [],
        };
    }

    /// <summary>In a fresh process: loads the model and says when its first segment could begin.</summary>
    /// <param name="started">When the process was started, in ticks of UTC.</param>
    /// <param name="cancellationToken">Stops.</param>
    internal async Task<StartupTimes> ProbeStartupAsync(long started, CancellationToken cancellationToken)
    {
        using BenchModel model = await BenchModel.LoadAsync(Model, Repository, Offline, Choice, Threads, profile: false, cancellationToken).ConfigureAwait(false);
        double seconds = TimeSpan.FromTicks(DateTime.UtcNow.Ticks - started).TotalSeconds;
        long began = Stopwatch.GetTimestamp();
        model.Run(cancellationToken);
        return new StartupTimes(seconds, model.Times.Opening, model.Times.Planning, Stopwatch.GetElapsedTime(began).TotalSeconds);
    }

    /// <summary>In a process of its own, so that it counts for nothing: writes a synthetic model as a .th file.</summary>
    internal static void WriteSynthetic(string model, string path)
    {
        using Checkpoint checkpoint = FamilyTable.All.OpenSynthetic(model);
        CheckpointConversion.Save(checkpoint, path);
    }

    /// <summary>A synthetic model's weights are read from a file like any other's.</summary>
    private static async Task<string> OnDiskAsync(string model, CancellationToken cancellationToken)
    {
        if (!FamilyTable.All.SyntheticNames.Contains(model))
        {
            return model;
        }

        string path = Path.Combine(Catalogs.Create().CacheFolder, "bench", model.Replace(':', '-') + ".th");
        if (!File.Exists(path))
        {
            OutputErrors.Guard(() => Directory.CreateDirectory(Path.GetDirectoryName(path)!));
            await SelfProcess.RunAsync(["bench", model, "--probe", WriteProbe, "--probe-value", path], cancellationToken).ConfigureAwait(false);
        }

        return path;
    }

    private async Task<StartupTimes> StartupAsync(string file, CancellationToken cancellationToken)
    {
        StartupTimes[] times = new StartupTimes[StartupRuns];
        for (int i = 0; i < StartupRuns; i++)
        {
            List<string> arguments = ["bench", file, "--threads", Text(Threads), "--probe", StartupProbe, "--probe-value", Text(DateTime.UtcNow.Ticks), .. ChoiceArguments];
            if (Repository is not null)
            {
                arguments.AddRange(["--repo", Repository]);
            }

            times[i] = StartupTimes.Parse(await SelfProcess.RunAsync(arguments, cancellationToken).ConfigureAwait(false));
        }

        return times.OrderBy(t => t.Total).ElementAt(StartupRuns / 2);
    }

    private async Task<IReadOnlyList<ProfiledStep>> ProfileAsync(string file, CancellationToken cancellationToken)
    {
        using BenchModel model = await BenchModel.LoadAsync(file, Repository, Offline, Choice, Threads, profile: true, cancellationToken).ConfigureAwait(false);
        if (model.Engine is not IProfiledEngine engine)
        {
            return [];
        }

        model.Run(cancellationToken);
        engine.ResetProfile();
        for (int i = 0; i < Segments; i++)
        {
            model.Run(cancellationToken);
        }

        return
        [
            .. engine.Profile.Select(s => new ProfiledStep(
                s.Name, s.Description, s.Time.TotalSeconds / Segments / model.SegmentsPerRun, s.Flops / 1e9, s.ExecutedFlops / 1e9, s.Bytes)),
        ];
    }

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
