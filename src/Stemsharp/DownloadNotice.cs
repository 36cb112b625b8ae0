namespace Stemsharp;

/// <summary>What is fetched of a model: told with its progress, and before the first byte where a licence must be accepted.</summary>
/// <param name="Model">The model's name.</param>
/// <param name="Files">Names of the files that are missing here.</param>
/// <param name="Bytes">Bytes of all checkpoints among them, as far as the catalog knows; null otherwise.</param>
/// <param name="Licence">The licence as it was stated; null where the catalog knows of none.</param>
public sealed record DownloadNotice(string Model, IReadOnlyList<string> Files, long? Bytes, ModelLicence? Licence)
{
    /// <summary>Files of that name that are on this machine and cannot be used, each with its path and the reason; what is fetched does not touch those of other programs.</summary>
    public IReadOnlyList<string> Unusable { get; init; } = [];
}
