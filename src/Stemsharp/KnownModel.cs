namespace Stemsharp;

/// <summary>A model that the catalog knows by name.</summary>
/// <param name="Name">What to ask for.</param>
/// <param name="Description">One line about it.</param>
/// <param name="Stems">Its stems, where known without the files; otherwise empty.</param>
/// <param name="Files">Its checkpoint files; none when it is synthetic.</param>
public sealed record KnownModel(string Name, string Description, IReadOnlyList<string> Stems, IReadOnlyList<KnownModelFile> Files)
{
    /// <summary>Whether it can be used without the network.</summary>
    public bool IsHere => Files.SelectMany(file => file.WithConfiguration).All(file => file.Place != ModelFilePlace.Missing);

    /// <summary>What is known of its licence; null where nobody stated one to the catalog.</summary>
    public ModelLicence? Licence { get; init; }

    /// <summary>Figures that somebody published about its quality, and who; null where none are known.</summary>
    public string? Quality { get; init; }

    /// <summary>Bytes of all its checkpoints; null where a file's size is not known or it has none.</summary>
    public long? Bytes => Files.Count == 0 ? null : Sum(Files);

    /// <summary>Bytes of the checkpoints that are missing; null where a missing file's size is not known.</summary>
    public long? MissingBytes => Sum(Files.Where(file => file.Place == ModelFilePlace.Missing));

    private static long? Sum(IEnumerable<KnownModelFile> files) => files.Aggregate((long?)0, (sum, file) => sum + file.Bytes);
}

/// <summary>A known model's checkpoint file, or the configuration beside one.</summary>
/// <param name="Name">The file's name.</param>
/// <param name="Path">Where it is; null when it is missing or embedded.</param>
/// <param name="Place">What kind of place that is.</param>
public sealed record KnownModelFile(string Name, string? Path, ModelFilePlace Place)
{
    /// <summary>Where the cache has it or would keep it; null when it is embedded.</summary>
    public string? CachePath { get; init; }

    /// <summary>Its size: that of the file that is here, or else the published one; null where neither is known.</summary>
    public long? Bytes { get; init; }

    /// <summary>What its SHA-256 was published as, or the beginning of it; null where no one published it: then the first download's is kept.</summary>
    public string? Sha256 { get; init; }

    /// <summary>The trainer's configuration that belongs to it; null for a file that carries its own.</summary>
    public KnownModelFile? Configuration { get; init; }

    /// <summary>The file and, where it has one, its configuration.</summary>
    internal IEnumerable<KnownModelFile> WithConfiguration => Configuration is { } configuration ? [this, configuration] : [this];
}

/// <summary>Where a known model's file is.</summary>
public enum ModelFilePlace
{
    /// <summary>Not on this machine, as far as the catalog looks.</summary>
    Missing,

    /// <summary>In the catalog's own cache.</summary>
    Cache,

    /// <summary>In the cache of torch.hub, where the original keeps its downloads.</summary>
    TorchHub,

    /// <summary>In the host's own resources.</summary>
    Embedded,

    /// <summary>In the model folder of Ultimate Vocal Remover or audio-separator.</summary>
    OtherProgram,

    /// <summary>In the cache of Hugging Face's programs, where demucs 4.1 keeps its downloads.</summary>
    HuggingFace,
}

/// <summary>What the verification of a file found.</summary>
/// <param name="File">The file's name.</param>
/// <param name="Path">Where it is; null when it is missing or embedded.</param>
/// <param name="Problem">What is wrong with it; null when it is as it should be.</param>
public sealed record ModelFileVerdict(string File, string? Path, string? Problem);

/// <summary>How far a download is.</summary>
/// <param name="File">The file's name.</param>
/// <param name="Received">Bytes that are here, those of an earlier attempt included.</param>
/// <param name="Total">Bytes of the whole file; null while the server has not said.</param>
public readonly record struct DownloadProgress(string File, long Received, long? Total)
{
    /// <summary>What is fetched, and under which licence; the same object for all files of a model that are fetched together.</summary>
    public DownloadNotice? Notice { get; init; }

    /// <summary>0 … 1 of the file; null while its size is not known.</summary>
    public double? Fraction => Total > 0 ? (double)Received / Total : null;

    /// <summary><see cref="Fraction"/> in percent, 0 … 100.</summary>
    public double? Percent => 100 * Fraction;
}
