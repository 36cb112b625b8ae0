using System.Text.Json;
using Stemsharp.Client;
using Stemsharp.Tests;
using Stemsharp.Web.Separation;
using Stemsharp.Web.Settings;
using Xunit;

namespace Stemsharp.Web.Tests;

/// <summary>The server gives the catalog's records of licences to its clients.</summary>
public sealed class LicenceTests
{
    [Fact]
    public async Task Clients_get_the_records_of_the_catalog()
    {
        await using TestServer server = await TestServer.StartDemoAsync();
        IReadOnlyList<ModelInfo> models = await server.Client.GetModelsAsync();
        IReadOnlyList<KnownModel> known = ModelShelf.Catalog(offline: true).List();
        foreach (string name in (string[])["htdemucs", "htdemucs_ft", "htdemucs_6s", "demo"])
        {
            ModelLicence record = known.Single(m => m.Name == name).Licence!;
            LicenceInfo told = models.Single(m => m.Name == name).Licence!;
            Assert.Equal((record.Text, record.StatedBy, record.Link?.AbsoluteUri, record.MustBeAccepted), (told.Text, told.StatedBy, told.Link, told.MustBeAccepted));
            Assert.Contains(name == "demo" ? "MIT" : "not covered by MIT; scientific use", told.Text, StringComparison.Ordinal);
        }

        using JsonDocument json = JsonDocument.Parse(await server.Http.GetStringAsync("/api/v1/models"));
        JsonElement licence = json.RootElement.EnumerateArray().Single(m => m.GetProperty("name").GetString() == "htdemucs").GetProperty("licence");
        Assert.Equal("https://github.com/facebookresearch/demucs/issues/327", licence.GetProperty("link").GetString());
        Assert.Contains("Défossez", licence.GetProperty("statedBy").GetString()!, StringComparison.Ordinal);
        Assert.False(licence.GetProperty("mustBeAccepted").GetBoolean());
    }

    [Fact]
    public void Of_a_folders_models_nothing_is_claimed_and_sizes_are_the_catalogs()
    {
        string folder = Directory.CreateTempSubdirectory("stemsharp-shelf-").FullName;
        try
        {
            // One that can be read, and one that cannot.
            File.Copy(RepositoryFiles.DemoModel, Path.Combine(folder, "demo.th"));
            File.WriteAllBytes(Path.Combine(folder, "htdemucs.th"), [1, 2, 3]);
            IReadOnlyList<ModelInfo> own = new ModelShelf(new ServeOptions { DataFolder = folder, ModelFolder = folder }).Models;
            Assert.Equal([("demo", true), ("htdemucs", false)], own.Select(m => (m.Name, m.Installed)));
            Assert.All(own, model => Assert.Null(model.Licence));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        IReadOnlyList<KnownModel> catalog = ModelShelf.Catalog(offline: true).List();
        foreach (ModelInfo model in new ModelShelf(new ServeOptions { DataFolder = folder }).Models.Where(m => !m.Installed && m.Models is null))
        {
            Assert.Equal(catalog.Single(m => m.Name == model.Name).MissingBytes, model.DownloadBytes);
        }
    }

    [Fact]
    public async Task Models_of_others_are_offered_and_one_that_is_here_tells_its_overlap()
    {
        await using TestServer server = await TestServer.StartDemoAsync();
        IReadOnlyList<ModelInfo> models = await server.Client.GetModelsAsync();
        Assert.Equal(
            ModelShelf.Catalog(offline: true).List().Where(m => m.Files.Count > 0).Select(m => m.Name).Except(["htdemucs", "htdemucs_ft", "htdemucs_6s", "hdemucs_mmi", "mdx", "mdx_extra", "repro_mdx_a", "repro_mdx_a_time_only", "repro_mdx_a_hybrid_only", "demo"]),
            models.Where(m => m.ByOthers).Select(m => m.Name));
        Assert.Equal(0.25, models.Single(m => m.Name == "demo").Overlap);
        Assert.Null(models.First(m => !m.Installed).Overlap);
    }

    [Fact]
    public async Task A_download_tells_the_log_its_size_and_licence_once()
    {
        using LogRecorder log = new();
        await using TestServer server = await TestServer.StartAsync(log: log);
        await server.Client.DownloadModelAsync("absent");
        (_, _, _, IReadOnlyDictionary<string, object?> values) = Assert.Single(log.Lines, line => line.Text.Contains("Licence", StringComparison.Ordinal));
        Assert.Equal(("absent", 100L, "CC BY-NC 4.0", "its trainer"), (values["Model"], values["Bytes"], values["Licence"], values["StatedBy"]));
    }
}
