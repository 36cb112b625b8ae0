using System.Collections.Concurrent;
using System.Threading.Channels;
using Stemsharp.Client;
using Stemsharp.Web.Separation;
using Stemsharp.Web.Store;

namespace Stemsharp.Web.Queue;

/// <summary>
/// Knows how fast models will be here before they have been at work: what they compute, and what the machine computes in a second. The
/// latter is measured once, when somebody first asks and nothing is to be done, and kept.
/// </summary>
internal sealed class SpeedGauge(
    ISongSeparator separator, JobQueue queue, DataFolder folder, EventHub events, ILogger<SpeedGauge> logger) : BackgroundService
{
    /// <summary>Whoever has just come may want to have a song taken apart at once.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(200);
    private readonly ConcurrentDictionary<string, double?> _work = [];
    private readonly Channel<string> _unknown = Channel.CreateUnbounded<string>();
    private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private double? _machine;

    /// <summary>What the measurement belongs to: another engine, and another version of it, have another speed.</summary>
    private string Measured => $"{separator.Engine}, {typeof(Separator).Assembly.ManifestModule.ModuleVersionId}";

    /// <summary>Completes a model with its speed; what that takes is looked up in the background, and told of.</summary>
    public ModelInfo Complete(ModelInfo model, IReadOnlyDictionary<string, double> measured)
    {
        if (model.Installed || model.Purposes.Count > 0)
        {
            _asked.TrySetResult();
            if (_work.TryAdd(model.Name, null))
            {
                _unknown.Writer.TryWrite(model.Name);
            }
        }

        return model with { TimesRealTime = ModelSpeed.Of(model.Name, measured, Work(), _machine) };
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        Task.Run(() => WeighAsync(stoppingToken), CancellationToken.None), Task.Run(() => MeasureAsync(stoppingToken), CancellationToken.None));

    private Dictionary<string, double> Work() => _work.Where(model => model.Value is not null).ToDictionary(model => model.Key, model => model.Value!.Value);

    private async Task WeighAsync(CancellationToken stop)
    {
        await foreach (string model in _unknown.Reader.ReadAllAsync(stop).ConfigureAwait(false))
        {
            _work[model] = separator.Work(model);
            events.ModelChanged(model);
        }
    }

    private async Task MeasureAsync(CancellationToken stop)
    {
        if (DataFolder.TryRead(folder.Speed, StoreJson.Default.MachineSpeed, logger) is { } kept && kept.Engine == Measured)
        {
            _machine = kept.Gflops;
            return;
        }

        await _asked.Task.WaitAsync(stop).ConfigureAwait(false);
        try
        {
            double gflops;
            do
            {
                await Task.Delay(Patience, stop).ConfigureAwait(false);
                gflops = queue.IsBusy ? 0 : await TryAsync(stop).ConfigureAwait(false);
            }
            while (gflops == 0);
            _machine = gflops;
            logger.LogInformation("This machine computes {Gflops:F0} GFLOP a second", gflops);
            foreach (string model in _work.Keys)
            {
                events.ModelChanged(model);
            }

            DataFolder.WriteJson(folder.Speed, new MachineSpeed(Measured, gflops), StoreJson.Default.MachineSpeed);
        }
#pragma warning disable CA1031 // Without a measurement there is no estimate before the first song, and nothing else is missing.
        catch (Exception error) when (!stop.IsCancellationRequested)
#pragma warning restore CA1031
        {
            logger.LogWarning("What this machine computes was not measured: {Error}", error.Message);
        }
    }

    /// <returns>0 where a job came in between.</returns>
    private async Task<double> TryAsync(CancellationToken stop)
    {
        using CancellationTokenSource busy = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Task<double> measuring = separator.MeasureAsync(busy.Token);
        while (await Task.WhenAny(measuring, Task.Delay(Glance, stop)).ConfigureAwait(false) != measuring)
        {
            if (queue.IsBusy)
            {
                await busy.CancelAsync().ConfigureAwait(false);
            }
        }

        try
        {
            double gflops = await measuring.ConfigureAwait(false);
            return busy.IsCancellationRequested ? 0 : gflops;
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return 0;
        }
    }
}
