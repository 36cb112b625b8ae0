using Stemsharp.Checkpoints.Catalog;
using Stemsharp.Model;
using Xunit;

namespace Stemsharp.Tests.Checkpoints;

public sealed class CatalogSettingsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-catalog-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_cache_follows_the_platform_and_its_own_variable()
    {
        string home = OperatingSystem.IsWindows() ? "USERPROFILE" : "HOME";
        string Cache(params (string, string)[] variables) => ModelFolders.DefaultCache(name => variables.FirstOrDefault(v => v.Item1 == name).Item2);
        string Torch(params (string, string)[] variables) => ModelFolders.TorchHub(name => variables.FirstOrDefault(v => v.Item1 == name).Item2);
        Assert.Equal(Path.GetFullPath(_folder), Cache(("STEMSHARP_CACHE", _folder), (home, "/h")));
        Assert.Equal(Path.Combine("/t", "hub", "checkpoints"), Torch(("TORCH_HOME", "/t"), ("XDG_CACHE_HOME", "/x")));
        Assert.Equal(Path.Combine("/x", "torch", "hub", "checkpoints"), Torch(("XDG_CACHE_HOME", "/x"), (home, "/h")));
        Assert.Equal(Path.Combine("/h", ".cache", "torch", "hub", "checkpoints"), Torch((home, "/h")));
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        Assert.Equal("/h/.cache/stemsharp", Cache(("HOME", "/h")));
        Assert.Equal("/x/stemsharp", Cache(("HOME", "/h"), ("XDG_CACHE_HOME", "/x")));
    }

    [Fact]
    public void Official_models_have_their_files_checksums_and_addresses()
    {
        Assert.Equal(["htdemucs", "htdemucs_ft", "htdemucs_6s", "hdemucs_mmi", "mdx", "mdx_extra", "repro_mdx_a", "repro_mdx_a_time_only", "repro_mdx_a_hybrid_only"], OfficialModels.Entries.Select(e => e.Name));
        CatalogFile file = OfficialModels.Entries[0].Files[0];
        Assert.Equal("https://dl.fbaipublicfiles.com/demucs/hybrid_transformer/955717e8-8726e21a.th", file.Addresses[0].AbsoluteUri);
        Assert.Equal("8726e21a", file.Sha256);
        CatalogEntry ft = OfficialModels.Entries[1];
        // drums, bass, other, vocals: one network each.
        Assert.Equal(["f7e0c4bc", "d12395a8", "92cfc3b6", "04573f0d"], ft.Files.Select(f => f.Signature));
        for (int model = 0; model < 4; model++)
        {
            Assert.Equal(Enumerable.Range(0, 4).Select(stem => stem == model ? 1.0 : 0.0), ft.Weights![model]);
        }
    }

    [Fact]
    public void A_users_catalog_adds_and_replaces_models()
    {
        ModelCatalog catalog = Open("""
            {"models": {
              "karaoke": {"files": ["https://a.test/one-01234567.th", "https://a.test/two.safetensors"], "stems": ["vocals", "rest"], "weights": [[1, 0], [0, 1]], "sha256": ["01234567", "89abcdef89"], "description": "two stems"},
              "htdemucs": {"files": ["https://a.test/other-01234567.th"]}
            }}
            """);
        IReadOnlyList<KnownModel> models = catalog.List();
        Assert.Equal(["karaoke", .. OfficialModels.Entries.Select(e => e.Name), .. KnownCheckpoints.OfDemucs.Select(e => e.Name), .. KnownCheckpoints.Entries.Select(e => e.Name), .. FamilyTable.All.SyntheticNames], models.Select(m => m.Name));
        Assert.Equal(["vocals", "rest"], models[0].Stems);
        Assert.Equal("two stems", models[0].Description);
        Assert.False(models[0].IsHere);
        Assert.True(models[^1].IsHere);
        Assert.Equal("other-01234567.th", Assert.Single(models[1].Files).Name);
        Assert.Equal(ModelFilePlace.Missing, Assert.Single(catalog.Locate("one")).Place);
    }

    [Theory]
    [InlineData("[]", "not an object")]
    [InlineData("{", "not valid JSON")]
    [InlineData("""{"model": {}}""", "'model'; valid are")]
    [InlineData("""{"models": []}""", "must be an object")]
    [InlineData("""{"models": {"a": 1}}""", "not an object")]
    [InlineData("""{"models": {"a": {}}}""", "no files")]
    [InlineData("""{"models": {"../a": {"files": ["https://a.test/b.th"]}}}""", "'../a' has a name")]
    [InlineData("""{"models": {"..": {"files": ["https://a.test/b.th"]}}}""", "'..' has a name")]
    [InlineData("""{"models": {"a": {"files": ["http://a.test/b.th"]}}}""", "not an https address")]
    [InlineData("""{"models": {"a": {"files": ["file:///etc/b.th"]}}}""", "not an https address")]
    [InlineData("""{"models": {"a": {"files": ["https://a.test/"]}}}""", "must end in a name")]
    [InlineData("""{"models": {"a": {"files": ["https://a.test/%2e%2e%2fb.th"]}}}""", "must end in a name")]
    [InlineData("""{"models": {"a": {"files": ["https://a.test/b.exe"]}}}""", "must end in a name")]
    [InlineData("""{"models": {"a": {"files": ["https://a.test/b.th"], "sha256": ["xyz"]}}}""", "'sha256' of 'a'")]
    [InlineData("""{"models": {"a": {"files": ["https://a.test/b.th"], "weights": [[0]]}}}""", "no weight")]
    [InlineData("""{"models": {"a": {"files": ["https://a.test/b.th"], "extra": 1}}}""", "'extra'")]
    [InlineData("""{"models": {"a": {"files": [["https://a.test/b.th", "http://a.test/b.th"]]}}}""", "not an https address")]
    [InlineData("""{"models": {"a": {"files": [[]]}}}""", "not an https address")]
    [InlineData("""{"models": {"a": {"files": ["https://a.test/b.ckpt"], "config": ["https://a.test/b.txt"]}}}""", "must end in a name with .json, .yaml, .yml")]
    [InlineData("""{"models": {"a": {"files": ["https://a.test/b.ckpt"], "config": ["http://a.test/b.yaml"]}}}""", "not an https address")]
    [InlineData("""{"models": {"a": {"files": ["https://a.test/b.ckpt"], "config": [1]}}}""", "'config' of 'a' must give an address for each file")]
    [InlineData("""{"models": {"a": {"files": ["https://a.test/b.ckpt"], "config": [null, null]}}}""", "'config' of 'a' must give an address for each file")]
    [InlineData("""{"mirrors": ["http://a.test/"]}""", "not an https address")]
    public void Bad_catalogs_say_what_is_wrong(string json, string expected)
    {
        ModelException e = Assert.Throws<ModelException>(() => Open(json));
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_catalog_may_be_named_by_the_environment()
    {
        ModelException e = Assert.Throws<ModelException>(() => new ModelCatalog(new ModelCatalogOptions
        {
            EnvironmentVariable = name => name == "STEMSHARP_CATALOG" ? Path.Combine(_folder, "missing.json") : null,
        }));
        Assert.Contains("STEMSHARP_CATALOG", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Built_in_models_have_no_files_to_manage()
    {
        ModelCatalog catalog = Open("{}");
        Assert.Contains("built in", Assert.Throws<ModelException>(() => catalog.Remove("synthetic:htdemucs")).Message, StringComparison.Ordinal);
        Assert.Empty(catalog.Verify("synthetic:htdemucs"));
        Assert.Contains("no model 'nothing'", Assert.Throws<ModelException>(() => catalog.Locate("nothing")).Message, StringComparison.Ordinal);
        Assert.Equal("it is not here", Assert.Single(catalog.Verify("htdemucs")).Problem);
    }

    private ModelCatalog Open(string json)
    {
        string path = Path.Combine(_folder, "catalog.json");
        File.WriteAllText(path, json);
        return new ModelCatalog(new ModelCatalogOptions { CatalogFile = path, CacheFolder = _folder, EnvironmentVariable = name => name == "TORCH_HOME" ? _folder : null });
    }
}
