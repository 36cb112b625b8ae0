namespace Stemsharp.Checkpoints.Catalog;

/// <summary>A file of a model repository on Hugging Face's hub.</summary>
/// <param name="Repository">Owner and name: <c>adefossez/Demucs-mdx</c>.</param>
/// <param name="Name">Its path in the repository, with slashes.</param>
/// <param name="Revision">A branch, a tag or a commit.</param>
internal sealed record HubFile(string Repository, string Name, string Revision = HubFile.Main)
{
    /// <summary>What is meant where no revision is named.</summary>
    public const string Main = "main";

    /// <summary>Its address.</summary>
    /// <param name="endpoint">The hub's own.</param>
    public Uri Address(Uri endpoint) =>
        new($"{endpoint.AbsoluteUri.TrimEnd('/')}/{Repository}/resolve/{Uri.EscapeDataString(Revision)}/{string.Join('/', Name.Split('/').Select(Uri.EscapeDataString))}");

    /// <summary>Where the catalog's own cache has it, below the folder of checkpoints: by repository and revision, for files of many have one name.</summary>
    public string CacheName => $"hf/{Repository}/{Uri.EscapeDataString(Revision)}/{Name}";
}
