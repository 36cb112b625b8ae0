using Stemsharp.Cli.Batches;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Planning;
using Stemsharp.Cli.Separating;
using Stemsharp.Fleet;
using Stemsharp.Fleet.Protocol;
using Stemsharp.Fleet.Storage;
using Stemsharp.Inference;

namespace Stemsharp.Cli.Working;

/// <summary>Does jobs of a fleet one after another, as <c>separate</c> does a track. The networks of the last job stay for the next one that needs the same.</summary>
/// <param name="read">A job as a request, and what its networks are told apart by.</param>
/// <param name="stores">Where songs and stems lie that are not on a file system seen from here.</param>
/// <param name="scratch">Holds them meanwhile.</param>
/// <param name="downloads">Told about models that are fetched.</param>
internal sealed class JobWork(
    Func<FleetJob, (SeparateRequest Request, string Networks)> read, FileStores stores, Scratch scratch, IProgress<DownloadProgress> downloads) : IAsyncDisposable
{
    private const string Song = "song", Stems = "stems";

    private StemSeparator? _separator;
    private SeparateRequest? _fitted;
    private string? _networks;

    /// <summary>Does a job.</summary>
    /// <exception cref="JobFailedException">It cannot be done.</exception>
    /// <exception cref="NotHereException">It cannot be done here.</exception>
    internal async Task<JobResult> RunAsync(HeldJob held, CancellationToken cancellationToken)
    {
        FleetJob job = held.Job;
        try
        {
            (SeparateRequest request, string networks) = read(job);
            string? address = FileAddress.SchemeOf(request.OutputFolder) is null ? null : request.OutputFolder;
            if (address is not null || job.Put is not null)
            {
                request = request with { OutputFolder = Path.Combine(scratch.For(job.Id), Stems) };
            }

            InputExpansion input = await FetchAsync(job, cancellationToken).ConfigureAwait(false);
            request = await OpenAsync(request, networks, input, cancellationToken).ConfigureAwait(false);
            CheckHere(request);
            IStemTarget? target = job.Put is { } put ? stores.TargetOf(put, request.Files.Names(_separator!.AskedStems))
                : address is not null ? await stores.TargetAsync(address, job.Id, held.Record.Lease, cancellationToken).ConfigureAwait(false) : null;
            StoredPlace? place = target is null ? null : new StoredPlace(target, request.OutputFolder, request.Root(_separator!.Model));
            using MemoryLimit memory = new(request.MaxMemory, cancellationToken);
            return ResultOf(await memory.RunAsync(token => BatchAsync(request, input, place, held, token)).ConfigureAwait(false));
        }
        catch (StemsharpException exception) when (exception is not (JobFailedException or NotHereException or ConnectionLostException))
        {
            throw JobFaults.Of(exception);
        }
        finally
        {
            scratch.Clear(job.Id);
        }
    }

    public ValueTask DisposeAsync() => _separator?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>The song as a file on this machine.</summary>
    private async Task<InputExpansion> FetchAsync(FleetJob job, CancellationToken cancellationToken)
    {
        if (FileAddress.SchemeOf(job.Input) is null)
        {
            return InputExpansion.OfFile(job.Input, job.Folder);
        }

        (string folder, string name) = FileAddress.NameOf(job.Input);
        string path = Path.Combine(scratch.For(job.Id), Song, folder, name.Length > 0 ? name : "song");
        await stores.SourceOf(job.Input).FetchAsync(job.Input, path, cancellationToken).ConfigureAwait(false);
        return InputExpansion.OfFetched(path, job.Shown, job.Folder);
    }

    private async Task<SeparateRequest> OpenAsync(SeparateRequest request, string networks, InputExpansion input, CancellationToken cancellationToken)
    {
        if (_separator is null || _networks != networks)
        {
            await DisposeAsync().ConfigureAwait(false);
            _separator = null;
            ModelCatalog catalog = Catalogs.Create(request.Offline, request.AcceptLicence, ask: false);
            _separator = await Separators.OpenAsync(request, catalog, downloads, cancellationToken).ConfigureAwait(false);
            _networks = networks;
            _fitted = null;
        }

        if (request.MaxMemory is null)
        {
            return request;
        }

        // Measured once for the networks; the song's length changes nothing.
        try
        {
            _fitted ??= await MemoryLimit.FitAsync(request, _separator, input, cancellationToken).ConfigureAwait(false);
        }
        catch (OptionException exception)
        {
            throw new NotHereException(exception.Message, forModel: true);
        }

        return request with { Files = request.Files with { MostEncoders = _fitted.Files.MostEncoders } };
    }

    private void CheckHere(SeparateRequest request)
    {
        try
        {
            Preflight.Check(request, _separator!);
        }
        catch (ExternalToolException exception) when (exception is not EngineException)
        {
            // An encoder that this machine lacks.
            throw new NotHereException(exception.Message, forModel: false);
        }
    }

    private async Task<TrackOutcome> BatchAsync(SeparateRequest request, InputExpansion input, StoredPlace? place, HeldJob held, CancellationToken cancellationToken)
    {
        using SilentView view = new(held.Report);
        BatchRun batch = new(request, _separator!, view, [], place) { Publishing = held.ConfirmAsync };
        await batch.RunAsync(input, 0, cancellationToken).ConfigureAwait(false);
        return batch.Outcomes.Single();
    }

    private static JobResult ResultOf(TrackOutcome outcome) => outcome.Status == TrackStatus.Failed
        ? throw (outcome.Cause is StemsharpException cause
            ? JobFaults.Of(cause)
            : new JobFailedException(ExitCode.Name(outcome.Code), outcome.Message ?? "It failed, and nothing says why."))
        : new JobResult(
            [.. outcome.Files.Select(f => f.Path)], Math.Round(outcome.AudioSeconds, 3), Math.Round(outcome.ElapsedSeconds, 3),
            string.Join(", then ", outcome.Engines.Select(e => $"{e.Engine} {e.Device}")), outcome.Warnings);
}
