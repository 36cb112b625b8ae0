namespace Stemsharp;

/// <summary>What <c>AddStemsharp</c> opens a separator with.</summary>
public sealed class StemsharpOptions
{
    /// <summary>
    /// Model, engine, threads. Where it names no <see cref="SeparatorOptions.Logger"/>, the host's logging is told, under the category
    /// <c>Stemsharp</c>. Default: <c>htdemucs</c> on the processor.
    /// </summary>
    public SeparatorOptions Separator { get; set; } = new();

    /// <summary>A chain of models to open in place of <see cref="SeparatorOptions.Model"/>. Default null.</summary>
    public Chains.SeparationChain? Chain { get; set; }

    /// <summary>
    /// Where models are kept, which licences are accepted (<see cref="ModelCatalogOptions.AcceptLicence"/>), which models the host brings along. Where it
    /// has no <see cref="ModelCatalogOptions.HttpHandler"/>, downloads go through the host's <see cref="IHttpMessageHandlerFactory"/>, as the client
    /// named <c>Stemsharp</c>.
    /// </summary>
    public ModelCatalogOptions Catalog { get; set; } = new();

    /// <summary>Whether a model that is not on this machine is downloaded. Default true; false is what <see cref="ModelCatalogOptions.Offline"/> says.</summary>
    public bool AllowDownload { get; set; } = true;

    /// <summary>Told about downloads. Default null: they are logged.</summary>
    public IProgress<DownloadProgress>? Downloads { get; set; }
}
