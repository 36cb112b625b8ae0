using System.Collections.Concurrent;
using Stemsharp.Client;
using Stemsharp.Web.Queue;
using Stemsharp.Web.Separation;
using Stemsharp.Web.Text;

namespace Stemsharp.Web.Api;

/// <summary>The models as clients see them, with the downloads that are under way.</summary>
internal sealed class ModelService(ISongSeparator separator, JobQueue queue, SpeedGauge gauge, EventHub events, IHostApplicationLifetime lifetime, ILogger<ModelService> logger)
{
    private readonly ConcurrentDictionary<string, ModelDownload> _downloads = [];

    public IReadOnlyList<ModelInfo> Models
    {
        get
        {
            IReadOnlyDictionary<string, double> speeds = queue.Speeds;
            return [.. separator.Models.Select(model => Complete(model, speeds))];
        }
    }

    public ModelInfo? TryGet(string name) => separator.Models.FirstOrDefault(model => model.Name == name) is { } found ? Complete(found, queue.Speeds) : null;

    public ModelInfo Download(string name)
    {
        ModelInfo model = Find(name);
        if (model.Installed)
        {
            return model;
        }

        if (model.Download is { Error: null })
        {
            return model;
        }

        logger.LogInformation("Model {Model}: downloading {Bytes} bytes. Licence: {Licence}, as stated by {StatedBy}", name, model.DownloadBytes, model.Licence?.Text ?? "not stated", model.Licence?.StatedBy ?? "nobody");
        _downloads[name] = new ModelDownload(0);
        _ = Task.Run(() => RunAsync(name), CancellationToken.None);
        return model with { Download = _downloads[name] };
    }

    /// <summary>What goes when a model is deleted.</summary>
    public ModelFiles Files(string name)
    {
        Find(name);
        return separator.Files(name);
    }

    /// <summary>Deletes a model's files, unless a job needs it or one that shares them.</summary>
    public void Delete(string name)
    {
        Find(name);
        ModelFiles files = separator.Files(name);
        if (files.Files.Count == 0)
        {
            throw new ApiError(ApiErrorKind.Conflict, $"The model '{name}' has no files of its own in the server's cache. What is built in, or belongs to another program, stays; a chain's models are deleted one by one.");
        }

        HashSet<string> gone = Installed();
        queue.WhileUnused([name, .. files.SharedWith], () => separator.Remove(name));
        logger.LogInformation("Model {Model}: deleted {Files}", name, string.Join(", ", files.Files.Select(file => file.Name)));
        gone.ExceptWith(Installed());
        foreach (string model in gone.Append(name).Distinct())
        {
            events.ModelChanged(model);
        }
    }

    /// <summary>Starts the download that a job waits for, if it does.</summary>
    public Job FetchFor(Job job)
    {
        if (job.WaitsForModel)
        {
            Download(job.Settings.Model!);
        }

        return job;
    }

    /// <summary>Goes on with what jobs of an earlier server wait for.</summary>
    public void Resume()
    {
        foreach (string model in queue.MissingModels)
        {
            Download(model);
        }
    }

    private ModelInfo Complete(ModelInfo model, IReadOnlyDictionary<string, double> speeds) =>
        gauge.Complete(model with { Download = _downloads.GetValueOrDefault(model.Name) }, speeds);

    private async Task RunAsync(string name)
    {
        try
        {
            Progress progress = new(fraction =>
            {
                double before = _downloads.TryGetValue(name, out ModelDownload? known) ? known.Fraction : 0;
                if (fraction - before < 0.005)
                {
                    return;
                }

                _downloads[name] = new ModelDownload(fraction);
                events.ModelChanged(name);
            });
            HashSet<string> before = Installed();
            await separator.DownloadAsync(name, progress, lifetime.ApplicationStopping).ConfigureAwait(false);
            _downloads.TryRemove(name, out _);
            // What was fetched for one may be what another was waiting for.
            HashSet<string> arrived = Installed();
            arrived.ExceptWith(before);
            queue.ModelsArrived(arrived);
            logger.LogInformation("Model {Model}: downloaded", name);
        }
#pragma warning disable CA1031 // Whatever stops a download is told to the clients.
        catch (Exception error)
#pragma warning restore CA1031
        {
            logger.LogWarning("Model {Model}: {Error}", name, error.Message);
            _downloads[name] = new ModelDownload(0) { Error = error is StemsharpException or IOException or HttpRequestException ? error.Message : "The download failed; the server's log says more." };
        }
        events.ModelChanged(name);
    }

    private ModelInfo Find(string name) => TryGet(name)
        ?? throw new ApiError(ApiErrorKind.UnknownModel, $"There is no model '{ClientText.Quoted(name)}'; there are {string.Join(", ", separator.Models.Select(m => m.Name))}.");

    private HashSet<string> Installed() => [.. separator.Models.Where(model => model.Installed).Select(model => model.Name)];

    private sealed class Progress(Action<double> report) : IProgress<double>
    {
        public void Report(double value) => report(value);
    }
}
