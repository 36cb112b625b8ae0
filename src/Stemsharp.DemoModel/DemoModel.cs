namespace Stemsharp;

/// <summary>
/// The demo model: small, of six stems, trained on synthesised songs. For trying things out without a download; it is no match for
/// real music.
/// </summary>
public static class DemoModel
{
    /// <summary>What it is called: the <see cref="SeparatorOptions.Model"/> that means it, with a catalog that has it.</summary>
    public const string Name = "demo";

    private const string FileName = "demo-26c5300c.th";

    /// <summary>The model, for <see cref="ModelCatalogOptions.Embedded"/>.</summary>
    public static EmbeddedModel Embedded { get; } = new(Name, FileName, () => typeof(DemoModel).Assembly.GetManifestResourceStream(FileName)!)
    {
        Description = "a small model to try the tool offline; real music wants htdemucs",
        Stems = ["drums", "bass", "other", "vocals", "guitar", "piano"],
        Licence = ModelLicence.OfProject,
    };

    /// <summary>A catalog that knows the demo model beside all others.</summary>
    /// <param name="options">Its further options; null for the defaults.</param>
    public static ModelCatalog Catalog(ModelCatalogOptions? options = null)
    {
        options ??= new ModelCatalogOptions();
        return new ModelCatalog(options with { Embedded = [Embedded, .. options.Embedded] });
    }

    /// <summary>Opens a separator with the demo model.</summary>
    /// <param name="options">Null for the defaults; <see cref="SeparatorOptions.Model"/> is not looked at.</param>
    /// <param name="cancellationToken">Stops the opening.</param>
    /// <inheritdoc cref="Separator.OpenAsync" path="/exception"/>
    public static Task<Separator> OpenAsync(SeparatorOptions? options = null, CancellationToken cancellationToken = default) =>
        Separator.OpenAsync((options ?? new SeparatorOptions()) with { Model = Name }, Catalog(), cancellationToken: cancellationToken);
}
