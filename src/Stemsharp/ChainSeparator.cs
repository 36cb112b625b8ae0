using System.Security.Cryptography;
using System.Text;
using Stemsharp.Audio;
using Stemsharp.Chains;
using Stemsharp.Files;
using Stemsharp.Inference;

namespace Stemsharp;

/// <summary>
/// Takes songs apart with a chain of models. Its stems are the chain's outputs, at the length and rate of the song as the models hear it.
/// Models run one after the other, so that memory is that of the largest network; what one gives for another waits on disk. The
/// bits are those of the models run one by one through files of 32-bit floats. Safe for use from several threads.
/// </summary>
public sealed class ChainSeparator : StemSeparator
{
    private const string WorkFolderName = ".stemsharp-chain";
    private readonly IReadOnlyDictionary<string, Separator> _separators;
    private readonly Dictionary<string, Lazy<string>> _fingerprints;
    private readonly string[] _stems;

    private ChainSeparator(SeparationChain chain, IReadOnlyDictionary<string, Separator> separators, SeparatorOptions options)
        : base(options)
    {
        Chain = chain;
        _separators = separators;
        _stems = [.. chain.Outputs.Select(output => output.Name)];
        _fingerprints = separators.ToDictionary(pair => pair.Key, pair => new Lazy<string>(pair.Value.ComputeFingerprint));
    }

    /// <summary>What it does.</summary>
    public SeparationChain Chain { get; }

    /// <summary>The models that are needed for the stems it was opened for, by the names that the chain has for them.</summary>
    public IReadOnlyDictionary<string, ModelSource> Sources => _separators.ToDictionary(pair => pair.Key, pair => pair.Value.Source);

    /// <summary>The chain's name.</summary>
    public override string Model => Chain.Name;

    /// <summary>The chain's outputs, in its order.</summary>
    public override IReadOnlyList<string> Stems => _stems;

    /// <inheritdoc/>
    public override int SampleRate => First.SampleRate;

    /// <inheritdoc/>
    internal override int Channels => First.Channels;

    /// <summary>A preset is named there, and nothing like another chain is known.</summary>
    internal override AudioSeparatorNames AudioSeparatorNames => new(SeparationChain.Presets.Contains(Chain) ? $"preset_{Chain.Name}" : Chain.Name, Capitals: true);

    /// <inheritdoc/>
    internal override IReadOnlyList<string> Models => Chain.Models;

    /// <inheritdoc/>
    internal override (int Segments, long BytesEach, long DeviceBytes) AtOnce => _separators.Values.Select(separator => separator.AtOnce).MaxBy(most => (most.BytesEach, most.DeviceBytes));

    /// <inheritdoc/>
    internal override int MostAtOnce
    {
        get => First.MostAtOnce;
        set
        {
            foreach (Separator separator in _separators.Values)
            {
                separator.MostAtOnce = value;
            }
        }
    }

    private Separator First => _separators.Values.First();

    /// <summary>Finds the models of a chain, downloading what is missing unless the catalog forbids it.</summary>
    /// <param name="chain">What to do.</param>
    /// <param name="options">
    /// Null for the defaults. <see cref="SeparatorOptions.Model"/> is not looked at; <see cref="SeparatorOptions.Stems"/> names outputs of
    /// the chain, and models that they do not need are left out; settings that a step has go before those here.
    /// </param>
    /// <param name="catalog">Where models are; null for the default catalog.</param>
    /// <param name="downloads">Told about downloads.</param>
    /// <param name="cancellationToken">Stops a download.</param>
    /// <exception cref="ModelException">A model is unknown, missing, broken or not supported.</exception>
    /// <exception cref="OptionException">An option is out of range, a model lacks a stem, or the models do not go together.</exception>
    /// <exception cref="EngineException">The engine is not there, or does not take a model.</exception>
    public static Task<ChainSeparator> OpenAsync(
        SeparationChain chain,
        SeparatorOptions? options = null,
        ModelCatalog? catalog = null,
        IProgress<DownloadProgress>? downloads = null,
        CancellationToken cancellationToken = default) =>
        OpenAsync(chain, _ => null, options, catalog, downloads, cancellationToken);

    /// <param name="chain">What to do.</param>
    /// <param name="open">Opens a model that the catalog does not know; null for one that it may.</param>
    /// <param name="options">As for the public method.</param>
    /// <param name="catalog">Where models are; null for the default catalog.</param>
    /// <param name="downloads">Told about downloads.</param>
    /// <param name="cancellationToken">Stops a download.</param>
    internal static async Task<ChainSeparator> OpenAsync(
        SeparationChain chain,
        Func<string, ModelSource?> open,
        SeparatorOptions? options,
        ModelCatalog? catalog,
        IProgress<DownloadProgress>? downloads,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(chain);
        options ??= new SeparatorOptions();
        options.Validate();
        BackendChoice.RequirePresent(options);
        catalog ??= new ModelCatalog();
        Dictionary<string, ModelSource> sources = [];
        foreach (IGrouping<string, ChainRunPlan> runs in Plan(chain, options.Stems).Runs.GroupBy(run => run.Model.Model))
        {
            // Of a bag only the networks that matter are fetched, where its stems are known beforehand.
            string[] stems = [.. runs.SelectMany(run => run.Stems).Distinct()];
            bool areKnown = catalog.Find(runs.Key) is { } model && stems.All(model.Stems.Contains);
            try
            {
                sources.Add(runs.Key, open(runs.Key)
                    ?? await catalog.ResolveAsync(runs.Key, options.ModelFolder, areKnown ? stems : null, downloads, cancellationToken).ConfigureAwait(false));
            }
            catch (ModelException error)
            {
                throw new ModelException($"The chain {chain.Name} needs {runs.Key} for its step {runs.First().Step.Name}. {error.Message}", error);
            }
        }

        return await PreparedAsync(Open(chain, sources, options), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Takes models that were found already. Nothing is loaded before the first song or <see cref="StemSeparator.PrepareAsync"/>.</summary>
    /// <param name="chain">What to do.</param>
    /// <param name="sources">The models, by the names that the chain has for them; those that the wanted stems do not need may be missing.</param>
    /// <param name="options">As for <see cref="OpenAsync(SeparationChain, SeparatorOptions?, ModelCatalog?, IProgress{DownloadProgress}?, CancellationToken)"/>.</param>
    /// <exception cref="OptionException">An option is out of range, a model is missing or lacks a stem, or the models do not go together.</exception>
    /// <exception cref="EngineException">The engine does not take a model.</exception>
    public static ChainSeparator Open(SeparationChain chain, IReadOnlyDictionary<string, ModelSource> sources, SeparatorOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(chain);
        ArgumentNullException.ThrowIfNull(sources);
        options ??= new SeparatorOptions();
        options.Validate();
        ChainPlan plan = Plan(chain, options.Stems);
        Dictionary<string, Separator> separators = [];
        foreach (ChainRunPlan run in plan.Runs)
        {
            if (!sources.TryGetValue(run.Model.Model, out ModelSource? source))
            {
                throw new OptionException($"The chain {chain.Name} needs the model {run.Model.Model} for its step {run.Shown}, which was not given.");
            }

            if (run.Stems.FirstOrDefault(stem => StemNames.Find(stem, source.Stems) is null) is { } missing)
            {
                throw new OptionException(
                    $"Step {run.Shown} of the chain {chain.Name} takes the stem '{missing}', but {source.Name} has {string.Join(", ", source.Stems)}.");
            }

            if (!separators.ContainsKey(run.Model.Model))
            {
                bool? zeroDc = HasZeroDc(source) || !plan.Runs.Any(other => sources.TryGetValue(other.Model.Model, out ModelSource? one) && HasZeroDc(one)) ? options.ZeroDc : null;
                separators.Add(run.Model.Model, Separator.Open(source, options with
                {
                    Model = run.Model.Model,
                    Stems = null,
                    ZeroDc = zeroDc,
                    Defaults = options.Defaults with { Stems = null },
                }));
            }
        }

        if (separators.Count == 0)
        {
            throw new OptionException($"The wanted stems of the chain {chain.Name} are the mix itself; want one that a step makes.");
        }

        Separator first = separators.Values.First();
        foreach (Separator other in separators.Values)
        {
            if ((other.SampleRate, other.Channels) != (first.SampleRate, first.Channels))
            {
                throw new OptionException(
                    $"The models of the chain {chain.Name} do not go together: {first.Model} works at {first.SampleRate} Hz with {first.Channels} channels, "
                    + $"{other.Model} at {other.SampleRate} Hz with {other.Channels}. Chain models of one rate.");
            }
        }

        ChainSeparator opened = new(chain, separators, options);
        opened.WantedStems(options.Defaults.Stems);
        return opened;
    }

    /// <inheritdoc/>
    public override string ComputeFingerprint()
    {
        StringBuilder text = new(Chain.Json);
        foreach ((string model, Lazy<string> fingerprint) in _fingerprints)
        {
            text.Append('\n').Append(model).Append(' ').Append(fingerprint.Value);
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    /// <inheritdoc/>
    internal override (int Stride, int Border, int Segment) StepFor(SeparationOptions options) =>
        Plan(Chain, options.Stems).Runs.Select(run => SeparatorOf(run).StepFor(OptionsOf(run, options))).MaxBy(step => step.Stride);

    /// <inheritdoc/>
    internal override long WaitingBytes(SeparationOptions options, long length) =>
        Plan(Chain, options.Stems).MostWaiting(run => new RunForm(run.Stems.Count, length, Channels, SampleRate).Bytes);

    /// <summary>Options of a run: what its model has goes before what a call has.</summary>
    internal SeparationOptions OptionsOf(ChainRunPlan run, SeparationOptions options)
    {
        IReadOnlyList<string> stems = SeparatorOf(run).Stems;
        return options with
        {
            Stems = [.. run.Stems.Select(stem => StemNames.Find(stem, stems)!).Distinct()],
            Overlap = run.Model.Overlap ?? options.Overlap,
            Shifts = run.Model.Shifts ?? (TakesShifts(SeparatorOf(run)) || !_separators.Values.Any(TakesShifts) ? options.Shifts : 0),
            Seed = run.Model.Seed ?? options.Seed,
            Segment = run.Model.Segment ?? options.Segment,
            WorkFolder = null,
        };
    }

    private static bool HasZeroDc(ModelSource source) => source.Members.Any(member => member.Definition.ZeroDc is not null);

    // What a call asks for holds where it means something; where it means nothing at all it is refused as for a single model.
    private static bool TakesShifts(Separator separator) => separator.Source.Members.Any(member => member.Definition.Cut.MaxShift > 0);

    /// <summary>The separator of a run's model.</summary>
    internal Separator SeparatorOf(ChainRunPlan run) => _separators[run.Model.Model];

    /// <summary>The fingerprint of a run's model, computed once.</summary>
    internal string FingerprintOf(ChainRunPlan run) => _fingerprints[run.Model.Model].Value;

    /// <summary>Frees all networks but that of one model.</summary>
    internal void FreeOthers(Separator kept)
    {
        foreach (Separator separator in _separators.Values.Where(separator => separator != kept))
        {
            separator.FreeNetworks();
        }
    }

    /// <inheritdoc/>
    internal override void FreeNetworks()
    {
        foreach (Separator separator in _separators.Values)
        {
            separator.FreeNetworks();
        }
    }

    private protected override void Prepare() => First.PrepareHere();

    private protected override SeparationSummary Execute(
        OpenedInput input, IStemSink sink, SeparationOptions options, int[] wanted, IProgress<SeparationProgress>? progress, CancellationToken cancellationToken) =>
        new ChainRun(this, new ChainPlan(Chain, wanted), Logger, options, progress, cancellationToken).Execute(input, sink);

    /// <summary>What is kept lies beside the files, hidden.</summary>
    private protected override SeparationOptions WithWorkFolder(SeparationOptions options, string folder, string track) =>
        options.WorkFolder is null ? options with { WorkFolder = Path.Combine(Path.GetFullPath(folder), WorkFolderName, KeyOf(track)) } : options;

    /// <inheritdoc/>
    private protected override void Finished(SeparationOptions options, string folder)
    {
        ChainRun.Forget(options.WorkFolder!);
        string all = Path.Combine(Path.GetFullPath(folder), WorkFolderName);
        if (Path.GetDirectoryName(options.WorkFolder) == all)
        {
            // Other songs' folders may be in it.
            Folders.DeleteIfEmpty(all);
        }
    }

    private static ChainPlan Plan(SeparationChain chain, IReadOnlyList<string>? stems)
    {
        foreach (string stem in stems ?? [])
        {
            if (!chain.Outputs.Any(output => output.Name.Equals(stem, StringComparison.OrdinalIgnoreCase)))
            {
                throw new OptionException($"There is no stem '{stem}' in {chain.Name}; it has {string.Join(", ", chain.Outputs.Select(output => output.Name))}.");
            }
        }

        return new ChainPlan(chain, Enumerable.Range(0, chain.Outputs.Count).Where(i => stems is null || stems.Contains(chain.Outputs[i].Name, StringComparer.OrdinalIgnoreCase)));
    }

    private static string KeyOf(string track) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(track)))[..20];
}
