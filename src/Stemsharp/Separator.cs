using Stemsharp.Files;
using Stemsharp.Inference;
using Stemsharp.Separation;

namespace Stemsharp;

/// <summary>
/// Takes songs apart with one model. Safe for use from several threads: separations run one after the other,
/// each on all of <see cref="SeparatorOptions.Threads"/>. Holds one network in memory, loaded at its first use.
/// </summary>
public sealed class Separator : StemSeparator
{
    private readonly SeparatorEngines _engines;

    private Separator(SeparatorOptions options, ModelSource source)
        : base(options)
    {
        Source = source;
        _engines = new SeparatorEngines(source, options, Logger);
    }

    /// <summary>The model's networks and weights.</summary>
    public ModelSource Source { get; }

    /// <inheritdoc/>
    public override string Model => Source.Name;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Stems => Source.Stems;

    /// <inheritdoc/>
    public override int SampleRate => Source.SampleRate;

    /// <inheritdoc/>
    internal override int Channels => Source.Members[0].Definition.Channels;

    /// <inheritdoc/>
    internal override AudioSeparatorNames AudioSeparatorNames => Source.AudioSeparatorNames;

    /// <inheritdoc/>
    internal override IReadOnlyList<string> Models => [Options.Model];

    /// <inheritdoc/>
    internal override (int Segments, long BytesEach, long DeviceBytes) AtOnce => _engines.AtOnce;

    /// <inheritdoc/>
    internal override int MostAtOnce
    {
        get => _engines.MostAtOnce;
        set => _engines.MostAtOnce = value;
    }

    /// <summary>
    /// Finds the model, downloading what is missing unless the catalog forbids it, and prepares for the first song unless
    /// <see cref="SeparatorOptions.Preload"/> is off.
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
        return await PreparedAsync(Open(source, options), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Takes a model that was found already. Nothing is loaded before the first song or <see cref="StemSeparator.PrepareAsync"/>.</summary>
    /// <param name="source">The model.</param>
    /// <param name="options">Null for the defaults; <see cref="SeparatorOptions.Model"/> is not looked at.</param>
    /// <exception cref="OptionException">An option is out of range or means nothing for the model, or a wanted stem does not exist.</exception>
    /// <exception cref="EngineException">The engine is not there, or does not take the model.</exception>
    public static Separator Open(ModelSource source, SeparatorOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        options ??= new SeparatorOptions();
        options.Validate();
        Separator separator = new(options, options.ZeroDc is { } zeroDc ? source.WithZeroDc(zeroDc) : source);
        separator.WantedStems(options.Defaults.Stems);
        separator._engines.Check();
        return separator;
    }

    /// <inheritdoc/>
    public override string ComputeFingerprint() => Source.ComputeFingerprint();

    /// <summary>Separates on the calling thread, for a chain, which sees to it that there is one call at a time.</summary>
    internal SeparationSummary SeparateHere(
        OpenedInput input, IStemSink sink, SeparationOptions options, IProgress<SeparationProgress> progress, CancellationToken cancellationToken) =>
        Execute(input, sink, options, Check(options), progress, cancellationToken);

    /// <summary>The segments that a song will take.</summary>
    /// <param name="track">Its name, for messages.</param>
    /// <param name="length">Its samples per channel.</param>
    /// <param name="options">Options of the call.</param>
    /// <exception cref="OptionException">An option does not fit the model or the song.</exception>
    internal long CountSegments(string track, long length, SeparationOptions options) =>
        SeparationRun.Count(_engines, options, Check(options), track, length);

    /// <inheritdoc/>
    internal override (int Stride, int Border, int Segment) StepFor(SeparationOptions options)
    {
        PieceCut cut = Source.Members.MinBy(m => m.Definition.Cut.Samples)!.Definition.Cut;
        int segment = options.Segment is { } asked ? (int)(SampleRate * asked) : cut.Samples;
        int stride = cut.StepOf(segment, options.Overlap);
        return (stride, cut.BorderOf(long.MaxValue, segment, stride), segment);
    }

    /// <inheritdoc/>
    internal override void FreeNetworks() => _engines.Free();

    /// <summary>Prepares on the calling thread, for a chain, which sees to it that there is one call at a time.</summary>
    internal void PrepareHere() => Prepare();

    private protected override void Prepare()
    {
        BagPass pass = new Bag(_engines.Members, WantedStems(Options.Defaults.Stems)).Passes[0];
        PieceCut cut = pass.Member.Definition.Cut;
        int samples = Options.Defaults.Segment is { } seconds ? (int)(SampleRate * seconds) : cut.Samples;
        IEngine engine = pass.Member.Engines.Open(cut.NetworkSamples(samples), long.MaxValue);
        (engine as IRehearsable)?.Rehearse(pass.Stems);
        SongRehearsal.Run(Source, Options);
    }

    private protected override SeparationSummary Execute(
        OpenedInput input, IStemSink sink, SeparationOptions options, int[] wanted, IProgress<SeparationProgress>? progress, CancellationToken cancellationToken) =>
        new SeparationRun(this, _engines, Logger, options, wanted, progress, cancellationToken).Execute(input, sink);
}
