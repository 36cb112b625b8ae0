using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Stemsharp.Inference;

namespace Stemsharp;

/// <summary>
/// Takes songs apart with one model. Safe for use from several threads: separations run one after the other,
/// each on all of <see cref="SeparatorOptions.Threads"/>. Holds one network in memory, loaded at its first use.
/// </summary>
public sealed partial class Separator : IAsyncDisposable, IDisposable
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly SeparatorEngines _engines;
    private readonly ILogger _logger;
    private bool _disposed;

    private Separator(SeparatorOptions options, ModelSource source)
    {
        Options = options;
        Source = source;
        _logger = options.Logger ?? NullLogger.Instance;
        _engines = new SeparatorEngines(source, options, _logger);
    }

    /// <summary>What it was made with; the defaults of every call.</summary>
    public SeparatorOptions Options { get; }

    /// <summary>The model's networks and weights.</summary>
    public ModelSource Source { get; }

    /// <summary>The model's name.</summary>
    public string Model => Source.Name;

    /// <summary>All stems of the model, in its order.</summary>
    public IReadOnlyList<string> Stems => Source.Stems;

    /// <summary>The rate of the stems in Hz.</summary>
    public int SampleRate => Source.SampleRate;

    /// <summary>
    /// Finds the model, downloading what is missing unless the catalog forbids it. Weights are read at the first
    /// separation.
    /// </summary>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="catalog">Where models are; null for the default catalog.</param>
    /// <param name="downloads">Told about downloads.</param>
    /// <param name="cancellationToken">Stops a download.</param>
    /// <exception cref="ModelException">The model is unknown, missing, broken or not supported.</exception>
    /// <exception cref="OptionException">An option is out of range, or a wanted stem does not exist.</exception>
    /// <exception cref="EngineException">The engine is not there, or does not take the model.</exception>
    public static async Task<Separator> OpenAsync(
        SeparatorOptions? options = null,
        ModelCatalog? catalog = null,
        IProgress<DownloadProgress>? downloads = null,
        CancellationToken cancellationToken = default)
    {
        options ??= new SeparatorOptions();
        options.Validate();
        BackendChoice.RequirePresent(options);
        catalog ??= new ModelCatalog();
        ModelSource source = await catalog.ResolveAsync(
            options.Model, options.ModelFolder, options.Stems, downloads, cancellationToken).ConfigureAwait(false);
        return Open(source, options);
    }

    /// <summary>Takes a model that was found already.</summary>
    /// <param name="source">The model.</param>
    /// <param name="options">Null for the defaults; <see cref="SeparatorOptions.Model"/> is not looked at.</param>
    /// <exception cref="OptionException">An option is out of range, or a wanted stem does not exist.</exception>
    /// <exception cref="EngineException">The engine is not there, or does not take the model.</exception>
    public static Separator Open(ModelSource source, SeparatorOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        options ??= new SeparatorOptions();
        options.Validate();
        Separator separator = new(options, source);
        separator.WantedStems(options);
        separator._engines.Check();
        return separator;
    }

    /// <summary>The stems that <see cref="Options"/> asks for, in the model's order.</summary>
    internal IReadOnlyList<string> AskedStems => [.. WantedStems(Options).Select(stem => Stems[stem])];

    /// <inheritdoc cref="SeparatorEngines.AtOnce"/>
    internal (int Segments, long BytesEach, long DeviceBytes) AtOnce => _engines.AtOnce;

    /// <inheritdoc cref="SeparatorEngines.MostAtOnce"/>
    internal int MostAtOnce
    {
        get => _engines.MostAtOnce;
        set => _engines.MostAtOnce = value;
    }

    /// <summary>Separates a song into memory: stems × length × 8 bytes.</summary>
    /// <param name="input">The song; a path stands for the file.</param>
    /// <param name="options">Options of this call; null for <see cref="Options"/>.</param>
    /// <param name="progress">Told after each step.</param>
    /// <param name="cancellationToken">Stops within a segment.</param>
    /// <exception cref="AudioException">The song cannot be read, is empty, or holds samples that are no numbers.</exception>
    /// <exception cref="OptionException">An option does not fit the model or the song.</exception>
    /// <exception cref="ModelException">The weights cannot be read or do not fit.</exception>
    public async Task<SeparationResult> SeparateAsync(
        AudioInput input,
        SeparatorOptions? options = null,
        IProgress<SeparationProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        MemorySink sink = new();
        SeparationSummary summary = await SeparateAsync(input, sink, options, progress, cancellationToken).ConfigureAwait(false);
        return sink.Result(summary);
    }

    /// <summary>
    /// Separates a song of any length in constant memory, handing its stems to a sink as they are finished.
    /// </summary>
    /// <param name="input">The song; a path stands for the file.</param>
    /// <param name="sink">Takes the blocks, on the thread that separates.</param>
    /// <param name="options">Options of this call; null for <see cref="Options"/>.</param>
    /// <param name="progress">Told after each step.</param>
    /// <param name="cancellationToken">Stops within a segment.</param>
    /// <inheritdoc cref="SeparateAsync(AudioInput, SeparatorOptions?, IProgress{SeparationProgress}?, CancellationToken)" path="/exception"/>
    public async Task<SeparationSummary> SeparateAsync(
        AudioInput input,
        IStemSink sink,
        SeparatorOptions? options = null,
        IProgress<SeparationProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(sink);
        return await RunAsync(input, null, sink, options ?? Options, progress, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Separates an input that is open already.</summary>
    /// <inheritdoc cref="SeparateAsync(AudioInput, IStemSink, SeparatorOptions?, IProgress{SeparationProgress}?, CancellationToken)"/>
    internal Task<SeparationSummary> SeparateAsync(
        OpenedInput input, IStemSink sink, SeparatorOptions options, IProgress<SeparationProgress>? progress, CancellationToken cancellationToken) =>
        RunAsync(null, input, sink, options, progress, cancellationToken);

    private async Task<SeparationSummary> RunAsync(
        AudioInput? input,
        OpenedInput? opened,
        IStemSink sink,
        SeparatorOptions options,
        IProgress<SeparationProgress>? progress,
        CancellationToken cancellationToken)
    {
        int[] wanted = Check(options);
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, this);

            // A thread of its own: minutes of computing have no place in the pool.
            return await Task.Factory.StartNew(
                () =>
                {
                    SeparationRun run = new(this, _engines, _logger, options, wanted, progress, cancellationToken);
                    using OpenedInput? own = input is null ? null : OpenedInput.Open(input, options.TemporaryFolder, cancellationToken, timeline: options.Timeline);
                    return run.Execute(opened ?? own!, sink);
                },
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default).ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>
    /// Separates a song of any length in constant memory, block by block in order. At most two blocks are made
    /// ahead of the reader. Ending the enumeration early stops the work.
    /// </summary>
    /// <param name="input">The song; a path stands for the file.</param>
    /// <param name="options">Options of this call; null for <see cref="Options"/>.</param>
    /// <param name="progress">Told after each step.</param>
    /// <param name="cancellationToken">Stops within a segment.</param>
    /// <inheritdoc cref="SeparateAsync(AudioInput, SeparatorOptions?, IProgress{SeparationProgress}?, CancellationToken)" path="/exception"/>
    public IAsyncEnumerable<StemBlock> StreamAsync(
        AudioInput input,
        SeparatorOptions? options = null,
        IProgress<SeparationProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(input);
        return StreamSink.Enumerate(
            (sink, token) => SeparateAsync(input, sink, options, progress, token), cancellationToken);
    }

    /// <summary>
    /// Separates a song of any length into one file per stem, by default <c>FOLDER/MODEL/TRACK/STEM.wav</c>. Files appear
    /// under their names when they are complete; after an error or a cancellation none is left.
    /// </summary>
    /// <param name="input">The song; a path stands for the file.</param>
    /// <param name="folder">Where files go; made if it does not exist.</param>
    /// <param name="files">Format, names, clipping; null for the defaults.</param>
    /// <param name="options">Options of this call; null for <see cref="Options"/>.</param>
    /// <param name="progress">Told after each step.</param>
    /// <param name="cancellationToken">Stops within a segment.</param>
    /// <inheritdoc cref="SeparateAsync(AudioInput, SeparatorOptions?, IProgress{SeparationProgress}?, CancellationToken)" path="/exception"/>
    public async Task<SeparatedFiles> SeparateToFilesAsync(
        AudioInput input,
        string folder,
        StemFileOptions? files = null,
        SeparatorOptions? options = null,
        IProgress<SeparationProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        files ??= new StemFileOptions();
        SeparatorOptions asked = options ?? Options;
        asked = asked with { Stems = asked.Stems ?? files.NeededStems };
        Check(asked);
        files.Validate(Stems, asked.Stems, SampleRate, Source.Members[0].Definition.Channels);
        bool tags = StemFilePlanner.NeedsTags(files);
        using OpenedInput source = await Task.Run(
            () => OpenedInput.Open(input, asked.TemporaryFolder, cancellationToken, tags, asked.Timeline), cancellationToken).ConfigureAwait(false);
        StemFilePlanner planner = new(files, folder, source) { TemporaryFolder = asked.TemporaryFolder, CancellationToken = cancellationToken };
        return await SeparateToFilesAsync(source, planner, asked, progress, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Separates an input that is open already into planned files.</summary>
    /// <inheritdoc cref="SeparateToFilesAsync(AudioInput, string, StemFileOptions?, SeparatorOptions?, IProgress{SeparationProgress}?, CancellationToken)"/>
    internal async Task<SeparatedFiles> SeparateToFilesAsync(
        OpenedInput input,
        StemFilePlanner planner,
        SeparatorOptions options,
        IProgress<SeparationProgress>? progress,
        CancellationToken cancellationToken)
    {
        using FileSink sink = new(planner.Plan, cancellationToken) { Timeline = options.Timeline, BeforeNaming = input.RequireUnchanged };
        SeparationSummary summary = await SeparateAsync(input, sink, options, progress, cancellationToken).ConfigureAwait(false);
        return SeparatedFiles.Of(summary, sink, input.Warnings);
    }

    /// <summary>Frees the network and its threads; a separation that is running is finished first.</summary>
    public void Dispose()
    {
        _gate.Wait();
        try
        {
            _disposed = true;
            _engines.Dispose();
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <inheritdoc cref="Dispose"/>
    public async ValueTask DisposeAsync()
    {
        await _gate.WaitAsync().ConfigureAwait(false);
        try
        {
            _disposed = true;
            _engines.Dispose();
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Checks the options of a call, before anything is opened.</summary>
    /// <returns>The wanted stems by number, in the model's order.</returns>
    private int[] Check(SeparatorOptions options)
    {
        options.Validate();
        RequireSameEngine(options);
        return WantedStems(options);
    }

    /// <summary>The wanted stems by number, in the model's order.</summary>
    private int[] WantedStems(SeparatorOptions options)
    {
        if (options.Stems is null)
        {
            return [.. Enumerable.Range(0, Stems.Count)];
        }

        foreach (string stem in options.Stems)
        {
            if (!Stems.Contains(stem))
            {
                throw new OptionException($"There is no stem '{stem}' in {Model}; it has {string.Join(", ", Stems)}.");
            }

            if (Options.Stems is not null && !Options.Stems.Contains(stem))
            {
                throw new OptionException(
                    $"The stem '{stem}' was not asked for when the model was opened, so the networks for it may be missing; "
                    + $"open the separator with it. It was opened for {string.Join(", ", Options.Stems)}.");
            }
        }

        return [.. Enumerable.Range(0, Stems.Count).Where(i => options.Stems.Contains(Stems[i]))];
    }

    private void RequireSameEngine(SeparatorOptions options)
    {
        if (options.Stems is null && Options.Stems is not null)
        {
            throw new OptionException(
                $"This separator was opened for {string.Join(", ", Options.Stems)} only; open another one for all stems.");
        }

        string? different =
            options.Model != Options.Model ? nameof(SeparatorOptions.Model)
            : options.ModelFolder != Options.ModelFolder ? nameof(SeparatorOptions.ModelFolder)
            : options.Threads != Options.Threads ? nameof(SeparatorOptions.Threads)
            : options.ParallelSegments != Options.ParallelSegments ? nameof(SeparatorOptions.ParallelSegments)
            : options.Backends != Options.Backends ? nameof(SeparatorOptions.Backends)
            : options.Engine != Options.Engine ? nameof(SeparatorOptions.Engine)
            : options.Device != Options.Device ? nameof(SeparatorOptions.Device)
            : options.Precision != Options.Precision ? nameof(SeparatorOptions.Precision)
            : options.Fallback != Options.Fallback ? nameof(SeparatorOptions.Fallback)
            : null;
        if (different is not null)
        {
            throw new OptionException(
                $"{different} belongs to the separator and cannot differ in one call; open another separator for it.");
        }
    }
}
