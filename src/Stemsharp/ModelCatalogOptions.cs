using Stemsharp.Checkpoints.Catalog;
using Stemsharp.Model;

namespace Stemsharp;

/// <summary>Where a <see cref="ModelCatalog"/> keeps and finds models.</summary>
public sealed record ModelCatalogOptions
{
    /// <summary>
    /// Where downloaded models are kept. Null: the folder named by the environment variable STEMSHARP_CACHE,
    /// else <c>stemsharp</c> in the platform's cache folder.
    /// </summary>
    public string? CacheFolder { get; init; }

    /// <summary>
    /// A JSON file with further models and mirrors. Null: the file named by the environment variable
    /// STEMSHARP_CATALOG, if set.
    /// </summary>
    public string? CatalogFile { get; init; }

    /// <summary>Never use the network; what is not here is an error.</summary>
    public bool Offline { get; init; }

    /// <summary>
    /// Asked before anything is fetched of a model whose publisher demands that its licence is accepted
    /// (<see cref="ModelLicence.MustBeAccepted"/>); true accepts it. Null: such a model is not fetched. Of all other models, the
    /// official ones among them, nothing is asked.
    /// </summary>
    public Func<DownloadNotice, bool>? AcceptLicence { get; init; }

    /// <summary>
    /// Makes what carries the requests of a download, which disposes it: for a proxy, certificates, or a handler of
    /// <c>IHttpMessageHandlerFactory</c>. It must not follow redirects by itself, for those that leave https are refused. Default null: a
    /// handler with the system's proxy.
    /// </summary>
    public Func<HttpMessageHandler>? HttpHandler { get; init; }

    /// <summary>Models that the host brings along, such as the <c>demo</c> in the command's resources.</summary>
    public IReadOnlyList<EmbeddedModel> Embedded { get; init; } = [];

    /// <summary>The architectures that checkpoints are read as.</summary>
    internal FamilyTable Families { get; init; } = FamilyTable.All;

    /// <summary>
    /// Whether a known model's network that is not here is taken by a synthetic one of the same architecture, where there is one: it costs
    /// the same, and nothing is fetched.
    /// </summary>
    internal bool StandIns { get; init; }

    /// <summary>Changes what the catalog knows of the files that a test's server has in place of the real ones.</summary>
    internal Func<CatalogEntry, CatalogEntry>? EntriesForTests { get; init; }

    /// <summary>Stands for the process's environment in tests.</summary>
    internal Func<string, string?> EnvironmentVariable { get; init; } = Environment.GetEnvironmentVariable;

    /// <summary>Pause before a failed download is tried again; doubles each time.</summary>
    internal TimeSpan RetryPause { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a download may stand still.</summary>
    internal TimeSpan StallLimit { get; init; } = TimeSpan.FromSeconds(60);
}

/// <summary>A model that a host carries in its own resources.</summary>
/// <param name="Name">The name it is asked by, such as <c>demo</c>.</param>
/// <param name="FileName">The checkpoint's file name, such as <c>demo-26c5300c.th</c>; a checksum in it is verified.</param>
/// <param name="Open">Opens the checkpoint's bytes.</param>
public sealed record EmbeddedModel(string Name, string FileName, Func<Stream> Open)
{
    /// <summary>One line about it.</summary>
    public string Description { get; init; } = "built in";

    /// <summary>Its stems, for listings; may be empty.</summary>
    public IReadOnlyList<string> Stems { get; init; } = [];

    /// <summary>Its licence, if known.</summary>
    public ModelLicence? Licence { get; init; }
}
