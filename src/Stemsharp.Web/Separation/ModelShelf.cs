using Stemsharp.Chains;
using Stemsharp.Client;
using Stemsharp.Inference;
using Stemsharp.Web.Settings;
using Stemsharp.Web.Text;

namespace Stemsharp.Web.Separation;

/// <summary>The models that are offered: the known ones, or those of the folder that the server was started with.</summary>
internal sealed class ModelShelf
{
    /// <summary>The chain whose instrumental keeps the backing vocals.</summary>
    private const string Karaoke = "karaoke";
    private static readonly string[] Four = ["drums", "bass", "other", "vocals"];
    private static readonly string[] Six = ["drums", "bass", "other", "vocals", "guitar", "piano"];

    private static readonly ModelInfo[] Known =
    [
        new("htdemucs", "Four stems, one network: fast and good.", Four, false) { Purposes = ["two", "four"] },
        new("htdemucs_ft", "Four stems, a network for each: better, and four times the work.", Four, false) { Purposes = ["best"] },
        new("htdemucs_6s", "Six stems, with guitar and piano.", Six, false) { Purposes = ["six"] },
        new("hdemucs_mmi", "Four stems, the network before the transformer.", Four, false),
        new("mdx", "Four stems, four older networks, trained on MUSDB18-HQ alone.", Four, false),
        new("mdx_extra", "Four stems, four older networks, trained on more songs.", Four, false),
        new("repro_mdx_a", "Four stems, four older networks: mdx made anew.", Four, false),
        new("repro_mdx_a_time_only", "Four stems: the networks on waveforms of repro_mdx_a.", Four, false),
        new("repro_mdx_a_hybrid_only", "Four stems: the hybrid networks of repro_mdx_a.", Four, false),
        new(DemoModel.Name, "A small model for trying things out; it is no match for real music.", Six, false) { IsToy = true },
    ];

    private readonly ServeOptions _options;
    private readonly IReadOnlyList<SeparationChain> _chains;
    private volatile ModelInfo[] _models;

    /// <param name="options">The server's.</param>
    /// <param name="chains">Chains that are offered beside known models; null for the presets.</param>
    public ModelShelf(ServeOptions options, IReadOnlyList<SeparationChain>? chains = null)
    {
        _options = options;
        // A folder of one's own has nothing to do with known names.
        _chains = options.ModelFolder is null ? chains ?? SeparationChain.Presets : [];
        _models =
        [
            .. (options.ModelFolder is { } folder ? InFolder(folder) : [.. Known, .. Others()]).Select(Look),
            .. _chains.Select(chain => Look(new ModelInfo(chain.Name, Sentence(chain.Description), [.. chain.Outputs.Select(o => o.Name)], false)
            {
                Models = chain.Models,
                Purposes = chain.Name == Karaoke ? [Karaoke] : [],
            })),
        ];
        if (options.Model is { } wanted && !_models.Any(model => model.Name == wanted))
        {
            ModelInfo own = Look(new ModelInfo(wanted, "The model that the server was started with.", [], false));
            if (!own.Installed)
            {
                throw new ModelException($"There is no model '{wanted}'; there are {Names}.") { Failure = ModelFailure.Unknown };
            }

            _models = [own, .. _models];
        }
        Default = options.Model ?? _models.FirstOrDefault()?.Name ?? throw new ModelException($"The folder {options.ModelFolder} holds no models: no .th, .safetensors, .ckpt or .yaml files.");
    }

    public string Default { get; }

    public IReadOnlyList<ModelInfo> Models => _models;

    private string Names
    {
        get
        {
            int others = _models.Count(model => model.ByOthers);
            return string.Join(", ", _models.Where(model => !model.ByOthers).Select(model => model.Name)) + (others > 0 ? $", and {others} of others" : "");
        }
    }

    public ModelInfo Find(string name) => _models.FirstOrDefault(model => model.Name == name)
        ?? throw new UnknownModelException($"The model '{ClientText.Quoted(name)}' is unknown; there are {Names}.");

    /// <summary>The chain of a name; null where the name is a single model's.</summary>
    public SeparationChain? FindChain(string name) => _chains.FirstOrDefault(chain => chain.Name == name);

    /// <param name="offline">Whether nothing is fetched.</param>
    /// <param name="standIns">Whether networks that are not here are taken by synthetic ones of their architecture.</param>
    public static ModelCatalog Catalog(bool offline, bool standIns = false) => new(new ModelCatalogOptions
    {
        Offline = offline,
        StandIns = standIns,
        Embedded = [DemoModel.Embedded],
    });

    public async Task DownloadAsync(string name, IProgress<double> progress, CancellationToken cancellationToken)
    {
        if (_options.Offline)
        {
            throw new ModelException("The server was started with --offline and downloads nothing.") { Failure = ModelFailure.Offline };
        }

        Find(name);
        DownloadTotal total = new(progress, Find(name).DownloadBytes);
        foreach (string model in Find(name).Models ?? [name])
        {
            await Catalog(offline: false).ResolveAsync(model, _options.ModelFolder, null, total, cancellationToken).ConfigureAwait(false);
        }

        // What was fetched for one may be what another was waiting for.
        _models = [.. _models.Select(model => model.Installed ? model : Look(model))];
    }

    /// <summary>What goes when a model is removed.</summary>
    public ModelFiles Files(string name)
    {
        KnownModelFile[] own = CachedFiles(Find(name));
        HashSet<string> names = [.. own.Select(file => file.Name)];
        string[] sharing = [.. _models.Where(model => model.Name != name && model.Installed && CachedFiles(model).Any(file => names.Contains(file.Name))).Select(model => model.Name)];
        string[] chains = names.Count == 0 ? [] : [.. _models.Where(model => model.Installed && model.Models?.Any(part => part == name || sharing.Contains(part)) == true).Select(model => model.Name)];
        return new ModelFiles([.. own.Select(file => new ModelFile(file.Name, file.Bytes ?? 0))], [.. sharing, .. chains]);
    }

    /// <summary>Deletes a model's files from the cache.</summary>
    public void Remove(string name)
    {
        Catalog(offline: true).Remove(name);
        _models = [.. _models.Select(model => model.Installed ? Look(model with { Installed = false }) : model)];
    }

    /// <summary>What the catalog knows besides: public checkpoints of others, and what the user's own catalog names.</summary>
    private static IEnumerable<ModelInfo> Others() => Catalog(offline: true).List()
        .Where(model => model.Files.Count > 0 && !Known.Any(known => known.Name == model.Name))
        .Select(model => new ModelInfo(model.Name, Sentence(model.Description), model.Stems, false) { ByOthers = true });

    private static IEnumerable<ModelInfo> InFolder(string folder) =>
        Directory.EnumerateFiles(folder)
            .Where(file => Path.GetExtension(file).ToLowerInvariant() is ".th" or ".safetensors" or ".ckpt" or ".onnx" or ".yaml")
            .Select(file => Path.GetFileNameWithoutExtension(file).Split('-')[0])
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)
            .Select(name => new ModelInfo(name, $"From {folder}.", [], false));

    /// <summary>Whether a model, or all of a chain's, are here, without fetching anything.</summary>
    private ModelInfo Look(ModelInfo model)
    {
        if (model.Models is not { } names)
        {
            return LookAtOne(model);
        }

        ModelInfo[] parts = [.. names.Select(name => LookAtOne(new ModelInfo(name, "", [], false)))];
        LicenceInfo[] licences = [.. parts.Select(part => part.Licence).OfType<LicenceInfo>().Distinct()];
        return model with
        {
            Installed = parts.All(part => part.Installed),
            DownloadBytes = parts.Any(part => part is { Installed: false, DownloadBytes: null }) ? null : parts.Sum(part => part.DownloadBytes),
            Licence = licences switch
            {
                [] => null,
                [var only] => only,
                _ => new LicenceInfo(string.Join("; ", licences.Select(l => l.Text).Distinct()), string.Join("; ", licences.Select(l => l.StatedBy).Distinct()))
                {
                    MustBeAccepted = licences.Any(l => l.MustBeAccepted),
                },
            },
        };
    }

    /// <summary>The same for a single one; its stems as its files tell them, its licence as the catalog does.</summary>
    private ModelInfo LookAtOne(ModelInfo model)
    {
        ModelCatalog catalog = Catalog(offline: true);
        try
        {
            ModelSource source = catalog.ResolveAsync(model.Name, _options.ModelFolder).GetAwaiter().GetResult();
            PieceCut cut = source.Members[0].Definition.Cut;
            return model with { Installed = true, Stems = source.Stems, Overlap = 1 - (double)cut.StepNumerator / cut.StepDenominator, DownloadBytes = null, RemovableBytes = CachedFiles(model) is { Length: > 0 } files ? files.Sum(file => file.Bytes) : null, Licence = Info(source.Members.Select(m => m.Licence).FirstOrDefault(l => l is not null)) };
        }
        catch (ModelException)
        {
            // A folder of one's own has nothing to do with known names.
            KnownModel? known = _options.ModelFolder is null ? catalog.Find(model.Name) : null;
            // Workers fetch what they lack.
            bool elsewhere = known is not null && _options.Queue is not null;
            return model with { Installed = elsewhere, DownloadBytes = elsewhere ? null : known?.MissingBytes, RemovableBytes = null, Licence = Info(known?.Licence) };
        }
    }

    /// <summary>A single model's files in the catalog's own cache.</summary>
    private KnownModelFile[] CachedFiles(ModelInfo model) => model.Models is not null || _options.ModelFolder is not null ? []
        : [.. (Catalog(offline: true).Find(model.Name)?.Files ?? []).SelectMany(file => file.WithConfiguration).Where(file => file.Place == ModelFilePlace.Cache)];

    private static string Sentence(string text) => $"{char.ToUpperInvariant(text[0])}{text[1..]}.";

    private static LicenceInfo? Info(ModelLicence? licence) =>
        licence is null ? null : new LicenceInfo(licence.Text, licence.StatedBy) { Link = licence.Link?.AbsoluteUri, MustBeAccepted = licence.MustBeAccepted };

    /// <summary>Sums up the files of a model that has several.</summary>
    private sealed class DownloadTotal(IProgress<double> progress, long? bytes) : IProgress<DownloadProgress>
    {
        private readonly Dictionary<string, DownloadProgress> _files = [];

        public void Report(DownloadProgress value)
        {
            _files[value.File] = value;
            double total = bytes ?? _files.Values.Sum(file => file.Total ?? file.Received);
            if (total > 0)
            {
                progress.Report(Math.Min(1, _files.Values.Sum(file => file.Received) / total));
            }
        }
    }
}
