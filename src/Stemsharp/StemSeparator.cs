using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Stemsharp.Audio;
using Stemsharp.Files;

namespace Stemsharp;

/// <summary>
/// Takes songs apart: with one model (<see cref="Separator"/>), or with several in a chain (<see cref="ChainSeparator"/>). Safe for use
/// from several threads: separations run one after the other, each on all of <see cref="SeparatorOptions.Threads"/>. Holds one
/// network in memory, loaded at its first use.
/// </summary>
public abstract class StemSeparator : IAsyncDisposable, IDisposable
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private bool _disposed;

    private protected StemSeparator(SeparatorOptions options)
    {
        Options = options;
        Logger = options.Logger ?? NullLogger.Instance;
    }

    /// <summary>What it was opened with.</summary>
    public SeparatorOptions Options { get; }

    /// <summary>The model's or the chain's name.</summary>
    public abstract string Model { get; }

    /// <summary>All stems that it gives, in order.</summary>
    public abstract IReadOnlyList<string> Stems { get; }

    /// <summary>The rate of the stems in Hz.</summary>
    public abstract int SampleRate { get; }

    /// <summary>The stems' channels.</summary>
    internal abstract int Channels { get; }

    /// <summary>How audio-separator would call its files.</summary>
    internal abstract AudioSeparatorNames AudioSeparatorNames { get; }

    /// <summary>The models that it runs, by the names that it was told.</summary>
    internal abstract IReadOnlyList<string> Models { get; }

    /// <summary>The stems of a call that asks for none, in order.</summary>
    internal IReadOnlyList<string> AskedStems => [.. WantedStems(Options.Defaults.Stems).Select(stem => Stems[stem])];

    /// <summary>
    /// How many segments of a long song run at once, the memory of the host that each beyond the first takes, and that of a device which
    /// all of them take together; 0 where it has none of its own.
    /// </summary>
    internal abstract (int Segments, long BytesEach, long DeviceBytes) AtOnce { get; }

    /// <summary>Most segments that may run at once, whatever the options say: for a limit of memory.</summary>
    internal abstract int MostAtOnce { get; set; }

    /// <summary>Where it logs.</summary>
    private protected ILogger Logger { get; }

    /// <summary>
    /// A SHA-256 in hex over the networks and how they work together: the same fingerprint stands for the same results with the
    /// same options. Reads every file whose checksum is not known yet.
    /// </summary>
    /// <exception cref="ModelException">A file cannot be read any more.</exception>
    public abstract string ComputeFingerprint();

    /// <summary>
    /// Loads the first network, where none is loaded, and has the code compiled that a song goes through (once in a process, by a rehearsal in the temporary
    /// folder), so that the first song is as fast as the second. Without it the first song does both.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait for a separation that is running.</param>
    /// <exception cref="ModelException">The weights cannot be read or do not fit.</exception>
    /// <exception cref="Inference.EngineException">The engine fails, and there is no other.</exception>
    public async Task PrepareAsync(CancellationToken cancellationToken = default)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            await Task.Factory.StartNew(Prepare, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Separates a song into memory: stems × length × 8 bytes.</summary>
    /// <param name="input">The song; a path stands for the file.</param>
    /// <param name="options">Options of this call; null for <see cref="SeparatorOptions.Defaults"/>.</param>
    /// <param name="progress">Told after each step.</param>
    /// <param name="cancellationToken">Stops within a segment.</param>
    /// <exception cref="AudioException">The song cannot be read, is empty, or holds samples that are no numbers.</exception>
    /// <exception cref="OptionException">An option does not fit the model or the song.</exception>
    /// <exception cref="ModelException">The weights cannot be read or do not fit.</exception>
    public async Task<SeparationResult> SeparateAsync(
        AudioInput input,
        SeparationOptions? options = null,
        IProgress<SeparationProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        MemorySink sink = new();
        SeparationSummary summary = await SeparateAsync(input, sink, options, progress, cancellationToken).ConfigureAwait(false);
        return sink.Result(summary, new ResultOrigin(input.Name, Stems, AudioSeparatorNames));
    }

    /// <summary>
    /// Separates a song of any length in constant memory, handing its stems to a sink as they are finished.
    /// </summary>
    /// <param name="input">The song; a path stands for the file.</param>
    /// <param name="sink">Takes the blocks, on the thread that separates.</param>
    /// <param name="options">Options of this call; null for <see cref="SeparatorOptions.Defaults"/>.</param>
    /// <param name="progress">Told after each step.</param>
    /// <param name="cancellationToken">Stops within a segment.</param>
    /// <inheritdoc cref="SeparateAsync(AudioInput, SeparationOptions?, IProgress{SeparationProgress}?, CancellationToken)" path="/exception"/>
    public async Task<SeparationSummary> SeparateAsync(
        AudioInput input,
        IStemSink sink,
        SeparationOptions? options = null,
        IProgress<SeparationProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(sink);
        return await RunAsync(input, null, sink, Effective(options), progress, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Separates an input that is open already.</summary>
    /// <inheritdoc cref="SeparateAsync(AudioInput, IStemSink, SeparationOptions?, IProgress{SeparationProgress}?, CancellationToken)"/>
    internal Task<SeparationSummary> SeparateAsync(
        OpenedInput input, IStemSink sink, SeparationOptions options, IProgress<SeparationProgress>? progress, CancellationToken cancellationToken) =>
        RunAsync(null, input, sink, options, progress, cancellationToken);

    private async Task<SeparationSummary> RunAsync(
        AudioInput? input,
        OpenedInput? opened,
        IStemSink sink,
        SeparationOptions options,
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
                    using OpenedInput? own = input is null ? null : OpenedInput.Open(input, options.TemporaryFolder, cancellationToken, timeline: options.Timeline);
                    return Execute(opened ?? own!, sink, options, wanted, progress, cancellationToken);
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
    /// <param name="options">Options of this call; null for <see cref="SeparatorOptions.Defaults"/>.</param>
    /// <param name="progress">Told after each step.</param>
    /// <param name="cancellationToken">Stops within a segment.</param>
    /// <inheritdoc cref="SeparateAsync(AudioInput, SeparationOptions?, IProgress{SeparationProgress}?, CancellationToken)" path="/exception"/>
    public IAsyncEnumerable<StemBlock> StreamAsync(
        AudioInput input,
        SeparationOptions? options = null,
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
    /// <param name="options">Options of this call; null for <see cref="SeparatorOptions.Defaults"/>.</param>
    /// <param name="progress">Told after each step.</param>
    /// <param name="cancellationToken">Stops within a segment.</param>
    /// <inheritdoc cref="SeparateAsync(AudioInput, SeparationOptions?, IProgress{SeparationProgress}?, CancellationToken)" path="/exception"/>
    public async Task<SeparatedFiles> SeparateToFilesAsync(
        AudioInput input,
        string folder,
        StemFileOptions? files = null,
        SeparationOptions? options = null,
        IProgress<SeparationProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        files = (files ?? new StemFileOptions()).Resolved();
        SeparationOptions asked = Effective(options);
        asked = WithWorkFolder(asked with { Stems = asked.Stems ?? files.NeededStems }, folder, Path.GetFileNameWithoutExtension(input.Name));
        Check(asked);
        files.Validate(Stems, asked.Stems, SampleRate, Channels);
        bool tags = StemFilePlanner.NeedsTags(files);
        using OpenedInput source = await Task.Run(
            () => OpenedInput.Open(input, asked.TemporaryFolder, cancellationToken, tags, asked.Timeline), cancellationToken).ConfigureAwait(false);
        StemFilePlanner planner = new(files, folder, source)
        {
            TemporaryFolder = asked.TemporaryFolder,
            Names = files.Layout == StemFileLayout.AudioSeparator ? AudioSeparatorNames : null,
            CancellationToken = cancellationToken,
        };
        SeparatedFiles made = await SeparateToFilesAsync(source, planner, asked, progress, cancellationToken).ConfigureAwait(false);
        Finished(asked, folder);
        return made;
    }

    /// <summary>
    /// Separates a song of any length in constant memory, each stem into a writer: a file's, or one over any stream
    /// (<see cref="AudioFiles.Create(Stream, int, int, EncodingOptions?, long?)"/>), such as a response's body. Samples are not clipped or
    /// rescaled; a writer of integers cuts what is above full scale.
    /// </summary>
    /// <param name="input">The song; a path stands for the file.</param>
    /// <param name="open">Opens the writer of a stem, at the stems' rate and channels. All are completed at the end, and disposed.</param>
    /// <param name="options">Options of this call; null for <see cref="SeparatorOptions.Defaults"/>.</param>
    /// <param name="progress">Told after each step.</param>
    /// <param name="cancellationToken">Stops within a segment.</param>
    /// <inheritdoc cref="SeparateAsync(AudioInput, SeparationOptions?, IProgress{SeparationProgress}?, CancellationToken)" path="/exception"/>
    public async Task<SeparationSummary> SeparateToWritersAsync(
        AudioInput input,
        Func<SeparationInfo, string, IAudioWriter> open,
        SeparationOptions? options = null,
        IProgress<SeparationProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(open);
        using WriterSink sink = new(open);
        return await SeparateAsync(input, sink, options, progress, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>What an exact sum means where the song is damaged.</summary>
    private const string DamagedSum = "The stems add up to what was decoded of the song, not to what it was before it was damaged.";

    /// <summary>Separates an input that is open already into planned files.</summary>
    /// <inheritdoc cref="SeparateToFilesAsync(AudioInput, string, StemFileOptions?, SeparationOptions?, IProgress{SeparationProgress}?, CancellationToken)"/>
    internal async Task<SeparatedFiles> SeparateToFilesAsync(
        OpenedInput input,
        StemFilePlanner planner,
        SeparationOptions options,
        IProgress<SeparationProgress>? progress,
        CancellationToken cancellationToken)
    {
        using FileSink sink = new(planner.Plan, cancellationToken) { Timeline = options.Timeline, BeforeNaming = input.RequireUnchanged };
        SeparationSummary summary = await SeparateAsync(input, sink, options, progress, cancellationToken).ConfigureAwait(false);
        return SeparatedFiles.Of(summary, sink, sink.NullDecibels is not null && input.IsDamaged ? [.. input.Warnings, DamagedSum] : input.Warnings);
    }

    /// <summary>
    /// Samples from one segment to the next, those that are mirrored before a longer song, and those of a segment; of several models, those
    /// of the longest step.
    /// </summary>
    internal abstract (int Stride, int Border, int Segment) StepFor(SeparationOptions options);

    /// <summary>Bytes on disk that results of one model take which wait for another one; 0 for a single model.</summary>
    internal virtual long WaitingBytes(SeparationOptions options, long length) => 0;

    /// <summary>One separation, on the calling thread.</summary>
    /// <param name="input">The song.</param>
    /// <param name="sink">Takes the blocks.</param>
    /// <param name="options">Checked.</param>
    /// <param name="wanted">The wanted stems, by number.</param>
    /// <param name="progress">Told after each step.</param>
    /// <param name="cancellationToken">Stops within a segment.</param>
    private protected abstract SeparationSummary Execute(
        OpenedInput input, IStemSink sink, SeparationOptions options, int[] wanted, IProgress<SeparationProgress>? progress, CancellationToken cancellationToken);

    /// <summary>A separator that was just opened, prepared where its options ask for that; closed where that fails.</summary>
    private protected static async Task<T> PreparedAsync<T>(T separator, CancellationToken cancellationToken)
        where T : StemSeparator
    {
        if (!separator.Options.Preload)
        {
            return separator;
        }

        try
        {
            await separator.PrepareAsync(cancellationToken).ConfigureAwait(false);
            return separator;
        }
        catch
        {
            await separator.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Loads and rehearses what the first song will need, on the calling thread.</summary>
    private protected abstract void Prepare();

    /// <summary>The options with a place for what is kept until a song's files are whole; as they are where nothing is.</summary>
    private protected virtual SeparationOptions WithWorkFolder(SeparationOptions options, string folder, string track) => options;

    /// <summary>A song's files are whole.</summary>
    private protected virtual void Finished(SeparationOptions options, string folder)
    {
    }

    /// <summary>Frees what is loaded; it is loaded again when it is needed.</summary>
    internal abstract void FreeNetworks();

    /// <summary>Frees the network and its threads; a separation that is running is finished first.</summary>
    public void Dispose()
    {
        _gate.Wait();
        try
        {
            _disposed = true;
            FreeNetworks();
        }
        finally
        {
            _gate.Release();
        }

        GC.SuppressFinalize(this);
    }

    /// <inheritdoc cref="Dispose"/>
    public async ValueTask DisposeAsync()
    {
        await _gate.WaitAsync().ConfigureAwait(false);
        try
        {
            _disposed = true;
            FreeNetworks();
        }
        finally
        {
            _gate.Release();
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>The options of a call, with the stems that it means.</summary>
    /// <param name="options">Null for <see cref="SeparatorOptions.Defaults"/>.</param>
    internal SeparationOptions Effective(SeparationOptions? options)
    {
        options ??= Options.Defaults;
        return options with { Stems = options.Stems ?? Options.Stems };
    }

    /// <summary>Checks the options of a call, before anything is opened.</summary>
    /// <returns>The wanted stems by number, in the model's order.</returns>
    internal int[] Check(SeparationOptions options)
    {
        options.Validate();
        return WantedStems(options.Stems);
    }

    /// <summary>The wanted stems by number, in the model's order.</summary>
    /// <param name="wanted">Their names; null for all that it was opened for.</param>
    private protected int[] WantedStems(IReadOnlyList<string>? wanted)
    {
        wanted ??= Options.Stems;
        if (wanted is null)
        {
            return [.. Enumerable.Range(0, Stems.Count)];
        }

        foreach (string stem in wanted)
        {
            if (!Stems.Contains(stem, StringComparer.OrdinalIgnoreCase))
            {
                throw new OptionException($"There is no stem '{stem}' in {Model}; it has {string.Join(", ", Stems)}.");
            }

            if (Options.Stems is not null && !Options.Stems.Contains(stem, StringComparer.OrdinalIgnoreCase))
            {
                throw new OptionException(
                    $"The stem '{stem}' was not asked for when the model was opened, so the networks for it may be missing; "
                    + $"open the separator with it. It was opened for {string.Join(", ", Options.Stems)}.");
            }
        }

        return [.. Enumerable.Range(0, Stems.Count).Where(i => wanted.Contains(Stems[i], StringComparer.OrdinalIgnoreCase))];
    }
}
