using Stemsharp.Checkpoints;
using Stemsharp.Checkpoints.Catalog;

namespace Stemsharp;

/// <summary>
/// The models that are known by name, where their files are kept, and how they get there. Also resolves
/// checkpoint files, bags and folders of models. Safe for use from several threads and processes at once.
/// </summary>
public sealed partial class ModelCatalog
{
    // A dozen names fit a sentence.
    private const int NamesInMessages = 12;

    // What the demo model is called where a host has it.
    private const string DemoName = "demo";

    private readonly ModelCatalogOptions _options;
    private readonly IReadOnlyList<CatalogEntry> _entries;
    private readonly ModelStore _store;

    /// <summary>Opens the catalog. Reads settings only; no folder is made and nothing is fetched.</summary>
    /// <param name="options">Null for the defaults: the platform's cache folder, the official addresses.</param>
    /// <exception cref="ModelException">The user's catalog file is missing or not valid.</exception>
    public ModelCatalog(ModelCatalogOptions? options = null)
    {
        _options = options ?? new ModelCatalogOptions();
        Func<string, string?> environment = _options.EnvironmentVariable;
        string? catalogFile = _options.CatalogFile ?? (environment("STEMSHARP_CATALOG") is { Length: > 0 } named ? named : null);
        UserCatalog user = catalogFile is null ? UserCatalog.Empty : UserCatalog.Read(catalogFile);
        // A user's own entry goes over an official one of the same name.
        _entries = [.. user.Models, .. OfficialModels.Entries.Concat(KnownCheckpoints.OfDemucs).Concat(KnownCheckpoints.Entries).Where(o => user.Models.All(m => m.Name != o.Name))];
        if (_options.EntriesForTests is { } change)
        {
            _entries = [.. _entries.Select(change)];
        }

        CacheFolder = _options.CacheFolder is { } folder ? Path.GetFullPath(folder) : ModelFolders.DefaultCache(environment);
        _store = new ModelStore(
            CacheFolder, ModelFolders.TorchHub(environment), new HubCache(ModelFolders.HuggingFace(environment)), ModelFolders.OfOthers(environment), user.Mirrors, _options.Offline ? null : MakeClient)
        {
            IsHubOffline = ModelFolders.IsHubOffline(environment),
            RetryPause = _options.RetryPause,
            StallLimit = _options.StallLimit,
        };
    }

    /// <summary>Where this catalog keeps downloaded models; checkpoint files are in <c>models</c> below it.</summary>
    public string CacheFolder { get; }

    /// <summary>All known models: embedded, the user's, the official ones, other people's, synthetic.</summary>
    public IReadOnlyList<KnownModel> List() =>
    [
        .. _options.Embedded.Select(e => new KnownModel(e.Name, e.Description, e.Stems, [new KnownModelFile(e.FileName, null, ModelFilePlace.Embedded)]) { Licence = e.Licence }),
        .. _entries.Select(Describe),
        .. _options.Families.SyntheticNames.Select(name => new KnownModel(
            name, "the official architecture with weights that anyone can recreate: for benchmarks, not for music", [.. _options.Families.Open(name).Definition.AllStems], [])
        {
            Licence = ModelLicence.OfProject,
        }),
    ];

    /// <summary>A model that is known by a name or a signature; null where none is.</summary>
    /// <param name="model">What it is asked by.</param>
    public KnownModel? Find(string model) =>
        FindEntry(model) is { } entry ? Describe(entry) : List().FirstOrDefault(known => known.Name == model);

    /// <summary>Fetches what is missing of a known model.</summary>
    /// <param name="model">A known name or signature.</param>
    /// <param name="progress">Told about downloads.</param>
    /// <param name="cancellationToken">Stops; what came so far is kept and resumed next time.</param>
    /// <returns>The paths of all its files: a bag's own where it has one, each checkpoint's, its configuration's behind it.</returns>
    /// <exception cref="ModelException">The model is unknown, its licence is not accepted, or a file cannot be fetched or kept.</exception>
    public async Task<IReadOnlyList<string>> DownloadAsync(string model, IProgress<DownloadProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        List<string> paths = [];
        CatalogEntry entry = HubName.Is(model) ? await FetchHubEntryAsync(model, cancellationToken).ConfigureAwait(false) : FindStored(model);
        if (entry.Bag is { } bag)
        {
            paths.Add((await GetAsync(model, bag, null, cancellationToken).ConfigureAwait(false)).Checkpoint);
        }

        progress = Announce(entry.Files.Select(file => (entry, file)), progress);
        foreach (CatalogFile file in entry.Files)
        {
            (string checkpoint, string? configuration) = await GetAsync(model, file, progress, cancellationToken).ConfigureAwait(false);
            paths.Add(checkpoint);
            if (configuration is not null)
            {
                paths.Add(configuration);
            }
        }

        return paths;
    }

    /// <summary>Where the files of a known model are, or would be; the first place that has a file counts.</summary>
    /// <param name="model">A known name or signature.</param>
    /// <exception cref="ModelException">The model is unknown or has no files.</exception>
    public IReadOnlyList<KnownModelFile> Locate(string model) => Describe(FindStored(model)).Files;

    /// <summary>Compares checksums of the files of a known model that are here, and opens each.</summary>
    /// <param name="model">A known name or signature, an embedded or a synthetic model.</param>
    /// <returns>One result per file.</returns>
    /// <exception cref="ModelException">The model is unknown.</exception>
    public IReadOnlyList<ModelFileVerdict> Verify(string model)
    {
        if (_options.Families.SyntheticNames.Contains(model))
        {
            return [];
        }

        if (FindEmbedded(model) is { } embedded)
        {
            return [new ModelFileVerdict(embedded.FileName, null, Try(() => OpenEmbedded(embedded).Dispose()))];
        }

        CatalogEntry entry = FindStored(model);
        return
        [
            .. entry.Bag is { } bag ? [Check(bag, path => BagFile.Read(path))] : (ModelFileVerdict[])[],
            .. entry.Files.Select(file => Check(file, path => Open(file, path).Dispose())),
        ];

        ModelFileVerdict Check(CatalogFile file, Action<string> open)
        {
            string? path = _store.Find(file).Path;
            return new ModelFileVerdict(file.Name, path, path is null ? "it is not here" : _store.Verify(file, path) ?? Try(() => open(path)));
        }

        static string? Try(Action open)
        {
            try
            {
                open();
                return null;
            }
            catch (ModelException e)
            {
                return e.Message;
            }
        }
    }

    /// <summary>Deletes a known model's files from the cache. Files in the caches of torch and Hugging Face and in other programs' folders are not touched.</summary>
    /// <param name="model">A known name or signature.</param>
    /// <returns>The names of the files that were deleted.</returns>
    /// <exception cref="ModelException">The model is unknown or has no files, or a file cannot be deleted.</exception>
    public IReadOnlyList<string> Remove(string model)
    {
        try
        {
            return [.. AllFiles(FindStored(model)).SelectMany(WithConfiguration).Where(_store.Remove).Select(file => file.Name)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelException($"{model} could not be removed: {e.Message}", e) { Failure = ModelFailure.Unreadable };
        }
    }

    private KnownModel Describe(CatalogEntry entry) => new(entry.Name, entry.Description, entry.Stems, [.. AllFiles(entry).Select(file =>
    {
        (string? path, FilePlace place) = _store.Find(file);
        return new KnownModelFile(file.Name, path, place switch
        {
            FilePlace.Cache => ModelFilePlace.Cache,
            FilePlace.TorchHub => ModelFilePlace.TorchHub,
            FilePlace.HuggingFace => ModelFilePlace.HuggingFace,
            FilePlace.OtherProgram => ModelFilePlace.OtherProgram,
            _ => ModelFilePlace.Missing,
        })
        {
            CachePath = _store.PathOf(file),
            Bytes = path is null ? file.Bytes : new FileInfo(place == FilePlace.HuggingFace ? HubCache.Target(path) : path).Length,
            Sha256 = file.Sha256,
            Configuration = file.Configuration is { } configuration ? DescribeConfiguration(configuration, _store.FindConfiguration(file)) : null,
        };
    })])
    {
        Licence = LicenceOf(entry),
        Quality = entry.Quality,
    };

    private KnownModelFile DescribeConfiguration(CatalogFile configuration, string? path)
    {
        string cached = Path.Combine(_store.Folder, configuration.Name);
        return new KnownModelFile(path is null ? configuration.Name : Path.GetFileName(path), path, path is null ? ModelFilePlace.Missing : path == cached ? ModelFilePlace.Cache : ModelFilePlace.OtherProgram)
        {
            CachePath = cached,
            Bytes = path is null ? null : new FileInfo(path).Length,
        };
    }

    private static IEnumerable<CatalogFile> AllFiles(CatalogEntry entry) => entry.Bag is { } bag ? [bag, .. entry.Files] : entry.Files;

    private static IEnumerable<CatalogFile> WithConfiguration(CatalogFile checkpoint) => checkpoint.Configuration is { } configuration ? [checkpoint, configuration] : [checkpoint];

    /// <summary>Opens a checkpoint, with the configuration that is known to be its own where that lies under another name.</summary>
    private Checkpoint Open(CatalogFile file, string path) => Checkpoint.Open(path, configuration: _store.FindConfiguration(file));

    private EmbeddedModel? FindEmbedded(string model) =>
        _options.Embedded.FirstOrDefault(e => e.Name == model || FileNames.Parse(e.FileName).Signature == model);

    private static Checkpoint OpenEmbedded(EmbeddedModel model) => Checkpoint.Open(model.Open(), model.FileName);

    /// <summary>The entry of that name; or one made of the one file with that signature or published name, or with a configuration of that name.</summary>
    /// <exception cref="ModelException">It is the configuration of several models.</exception>
    private CatalogEntry? FindEntry(string model)
    {
        if (HubName.Is(model))
        {
            HubName hub = ParseHubName(model);
            return KnownByAddress(hub) ?? hub.Entry(hub.IsBag && _store.Find(hub.Stored).Path is { } bag ? BagFile.Read(bag) : null);
        }

        if ((_entries.FirstOrDefault(e => e.Name == model) ?? _entries.FirstOrDefault(e => e.Aliases.Contains(model))) is { } entry)
        {
            return entry;
        }

        if (FindFile(file => file.Name == model || file.Signature == model) is { } named)
        {
            return named.Entry with { Name = named.File.Signature, Files = [named.File], Weights = null, Segment = null };
        }

        CatalogEntry[] configured = [.. _entries.Where(e => e.Files.Any(f => f.Configuration?.PublishedName == model))];
        return configured.Length > 1
            ? throw new ModelException($"{model} is the configuration of several models; name one of them: {string.Join(", ", configured.Select(e => e.Name))}.") { Failure = ModelFailure.Unknown }
            : configured.FirstOrDefault();
    }

    /// <summary>A model of the hub. The file of a bag, which says what it consists of, is fetched where it is not here.</summary>
    private async Task<CatalogEntry> FetchHubEntryAsync(string model, CancellationToken cancellationToken)
    {
        HubName hub = ParseHubName(model);
        if (_options.StandIns && hub.IsOfficial && hub.IsBag && _store.Find(hub.Stored).Path is null && OfficialModels.Entries.FirstOrDefault(e => e.Name == hub.Name) is { } official)
        {
            return official with { Name = model };
        }

        return KnownByAddress(hub) ?? hub.Entry(hub.IsBag ? BagFile.Read((await GetAsync(model, hub.Stored, null, cancellationToken).ConfigureAwait(false)).Checkpoint) : null);
    }

    private HubName ParseHubName(string model)
    {
        HubName hub = HubName.Parse(model, ModelFolders.HubEndpoint(_options.EnvironmentVariable));
        return hub.IsOfficial && OfficialModels.WhyRefused(hub.Name) is { } reason ? throw new ModelException(reason) { Failure = ModelFailure.Unknown } : hub;
    }

    // Of a file that the catalog knows, more is known than its address.
    private CatalogEntry? KnownByAddress(HubName hub) =>
        FindFile(file => file.Addresses.Contains(hub.Stored.Addresses[0])) is { } known ? known.Entry with { Name = known.File.Signature, Files = [known.File], Weights = null, Segment = null } : null;

    private (CatalogEntry Entry, CatalogFile File)? FindFile(Func<CatalogFile, bool> matches) =>
        _entries.SelectMany(entry => entry.Files.Where(matches).Select(file => ((CatalogEntry, CatalogFile)?)(entry, file))).FirstOrDefault();

    private CatalogEntry FindStored(string model) => FindEntry(model)
        ?? throw new ModelException(FindEmbedded(model) is not null || _options.Families.SyntheticNames.Contains(model) ? $"The model {model} has no files: it is built in." : UnknownModel(model)) { Failure = ModelFailure.Unknown };

    private static string NotFetched(string file) =>
        $"{file} is not on this machine, and it is not fetched, because no checksum of the whole file is known. Get it with Ultimate Vocal Remover (its download "
        + "centre) or audio-separator, in whose folders it is found by its name, or give the file's path.";

    private string UnknownModel(string model)
    {
        if (OfficialModels.WhyRefused(model) is { } reason)
        {
            return reason;
        }

        if (model == DemoName)
        {
            return "The model demo comes with the package Stemsharp.DemoModel: 'dotnet add package Stemsharp.DemoModel', and open it with DemoModel.OpenAsync() or with the catalog DemoModel.Catalog().";
        }

        if (_options.Families.PublishedFile(model) is { } published)
        {
            return NotFetched(published);
        }

        string[] names = [.. _options.Embedded.Select(e => e.Name), .. _entries.Select(e => e.Name)];
        if (NearNames.Question(model, names) is { Length: > 0 } question)
        {
            return $"There is no model '{model}'.{question} 'stemsharp models list' shows all {names.Length}.";
        }

        string[] similar = [.. names.Where(n => model.Length > 2 && (n.Contains(model, StringComparison.OrdinalIgnoreCase) || model.Contains(n, StringComparison.OrdinalIgnoreCase))).Take(NamesInMessages)];
        string[] shown = similar.Length > 0 ? similar : [.. names.Take(NamesInMessages)];
        return $"There is no model '{model}'. {(similar.Length > 0 ? "Similar are" : "Known are")} {string.Join(", ", shown)}; 'stemsharp models list' shows all {names.Length}. Or give the path of a .th, .safetensors, .ckpt or .yaml file.";
    }

    private Task<(string Checkpoint, string? Configuration)> GetAsync(string model, CatalogFile file, IProgress<DownloadProgress>? progress, CancellationToken cancellationToken) =>
        _store.GetAsync(model, file, (f, received, total) => progress?.Report(new DownloadProgress(f.Name, received, total)), cancellationToken);

    // Redirects are followed by the download itself, which refuses those that leave https. Proxies come from the
    // system or HTTPS_PROXY, as for every HttpClient.
    private HttpClient MakeClient()
    {
        HttpMessageHandler handler = _options.HttpHandler?.Invoke() ?? new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(30) };
        return new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
    }
}
