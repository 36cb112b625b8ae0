using Stemsharp.Cli.Engines;

namespace Stemsharp.Cli.Separating;

/// <summary>Opens the model of a request, a checkpoint or an export.</summary>
internal static class Separators
{
    /// <param name="request">What to separate, and how.</param>
    /// <param name="catalog">Where checkpoints are.</param>
    /// <param name="downloads">Told about downloads.</param>
    /// <param name="cancellationToken">Stops a download.</param>
    /// <exception cref="OptionException">An exported graph is to run on Stemsharp's own engine.</exception>
    internal static async Task<Separator> OpenAsync(
        SeparateRequest request, ModelCatalog catalog, IProgress<DownloadProgress> downloads, CancellationToken cancellationToken)
    {
        string model = request.Separator.Model;
        if (!ExportedModels.IsOne(model))
        {
            return await Separator.OpenAsync(request.Separator, catalog, downloads, cancellationToken).ConfigureAwait(false);
        }

        if (request.Separator.EngineFactory is null)
        {
            throw new OptionException($"{model} is an export, which runs on --engine onnxruntime only. Add it, or name the model itself.");
        }

        return Separator.Open(ExportedModels.Open(model), request.Separator);
    }
}
