namespace Stemsharp.Cli.Hosting;

/// <summary>The catalog of models as the command sees it: with the demo model in its own resources.</summary>
internal static class Catalogs
{
    internal const string Demo = "demo";

    private const string DemoFile = "demo-26c5300c.th";

    internal static ModelCatalog Create(bool offline = false) => new(new ModelCatalogOptions
    {
        Offline = offline,
        Embedded = [new EmbeddedModel(Demo, DemoFile, OpenDemo)],
    });

    private static Stream OpenDemo() =>
        typeof(Catalogs).Assembly.GetManifestResourceStream(DemoFile)
        ?? throw new ModelException($"This build of stemsharp carries no {DemoFile}; install it again.");
}
