namespace Stemsharp;

/// <summary>
/// Takes songs apart with one model. Safe for use from several threads: separations run one after the other,
/// each on all of <see cref="SeparatorOptions.Threads"/>. Holds one network in memory, loaded at its first use.
/// </summary>
public sealed partial class Separator : IAsyncDisposable, IDisposable
{
    private Separator(SeparatorOptions options, ModelSource source)
    {
        Options = options;
        Source = source;
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
    public static async Task<Separator> OpenAsync(
        SeparatorOptions? options = null,
        ModelCatalog? catalog = null,
        IProgress<DownloadProgress>? downloads = null,
        CancellationToken cancellationToken = default)
    {
        options ??= new SeparatorOptions();
        catalog ??= new ModelCatalog();
        ModelSource source = await catalog.ResolveAsync(
            options.Model, options.ModelFolder, options.Stems, downloads, cancellationToken).ConfigureAwait(false);
        return new Separator(options, source);
    }

    /// <summary>Separates a song into memory: stems × length × 8 bytes.</summary>
    /// <param name="input">The song; a path stands for the file.</param>
    /// <param name="options">Options of this call; null for <see cref="Options"/>.</param>
    /// <param name="progress">Told after each step.</param>
    /// <param name="cancellationToken">Stops within a segment.</param>
    /// <exception cref="AudioException">The song cannot be read, is empty, or holds samples that are no numbers.</exception>
    /// <exception cref="OptionException">An option does not fit the model or the song.</exception>
    /// <exception cref="ModelException">The weights cannot be read or do not fit.</exception>
    public Task<SeparationResult> SeparateAsync(
        AudioInput input,
        SeparatorOptions? options = null,
        IProgress<SeparationProgress>? progress = null,
        CancellationToken cancellationToken = default) =>
        throw new OptionException($"{Model} {input.Name} {options} {progress} {cancellationToken}");

    /// <summary>
    /// Separates a song of any length in constant memory, handing its stems to a sink as they are finished.
    /// </summary>
    /// <param name="input">The song; a path stands for the file.</param>
    /// <param name="sink">Takes the blocks, on the thread that separates.</param>
    /// <param name="options">Options of this call; null for <see cref="Options"/>.</param>
    /// <param name="progress">Told after each step.</param>
    /// <param name="cancellationToken">Stops within a segment.</param>
    /// <inheritdoc cref="SeparateAsync(AudioInput, SeparatorOptions?, IProgress{SeparationProgress}?, CancellationToken)" path="/exception"/>
    public Task<SeparationSummary> SeparateAsync(
        AudioInput input,
        IStemSink sink,
        SeparatorOptions? options = null,
        IProgress<SeparationProgress>? progress = null,
        CancellationToken cancellationToken = default) =>
        throw new OptionException($"{Model} {input.Name} {sink} {options} {progress} {cancellationToken}");

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
        CancellationToken cancellationToken = default) =>
        throw new OptionException($"{Model} {input.Name} {options} {progress} {cancellationToken}");

    /// <summary>Frees the network and its threads; a separation that is running is finished first.</summary>
    public void Dispose()
    {
    }

    /// <inheritdoc cref="Dispose"/>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }
}
