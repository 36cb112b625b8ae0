namespace Stemsharp.Cli.Hosting;

/// <summary>The catalog of models as the command sees it: with the demo model in its own resources.</summary>
internal static class Catalogs
{
    internal const string Demo = "demo";

    internal static ModelCatalog Create(bool offline = false) => new(new ModelCatalogOptions
    {
        Offline = offline,
        Embedded =
        [
            new EmbeddedModel(Demo, Resources.DemoModel, () => Resources.Open(Resources.DemoModel))
            {
                Description = "a small model to try the tool offline; real music wants htdemucs",
                Stems = ["drums", "bass", "other", "vocals", "guitar", "piano"],
            },
        ],
    });
}
