namespace Stemsharp.Cli.Hosting;

/// <summary>The catalog of models as the command sees it: with the demo model.</summary>
internal static class Catalogs
{
    internal const string Demo = DemoModel.Name;

    /// <param name="offline">Never use the network.</param>
    /// <param name="acceptLicences">Accept the licences that must be; otherwise they are asked about on the terminal.</param>
    /// <param name="ask">Whether the terminal may be used for that.</param>
    /// <param name="standIns">Take a synthetic network of the same architecture for one that is not here.</param>
    internal static ModelCatalog Create(bool offline = false, bool acceptLicences = false, bool ask = true, bool standIns = false) => new(new ModelCatalogOptions
    {
        StandIns = standIns,
        Offline = offline,
        AcceptLicence = acceptLicences ? _ => true : ask ? LicenceQuestion.Ask : null,
        Embedded = [DemoModel.Embedded],
    });
}
