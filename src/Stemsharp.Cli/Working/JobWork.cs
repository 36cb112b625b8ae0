using Stemsharp.Cli.Batches;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Planning;
using Stemsharp.Cli.Separating;
using Stemsharp.Fleet.Protocol;

namespace Stemsharp.Cli.Working;

/// <summary>Does jobs of a fleet one after another, as <c>separate</c> does a track. The networks of the last job stay for the next one that needs the same.</summary>
/// <param name="read">A job as a request, and what its networks are told apart by.</param>
/// <param name="downloads">Told about models that are fetched.</param>
internal sealed class JobWork(Func<FleetJob, (SeparateRequest Request, string Networks)> read, IProgress<DownloadProgress> downloads) : IAsyncDisposable
{
    private StemSeparator? _separator;
    private SeparateRequest? _fitted;
    private string? _networks;

    /// <summary>Does a job.</summary>
    /// <exception cref="JobFailedException">It cannot be done.</exception>
    /// <exception cref="NotHereException">It cannot be done here.</exception>
    internal async Task<JobResult> RunAsync(HeldJob held, CancellationToken cancellationToken)
    {
        try
        {
            (SeparateRequest request, string networks) = read(held.Job);
            InputExpansion input = InputExpansion.OfFile(held.Job.Input, held.Job.Folder);
            request = await OpenAsync(request, networks, input, cancellationToken).ConfigureAwait(false);
            Preflight.Check(request, _separator!);
            using MemoryLimit memory = new(request.MaxMemory, cancellationToken);
            return ResultOf(await memory.RunAsync(token => BatchAsync(request, input, held, token)).ConfigureAwait(false));
        }
        catch (OutputException exception) when (exception.IsDiskFull)
        {
            throw new NotHereException($"The disk is full: {exception.Message}", forModel: false);
        }
        catch (StemsharpException exception) when (exception is not (JobFailedException or NotHereException or ConnectionLostException))
        {
            throw new JobFailedException(ExitCode.Name(ExitCode.For(exception)), exception.Message);
        }
    }

    public ValueTask DisposeAsync() => _separator?.DisposeAsync() ?? ValueTask.CompletedTask;

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

    private async Task<TrackOutcome> BatchAsync(SeparateRequest request, InputExpansion input, HeldJob held, CancellationToken cancellationToken)
    {
        using SilentView view = new(held.Report);
        BatchRun batch = new(request, _separator!, view, []) { Publishing = held.ConfirmAsync };
        await batch.RunAsync(input, 0, cancellationToken).ConfigureAwait(false);
        return batch.Outcomes.Single();
    }

    private static JobResult ResultOf(TrackOutcome outcome) => outcome.Status == TrackStatus.Failed
        ? throw new JobFailedException(ExitCode.Name(outcome.Code), outcome.Message ?? "It failed, and nothing says why.")
        : new JobResult(
            [.. outcome.Files.Select(f => f.Path)], Math.Round(outcome.AudioSeconds, 3), Math.Round(outcome.ElapsedSeconds, 3),
            string.Join(", then ", outcome.Engines.Select(e => $"{e.Engine} {e.Device}")), outcome.Warnings);
}
