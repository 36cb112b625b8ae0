namespace Stemsharp;

/// <summary>
/// The models that are known by name, where their files are kept, and how they get there. Also resolves
/// checkpoint files, bags and folders of models. Safe for use from several threads and processes at once.
/// </summary>
public sealed class ModelCatalog
{
    private readonly ModelCatalogOptions _options;

    /// <summary>Opens the catalog. Reads settings only; no folder is made and nothing is fetched.</summary>
    /// <param name="options">Null for the defaults: the platform's cache folder, the official addresses.</param>
    public ModelCatalog(ModelCatalogOptions? options = null) => _options = options ?? new ModelCatalogOptions();

    /// <summary>
    /// Finds a model, and downloads what is missing of it unless the catalog is offline.
    /// </summary>
    /// <param name="model">
    /// A known name (<c>htdemucs</c>), a checkpoint's signature (<c>955717e8</c>), <c>synthetic:htdemucs</c>,
    /// or the path of a .th, .safetensors or bag .yaml file.
    /// </param>
    /// <param name="repository">A folder of models to look in instead of the catalog, as the original's <c>--repo</c>.</param>
    /// <param name="stems">The stems that are wanted; members of a bag that add nothing to them are neither fetched nor listed. Null for all.</param>
    /// <param name="progress">Told about downloads.</param>
    /// <param name="cancellationToken">Stops a download; what came so far is kept and resumed next time.</param>
    /// <exception cref="ModelException">The model is unknown, missing, broken or not supported.</exception>
    /// <exception cref="OptionException">A wanted stem does not exist in the model.</exception>
    public Task<ModelSource> ResolveAsync(
        string model,
        string? repository = null,
        IReadOnlyCollection<string>? stems = null,
        IProgress<DownloadProgress>? progress = null,
        CancellationToken cancellationToken = default) =>
        throw new ModelException($"{model} {_options.Offline}");
}

/// <summary>Where a <see cref="ModelCatalog"/> keeps and finds models.</summary>
public sealed record ModelCatalogOptions
{
    /// <summary>
    /// Where downloaded models are kept. Null: the folder named by the environment variable STEMSHARP_CACHE,
    /// else the platform's cache folder.
    /// </summary>
    public string? CacheFolder { get; init; }

    /// <summary>
    /// A JSON file with further models and mirrors. Null: the file named by the environment variable
    /// STEMSHARP_CATALOG, if set.
    /// </summary>
    public string? CatalogFile { get; init; }

    /// <summary>Never use the network; what is not here is an error.</summary>
    public bool Offline { get; init; }

    /// <summary>Models that the host brings along, such as the <c>demo</c> in the command's resources.</summary>
    public IReadOnlyList<EmbeddedModel> Embedded { get; init; } = [];
}

/// <summary>A model that a host carries in its own resources.</summary>
/// <param name="Name">The name it is asked by, such as <c>demo</c>.</param>
/// <param name="FileName">The checkpoint's file name, such as <c>demo-26c5300c.th</c>; a checksum in it is verified.</param>
/// <param name="Open">Opens the checkpoint's bytes.</param>
public sealed record EmbeddedModel(string Name, string FileName, Func<Stream> Open);

/// <summary>How far a download is.</summary>
/// <param name="File">The file's name.</param>
/// <param name="Received">Bytes that are here, those of an earlier attempt included.</param>
/// <param name="Total">Bytes of the whole file; null while the server has not said.</param>
public readonly record struct DownloadProgress(string File, long Received, long? Total);
