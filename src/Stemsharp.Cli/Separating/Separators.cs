using Stemsharp.Export.Onnx;

namespace Stemsharp.Cli.Separating;

/// <summary>Opens what a request separates with: a model, a checkpoint or an export, or a chain of models.</summary>
internal static class Separators
{
    /// <param name="request">What to separate, and how.</param>
    /// <param name="catalog">Where checkpoints are.</param>
    /// <param name="downloads">Told about downloads.</param>
    /// <param name="cancellationToken">Stops a download.</param>
    internal static async Task<StemSeparator> OpenAsync(
        SeparateRequest request, ModelCatalog catalog, IProgress<DownloadProgress> downloads, CancellationToken cancellationToken)
    {
        if (request.Chain is { } chain)
        {
            return await ChainSeparator.OpenAsync(chain, Export, request.Separator, catalog, downloads, cancellationToken).ConfigureAwait(false);
        }

        return Export(request.Separator.Model) is { } export
            ? Separator.Open(export, request.Separator)
            : await Separator.OpenAsync(request.Separator, catalog, downloads, cancellationToken).ConfigureAwait(false);
    }

    private static ModelSource? Export(string model) => OnnxExports.IsOne(model) ? OnnxExports.Open(model) : null;
}
