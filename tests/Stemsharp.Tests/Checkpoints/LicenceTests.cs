using System.Text.RegularExpressions;
using Stemsharp.Checkpoints.Catalog;
using Xunit;
using Answer = Stemsharp.Tests.Checkpoints.ModelServer.Answer;

namespace Stemsharp.Tests.Checkpoints;

/// <summary>What the catalog knows of licences reaches whoever asks, and is accepted where it must be.</summary>
public sealed class LicenceTests : IDisposable
{
    private const string FileName = "tiny4-cf67fb40.th";

    private const string Record = """{"text": "CC BY-NC 4.0", "stated_by": "its trainer", "link": "https://models.test/licence"}""";

    private static readonly ModelLicence Stated = new("CC BY-NC 4.0", "its trainer", new Uri("https://models.test/licence"));

    private static readonly byte[] Model = File.ReadAllBytes(RepositoryFiles.Golden("tiny4", FileName));

    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-licence-").FullName;

    private string Hub => Path.Combine(_folder, "torch", "hub", "checkpoints");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("htdemucs")]
    [InlineData("htdemucs_ft")]
    [InlineData("htdemucs_6s")]
    public void The_official_models_are_not_covered_by_MIT(string name)
    {
        ModelLicence licence = Open("{}").List().Single(m => m.Name == name).Licence!;
        Assert.Contains("not covered by MIT; scientific use", licence.Text, StringComparison.Ordinal);
        Assert.Contains("Défossez", licence.StatedBy, StringComparison.Ordinal);
        Assert.Contains("facebookresearch/demucs#327 and #508", licence.StatedBy, StringComparison.Ordinal);
        Assert.Equal(new Uri("https://github.com/facebookresearch/demucs/issues/327"), licence.Link);
        Assert.False(licence.MustBeAccepted);
        Assert.Equal(
            "not covered by MIT; scientific use only, as stated by Alexandre Défossez, author of the models, in facebookresearch/demucs#327 and #508 (https://github.com/facebookresearch/demucs/issues/327)",
            licence.ToString());
    }

    [Fact]
    public void Every_official_entry_has_a_licence_and_those_of_today_sizes_and_published_figures() => Assert.All(OfficialModels.Entries, entry =>
    {
        Assert.Same(OfficialModels.Licence, entry.Licence);
        Assert.All(entry.Files, file => Assert.StartsWith("https://dl.fbaipublicfiles.com/demucs/", file.Addresses[0].AbsoluteUri, StringComparison.Ordinal));
        if (entry.Name.StartsWith("htdemucs", StringComparison.Ordinal))
        {
            Assert.Contains("SDR", entry.Quality!, StringComparison.Ordinal);
            Assert.All(entry.Files, file => Assert.InRange(file.Bytes!.Value, 50_000_000, 90_000_000));
        }
    });

    [Fact]
    public async Task What_is_built_in_is_the_projects_own()
    {
        ModelCatalog catalog = Open("{}", options => options with
        {
            Embedded = [new EmbeddedModel("demo", "demo-26c5300c.th", () => File.OpenRead(RepositoryFiles.DemoModel)) { Licence = ModelLicence.OfProject }],
        });
        foreach (string name in (string[])["demo", "synthetic:htdemucs", "synthetic:htdemucs_6s"])
        {
            Assert.Equal(new ModelLicence("MIT", "the Stemsharp authors, who made it"), catalog.List().Single(m => m.Name == name).Licence);
            Assert.Same(ModelLicence.OfProject, Assert.Single((await catalog.ResolveAsync(name)).Members).Licence);
        }
    }

    [Fact]
    public async Task A_record_of_a_catalog_file_reaches_the_networks_by_whatever_name_they_are_found()
    {
        Place(FileName);
        File.Copy(RepositoryFiles.Golden("tiny4", FileName), Path.Combine(_folder, FileName));
        File.Copy(RepositoryFiles.Golden("tiny4", FileName), Path.Combine(_folder, "renamed.th"));
        File.WriteAllText(Path.Combine(_folder, "bag.yaml"), "models: ['tiny4', 'renamed']\n");
        ModelCatalog catalog = Open($$"""{"models": {"mine": {"files": ["https://models.test/{{FileName}}"], "licence": {{Record}}, "quality": "8 dB (its trainer)"} } }""");
        KnownModel listed = catalog.List().Single(m => m.Name == "mine");
        Assert.Equal((Stated, "8 dB (its trainer)", Model.Length), (listed.Licence, listed.Quality, listed.Bytes!.Value));
        Assert.Equal(Stated, (await catalog.ResolveAsync("mine")).Members[0].Licence);
        Assert.Equal(Stated, (await catalog.ResolveAsync("mine", stems: ["bass"])).Members[0].Licence);
        Assert.Equal(Stated, (await catalog.ResolveAsync("tiny4")).Members[0].Licence);
        Assert.Equal(Stated, (await catalog.ResolveAsync(Path.Combine(_folder, FileName))).Members[0].Licence);
        Assert.Equal([Stated, null], (await catalog.ResolveAsync("bag", _folder)).Members.Select(m => m.Licence));
        // A name without a checksum is anybody's.
        Assert.Null((await catalog.ResolveAsync(Path.Combine(_folder, "renamed.th"))).Members[0].Licence);
    }

    [Fact]
    public void Of_an_entry_without_a_record_what_is_known_of_its_files_holds()
    {
        IReadOnlyList<KnownModel> models = Open("""
            {"models": {
              "htdemucs": {"files": ["https://mirror.test/955717e8-8726e21a.th"]},
              "own": {"files": ["https://mirror.test/955717e8-00000000.th"]},
              "said": {"files": ["https://mirror.test/955717e8-8726e21a.th"], "licence": {"text": "as agreed", "stated_by": "our contract"} }
            } }
            """).List();
        Assert.Equal(ModelLicence.Of(OfficialModels.Licence), models.Single(m => m.Name == "htdemucs").Licence);
        Assert.Null(models.Single(m => m.Name == "own").Licence);
        Assert.Equal(new ModelLicence("as agreed", "our contract"), models.Single(m => m.Name == "said").Licence);
    }

    [Theory]
    [InlineData("\"CC0\"", "must be an object with text, stated_by")]
    [InlineData("""{"text": "CC0"}""", "'stated_by' in 'licence' of 'a' must be one line")]
    [InlineData("""{"stated_by": "me"}""", "'text' in 'licence' of 'a' must be one line")]
    [InlineData("""{"text": "CC0\n\u001b[31m", "stated_by": "me"}""", "'text' in 'licence' of 'a' must be one line")]
    [InlineData("""{"text": "CC0", "stated_by": 1}""", "'stated_by' in 'licence' of 'a' must be one line")]
    [InlineData("""{"text": "CC0", "stated_by": "me", "by": 1}""", "must be an object with text, stated_by")]
    [InlineData("""{"text": "CC0", "stated_by": "me", "link": "http://a.test/"}""", "not an https address")]
    [InlineData("""{"text": "CC0", "stated_by": "me", "must_be_accepted": "yes"}""", "must be true or false")]
    public void Bad_records_say_what_is_wrong(string record, string expected)
    {
        ModelException e = Assert.Throws<ModelException>(() => Open($$"""{"models": {"a": {"files": ["https://a.test/b.th"], "licence": {{record}} } } }"""));
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"bytes\": [1, 2]", "'bytes' of 'a' must give a size for each file")]
    [InlineData("\"bytes\": [-1]", "'bytes' of 'a' must give a size for each file")]
    [InlineData("\"bytes\": [1.5]", "'bytes' of 'a' must give a size for each file")]
    [InlineData("\"quality\": 9", "'quality' of 'a' must be one line")]
    public void Bad_figures_say_what_is_wrong(string field, string expected)
    {
        ModelException e = Assert.Throws<ModelException>(() => Open($$"""{"models": {"a": {"files": ["https://a.test/b.th"], {{field}} } } }"""));
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_catalog_file_of_the_documentation_is_one()
    {
        string page = File.ReadAllText(RepositoryFiles.At("docs", "models.md"));
        string json = Regex.Match(page, @"^    \{\n(?:    .*\n)+?    \}\n", RegexOptions.Multiline).Value;
        KnownModel karaoke = Open(json).List().Single(m => m.Name == "karaoke");
        Assert.True(karaoke.Licence!.MustBeAccepted);
        Assert.Equal("CC BY-NC 4.0, as stated by its trainer, on the model's page (https://models.example/voice)", karaoke.Licence.ToString());
        Assert.Equal(126_000_000, karaoke.Bytes);
        Assert.NotNull(karaoke.Quality);
    }

    [Fact]
    public async Task A_download_tells_name_size_and_licence_with_its_progress()
    {
        using ModelServer server = new((request, _) => Answer.File(Model, request));
        ModelCatalog catalog = Open(
            $$"""
            {"models": {"pair": {
              "files": ["https://models.test/{{FileName}}", "https://models.test/also.th"], "bytes": [{{Model.Length}}, {{Model.Length}}],
              "stems": ["drums", "bass", "other", "vocals"], "weights": [[1, 1, 0, 0], [0, 0, 1, 1]], "licence": {{Record}}
            } } }
            """,
            options => options with { HttpHandler = server.Handler });
        Recorder one = new();
        await catalog.ResolveAsync("pair", stems: ["vocals"], progress: one);
        DownloadNotice notice = Assert.Single(one.Notices)!;
        Assert.Equal(("pair", Model.Length, Stated), (notice.Model, notice.Bytes!.Value, notice.Licence));
        Assert.Equal(["also.th"], notice.Files);

        Recorder rest = new();
        await catalog.DownloadAsync("pair", rest);
        Assert.Equal([FileName], Assert.Single(rest.Notices)!.Files);

        // One notice for all files that are fetched together, and none where nothing is.
        catalog.Remove("pair");
        Recorder both = new();
        await catalog.DownloadAsync("pair", both);
        notice = Assert.Single(both.Notices)!;
        Assert.Equal([FileName, "also.th"], notice.Files);
        Assert.Equal(2 * Model.Length, notice.Bytes);
        Recorder none = new();
        await catalog.ResolveAsync("pair", progress: none);
        Assert.Empty(none.Notices);

        // A file that was cut off counts as missing, also for the size.
        string kept = catalog.Locate("pair").Single(file => file.Path!.EndsWith(FileName, StringComparison.Ordinal)).Path!;
        File.WriteAllBytes(kept, Model[..^1000]);
        Recorder again = new();
        await catalog.DownloadAsync("pair", again);
        notice = Assert.Single(again.Notices)!;
        Assert.Equal([FileName], notice.Files);
        Assert.Equal(Model.Length, notice.Bytes);
        Assert.StartsWith($"{kept}: ", Assert.Single(notice.Unusable), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_licence_that_must_be_accepted_stops_the_download_until_it_is()
    {
        using ModelServer server = new((request, _) => Answer.File(Model, request));
        List<DownloadNotice> asked = [];
        ModelCatalog Demanding(Func<DownloadNotice, bool>? accept) => Open(
            $$"""{"models": {"mine": {"files": ["https://models.test/{{FileName}}"], "licence": {"text": "CC BY-NC 4.0", "stated_by": "its trainer", "must_be_accepted": true} } } }""",
            options => options with { HttpHandler = server.Handler, AcceptLicence = accept });

        foreach (Func<DownloadNotice, bool>? refusing in (Func<DownloadNotice, bool>?[])[null, _ => false])
        {
            foreach (Func<Task> attempt in (Func<Task>[])
            [
                () => Demanding(refusing).DownloadAsync("mine"), () => Demanding(refusing).ResolveAsync("mine"), () => Demanding(refusing).ResolveAsync("tiny4"),
                () => Separator.OpenAsync(new SeparatorOptions { Model = "mine" }, Demanding(refusing)),
            ])
            {
                ModelException e = await Assert.ThrowsAsync<ModelException>(attempt);
                Assert.DoesNotContain('\n', e.Message);
                foreach (string part in (string[])["CC BY-NC 4.0, as stated by its trainer", "--accept-licence", "ModelCatalogOptions.AcceptLicence"])
                {
                    Assert.Contains(part, e.Message, StringComparison.Ordinal);
                }
            }
        }

        Assert.Empty(server.Requests);
        ModelCatalog catalog = Demanding(notice =>
        {
            asked.Add(notice);
            return true;
        });
        Assert.True((await catalog.ResolveAsync("mine")).Members[0].Licence!.MustBeAccepted);
        // What is here was accepted before.
        await catalog.ResolveAsync("mine");
        await Demanding(null).ResolveAsync("mine");
        Assert.Equal("mine", Assert.Single(asked).Model);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task Offline_what_is_missing_is_said_and_nothing_is_asked()
    {
        ModelCatalog catalog = Open(
            $$"""{"models": {"mine": {"files": ["https://models.test/{{FileName}}"], "licence": {"text": "CC0", "stated_by": "me", "must_be_accepted": true} } } }""",
            options => options with { Offline = true, AcceptLicence = _ => throw new InvalidOperationException() });
        ModelException e = await Assert.ThrowsAsync<ModelException>(() => catalog.ResolveAsync("mine"));
        Assert.Contains("offline", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_official_models_never_ask()
    {
        using ModelServer server = new((_, _) => Answer.Status404);
        ModelCatalog catalog = Open("{}", options => options with { HttpHandler = server.Handler, AcceptLicence = _ => throw new InvalidOperationException("asked") });
        foreach (string model in (string[])["htdemucs", "htdemucs_ft", "htdemucs_6s", "955717e8"])
        {
            ModelException e = await Assert.ThrowsAsync<ModelException>(() => catalog.ResolveAsync(model));
            Assert.Contains("404", e.Message, StringComparison.Ordinal);
        }

        Assert.Equal(4, server.Requests.Count);
    }

    [Fact]
    public void Where_a_missing_file_would_be_is_known()
    {
        KnownModelFile file = Assert.Single(Open("{}").Locate("htdemucs"));
        Assert.Null(file.Path);
        Assert.Equal(Path.Combine(_folder, "cache", "models", "955717e8-8726e21a.th"), file.CachePath);
        Assert.Equal(84_141_911, file.Bytes);
        KnownModel ft = Open("{}").List().Single(m => m.Name == "htdemucs_ft");
        Assert.Equal((4 * 84_141_271L, 4 * 84_141_271L), (ft.Bytes, ft.MissingBytes));
        Place("f7e0c4bc-ba3fe64a.th");
        ft = Open("{}").List().Single(m => m.Name == "htdemucs_ft");
        Assert.Equal((3 * 84_141_271L + Model.Length, 3 * 84_141_271L), (ft.Bytes, ft.MissingBytes));
    }

    private void Place(string name)
    {
        Directory.CreateDirectory(Hub);
        File.WriteAllBytes(Path.Combine(Hub, name), Model);
    }

    private ModelCatalog Open(string json, Func<ModelCatalogOptions, ModelCatalogOptions>? change = null)
    {
        string path = Path.Combine(_folder, "catalog.json");
        File.WriteAllText(path, json);
        ModelCatalogOptions options = new()
        {
            CatalogFile = path,
            CacheFolder = Path.Combine(_folder, "cache"),
            EnvironmentVariable = name => name == "TORCH_HOME" ? Path.Combine(_folder, "torch") : null,
            RetryPause = TimeSpan.FromMilliseconds(1),
        };
        return new ModelCatalog(change?.Invoke(options) ?? options);
    }

    private sealed class Recorder : IProgress<DownloadProgress>
    {
        private readonly List<DownloadProgress> _all = [];

        /// <summary>The different notices that came.</summary>
        public IEnumerable<DownloadNotice?> Notices
        {
            get
            {
                lock (_all)
                {
                    return [.. _all.Select(p => p.Notice).Distinct(ReferenceEqualityComparer.Instance).Cast<DownloadNotice?>()];
                }
            }
        }

        public void Report(DownloadProgress value)
        {
            lock (_all)
            {
                _all.Add(value);
            }
        }
    }
}
