using Microsoft.Extensions.Logging;

namespace Stemsharp;

/// <summary>
/// A separator that is opened when it is first asked for and shared from then on: registered by <c>AddStemsharp</c>, disposed with the
/// container. Safe for use from several threads.
/// </summary>
public sealed partial class StemSeparatorSource : IAsyncDisposable, IDisposable
{
    private readonly StemsharpOptions _options;
    private readonly IHttpMessageHandlerFactory? _handlers;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private StemSeparator? _separator;
    private bool _disposed;

    /// <summary>Makes a source; nothing is opened.</summary>
    /// <param name="options">What to open.</param>
    /// <param name="loggers">The host's logging.</param>
    /// <param name="handlers">What carries downloads; null for the library's own.</param>
    public StemSeparatorSource(StemsharpOptions options, ILoggerFactory loggers, IHttpMessageHandlerFactory? handlers = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(loggers);
        _options = options;
        _handlers = handlers;
        _logger = loggers.CreateLogger(Category);
    }

    /// <summary>The category of the log, and the name of the HTTP client that downloads go through.</summary>
    public const string Category = "Stemsharp";

    /// <summary>Whether the separator is open.</summary>
    public bool IsOpen => _separator is not null;

    /// <summary>What it opens: the name of the model or of the chain.</summary>
    public string Model => _options.Chain?.Name ?? _options.Separator.Model;

    /// <summary>The separator. The first call opens it, and downloads the model if it has to; after a failure the next call tries again.</summary>
    /// <param name="cancellationToken">Ends this caller's wait, and the opening that it began.</param>
    /// <exception cref="ModelException">The model is unknown, missing, broken or not supported; see <see cref="ModelException.Failure"/>.</exception>
    /// <exception cref="OptionException">An option is out of range.</exception>
    /// <exception cref="Inference.EngineException">The engine is not there, or does not take the model.</exception>
    public async ValueTask<StemSeparator> GetAsync(CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_separator is { } open)
        {
            return open;
        }

        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _separator ??= await OpenAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    /// <summary>Closes the separator; a separation that is running is finished first.</summary>
    public async ValueTask DisposeAsync()
    {
        await _gate.WaitAsync().ConfigureAwait(false);
        try
        {
            if (!_disposed && _separator is { } open)
            {
                await open.DisposeAsync().ConfigureAwait(false);
            }

            _separator = null;
            _disposed = true;
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task<StemSeparator> OpenAsync(CancellationToken cancellationToken)
    {
        SeparatorOptions separator = _options.Separator.Logger is null ? _options.Separator with { Logger = _logger } : _options.Separator;
        ModelCatalogOptions catalog = _options.Catalog with
        {
            Offline = _options.Catalog.Offline || !_options.AllowDownload,
            HttpHandler = _options.Catalog.HttpHandler ?? (_handlers is null ? null : () => _handlers.CreateHandler(Category)),
        };
        IProgress<DownloadProgress> downloads = _options.Downloads ?? new LoggedDownloads(_logger);
        return _options.Chain is { } chain
            ? await ChainSeparator.OpenAsync(chain, separator, new ModelCatalog(catalog), downloads, cancellationToken).ConfigureAwait(false)
            : await Separator.OpenAsync(separator, new ModelCatalog(catalog), downloads, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Logs that a file is fetched, once, and that it is there.</summary>
    private sealed partial class LoggedDownloads(ILogger logger) : IProgress<DownloadProgress>
    {
        private readonly HashSet<string> _begun = [];

        public void Report(DownloadProgress value)
        {
            lock (_begun)
            {
                if (_begun.Add(value.File))
                {
                    Begun(logger, value.File, value.Total);
                }
            }

            if (value.Fraction >= 1)
            {
                Done(logger, value.File);
            }
        }

        [LoggerMessage(1, LogLevel.Information, "Downloading {File} ({Bytes} bytes)")]
        private static partial void Begun(ILogger logger, string file, long? bytes);

        [LoggerMessage(2, LogLevel.Information, "Downloaded {File}")]
        private static partial void Done(ILogger logger, string file);
    }
}
