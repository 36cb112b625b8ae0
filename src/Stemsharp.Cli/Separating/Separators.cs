using Stemsharp.Export.Onnx;

namespace Stemsharp.Cli.Separating;

/// <summary>Opens the model of a request, a checkpoint or an export.</summary>
internal static class Separators
{
    /// <param name="request">What to separate, and how.</param>
    /// <param name="catalog">Where checkpoints are.</param>
    /// <param name="downloads">Told about downloads.</param>
    /// <param name="cancellationToken">Stops a download.</param>
    internal static Task<Separator> OpenAsync(
        SeparateRequest request, ModelCatalog catalog, IProgress<DownloadProgress> downloads, CancellationToken cancellationToken) =>
        OnnxExports.IsOne(request.Separator.Model)
            ? Task.FromResult(Separator.Open(OnnxExports.Open(request.Separator.Model), request.Separator))
            : Separator.OpenAsync(request.Separator, catalog, downloads, cancellationToken);
}
