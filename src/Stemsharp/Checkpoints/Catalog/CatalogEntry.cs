namespace Stemsharp.Checkpoints.Catalog;

/// <summary>A checkpoint file that can be fetched.</summary>
/// <param name="Name">Its name in the cache: <c>signature-checksum.th</c>, or another one of this form, below folders where it is a file of the hub.</param>
/// <param name="Addresses">Where it is, in the order to try; all https.</param>
/// <param name="Sha256">The full SHA-256 or its beginning, in lower-case hex, when it is known beforehand.</param>
internal sealed record CatalogFile(string Name, IReadOnlyList<Uri> Addresses, string? Sha256)
{
    public string Signature => FileNames.Parse(Name).Signature;

    /// <summary>The name that it is published under, which other programs keep it by.</summary>
    public string PublishedName => Uri.UnescapeDataString(Addresses[0].Segments[^1]);

    /// <summary>The trainer's configuration that belongs to a checkpoint and is kept beside it; null for one that carries its own.</summary>
    public CatalogFile? Configuration { get; init; }

    /// <summary>Where on Hugging Face's hub it is, when it is named by that: only the cache and the hub's own have it.</summary>
    public HubFile? Hub { get; init; }

    /// <summary>The same numbers in a file of the hub, which does as well where the hub's own programs have fetched it; null where none is known.</summary>
    public HubFile? Twin { get; init; }

    /// <summary>Its size as published, which a download is compared with; null where it is not known.</summary>
    public long? Bytes { get; init; }

    /// <summary>What costs the same without its numbers; null where none is known.</summary>
    public StandIn? StandIn { get; init; }
}

/// <summary>A model known by name: its files, and for a bag how they are blended.</summary>
/// <param name="Name">What people ask for.</param>
/// <param name="Description">One line about it.</param>
/// <param name="Files">One file per network.</param>
/// <param name="Stems">Stem names in the checkpoints' order, where known beforehand; empty otherwise.</param>
/// <param name="Weights">Per file, a weight per stem; null for equal weights.</param>
internal sealed record CatalogEntry(
    string Name, string Description, IReadOnlyList<CatalogFile> Files, IReadOnlyList<string> Stems, IReadOnlyList<IReadOnlyList<double>>? Weights)
{
    /// <summary>Further names that it answers to.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>The licence of its numbers as stated; null where nobody did.</summary>
    public CatalogLicence? Licence { get; init; }

    /// <summary>Seconds of a piece that go over the networks' own where they take them; null for their own.</summary>
    public double? Segment { get; init; }

    /// <summary>The bag's own file, where it is fetched too; null where the bag is known beforehand or there is none.</summary>
    public CatalogFile? Bag { get; init; }

    /// <summary>Published figures, and whose; null where there are none.</summary>
    public string? Quality { get; init; }
}
