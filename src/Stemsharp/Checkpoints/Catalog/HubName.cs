namespace Stemsharp.Checkpoints.Catalog;

/// <summary>
/// A model on Hugging Face's hub. <c>hf://[namespace/]NAME</c> is a bag as demucs 4.1 publishes it: a repository of its own with
/// <c>NAME.yaml</c> and <c>SIGNATURE.safetensors</c>. <c>hf:owner/repository/file[@revision]</c> is any file of any repository.
/// </summary>
/// <param name="Name">What the model is called, as its folder of stems.</param>
/// <param name="File">The bag or the checkpoint.</param>
/// <param name="Endpoint">The hub's own address.</param>
internal sealed record HubName(string Name, HubFile File, Uri Endpoint)
{
    /// <summary>Where the original's author keeps his, and so where a name without a namespace is.</summary>
    public const string OfficialNamespace = "adefossez";

    private const string Scheme = "hf:", BagScheme = "hf://";
    private const int MaxLength = 500;

    /// <summary>Whether a model is named in one of these forms.</summary>
    public static bool Is(string model) => model.StartsWith(Scheme, StringComparison.Ordinal);

    /// <summary>How a model is named here that demucs 4.1 also takes as <c>namespace/name</c>; null for what looks like something else.</summary>
    public static string? WithoutScheme(string model) =>
        model.Split('/') is [var first, var name] && IsPlain(first) && IsPlain(name) && first[0] != '.' && !ModelFiles.IsCheckpoint(name) && !IsYaml(name) ? BagScheme + model : null;

    /// <summary>The official repository of a model of the original: <c>adefossez/Demucs-mdx</c> for <c>mdx</c>.</summary>
    public static string OfficialRepository(string model) => $"{OfficialNamespace}/{RepositoryOf(model)}";

    /// <summary>Reads a name.</summary>
    /// <param name="model">In one of the two forms.</param>
    /// <param name="endpoint">The hub's own address.</param>
    /// <exception cref="ModelException">It has neither form.</exception>
    public static HubName Parse(string model, Uri endpoint)
    {
        if (model.StartsWith(BagScheme, StringComparison.Ordinal))
        {
            string[] parts = model[BagScheme.Length..].Split('/');
            if (parts.Length > 2 || !parts.All(IsPlain))
            {
                throw new ModelException($"'{model}' is not understood. A model of demucs on Hugging Face's hub is named hf://NAME or hf://NAMESPACE/NAME, such as hf://htdemucs_ft; a file there hf:OWNER/REPOSITORY/FILE.") { Failure = ModelFailure.Unknown };
            }

            string name = parts[^1];
            return new HubName(name, new HubFile($"{(parts.Length == 2 ? parts[0] : OfficialNamespace)}/{RepositoryOf(name)}", name + ".yaml"), endpoint);
        }

        string text = model[Scheme.Length..];
        int at = text.LastIndexOf('@');
        string revision = at < 0 ? HubFile.Main : text[(at + 1)..];
        string[] path = (at < 0 ? text : text[..at]).Split('/');
        string file = path[^1];
        if (model.Length > MaxLength || path.Length < 3 || !IsPlain(path[0]) || !IsPlain(path[1]) || !path.Skip(2).All(IsPart) || !revision.Split('/').All(IsPart) || !(ModelFiles.IsCheckpoint(file) || IsYaml(file)))
        {
            throw new ModelException($"'{model}' is not understood. A file on Hugging Face's hub is named hf:OWNER/REPOSITORY/FILE, with @REVISION behind it for another one than main, and ends in .th, .safetensors, .ckpt, .onnx or, a bag, .yaml; a model of demucs is named hf://NAME.") { Failure = ModelFailure.Unknown };
        }

        return new HubName(FileNames.Parse(file).Signature, new HubFile($"{path[0]}/{path[1]}", string.Join('/', path.Skip(2)), revision), endpoint);
    }

    /// <summary>Whether it is a bag, whose networks it names itself.</summary>
    public bool IsBag => IsYaml(File.Name);

    /// <summary>Whether it is a repository of the original's author for a model that has an official name.</summary>
    public bool IsOfficial => OfficialModels.Names.Any(name => OfficialRepository(name) == File.Repository);

    /// <summary>The bag or the checkpoint itself.</summary>
    public CatalogFile Stored => Store(File.Name);

    /// <summary>The model: its checkpoint, or the networks that its bag names, which lie beside it.</summary>
    /// <param name="bag">The bag's content; null where it is none, or not known yet.</param>
    /// <exception cref="ModelException">A network of the bag has a name that no file can have.</exception>
    public CatalogEntry Entry(BagFile? bag)
    {
        string folder = File.Name[..(File.Name.LastIndexOf('/') + 1)];
        if (bag?.Models.FirstOrDefault(signature => !IsPlain(signature)) is { } bad)
        {
            throw new ModelException($"{File.Name} of {File.Repository} asks for the model '{bad}', which is no name of a file.") { Failure = ModelFailure.Unknown };
        }

        CatalogFile[] files = IsBag ? [.. (bag?.Models ?? []).Select(signature => Store($"{folder}{signature}.safetensors"))] : [Stored];
        return new CatalogEntry(Name, $"of {File.Repository} on Hugging Face's hub", files, [], bag?.Weights)
        {
            Bag = IsBag ? Stored : null,
            Segment = bag?.Segment,
            Licence = IsOfficial ? OfficialModels.Licence : null,
        };
    }

    private CatalogFile Store(string name)
    {
        HubFile file = File with { Name = name };
        return new CatalogFile(file.CacheName, [file.Address(Endpoint)], FileNames.Parse(name).Checksum) { Hub = file };
    }

    // As demucs 4.1 maps a model's name to its repository's: the transformers are called by their network, in its capitals.
    private static string RepositoryOf(string model)
    {
        const string Transformer = "htdemucs", Variant = Transformer + "_";
        string network = Transformer[..3].ToUpperInvariant() + Transformer[3..];
        return model == Transformer ? network : model.StartsWith(Variant, StringComparison.Ordinal) ? $"{network}-{model[Variant.Length..]}" : "Demucs-" + model;
    }

    private static bool IsYaml(string name) => Path.GetExtension(name).ToLowerInvariant() is ".yaml" or ".yml";

    private static bool IsPlain(string part) => part.Length is > 0 and <= 96 && part.Trim('.').Length > 0 && part.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.');

    private static bool IsPart(string part) =>
        part.Length > 0 && part.Trim('.', ' ').Length > 0 && !part.Any(c => char.IsControl(c) || c is '\\' or ':' or '*' or '?' or '"' or '<' or '>' or '|' or '#');
}
