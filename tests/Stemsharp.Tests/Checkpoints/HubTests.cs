using System.Security.Cryptography;
using System.Text;
using Stemsharp.Checkpoints.Catalog;
using Xunit;
using Answer = Stemsharp.Tests.Checkpoints.ModelServer.Answer;

namespace Stemsharp.Tests.Checkpoints;

/// <summary>Models on Hugging Face's hub: their names, their addresses, and the cache that its programs share.</summary>
public sealed class HubTests : IDisposable
{
    private static readonly string Tiny4 = RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th");
    private static readonly byte[] Published = PublishedSafetensors.Of(Tiny4);

    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-hub-").FullName;
    private readonly Dictionary<string, string> _environment = [];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("hf://htdemucs", "adefossez/HTDemucs/resolve/main/htdemucs.yaml")]
    [InlineData("hf://htdemucs_ft", "adefossez/HTDemucs-ft/resolve/main/htdemucs_ft.yaml")]
    [InlineData("hf://htdemucs_6s", "adefossez/HTDemucs-6s/resolve/main/htdemucs_6s.yaml")]
    [InlineData("hf://hdemucs_mmi", "adefossez/Demucs-hdemucs_mmi/resolve/main/hdemucs_mmi.yaml")]
    [InlineData("hf://mdx_extra", "adefossez/Demucs-mdx_extra/resolve/main/mdx_extra.yaml")]
    [InlineData("hf://someone/htdemucs_drums", "someone/HTDemucs-drums/resolve/main/htdemucs_drums.yaml")]
    [InlineData("hf:someone/My-Models/checkpoints/best model.th", "someone/My-Models/resolve/main/checkpoints/best%20model.th")]
    [InlineData("hf:someone/models/a.safetensors@v1.2", "someone/models/resolve/v1.2/a.safetensors")]
    [InlineData("hf:someone/models/bag.yaml@refs/pr/3", "someone/models/resolve/refs%2Fpr%2F3/bag.yaml")]
    public void Names_are_addresses(string model, string address)
    {
        HubName name = HubName.Parse(model, new Uri("https://huggingface.co"));
        Assert.Equal($"https://huggingface.co/{address}", name.Stored.Addresses.Single().AbsoluteUri);
        Assert.Equal($"https://mirror.test/hub/{address}", HubName.Parse(model, new Uri("https://mirror.test/hub/")).Stored.Addresses.Single().AbsoluteUri);
    }

    [Theory]
    [InlineData("hf:")]
    [InlineData("hf://")]
    [InlineData("hf://a/b/c")]
    [InlineData("hf://../htdemucs")]
    [InlineData("hf://a b")]
    [InlineData("hf:owner/repository")]
    [InlineData("hf:owner/repository/readme.md")]
    [InlineData("hf:owner/repository/../../x.th")]
    [InlineData("hf:owner/repository/a\\..\\x.th")]
    [InlineData("hf:owner//x.th")]
    [InlineData("hf:owner/repository/x.th@")]
    [InlineData("hf:owner/repository/x.th@..")]
    [InlineData("hf:/owner/repository/x.th")]
    public async Task Other_forms_are_refused_with_the_valid_ones(string model)
    {
        foreach (Func<Task> attempt in (Func<Task>[])[() => Open(null).ResolveAsync(model), () => Open(null).DownloadAsync(model), () => Task.FromResult(Open(null).Locate(model))])
        {
            ModelException e = await Assert.ThrowsAsync<ModelException>(attempt);
            Assert.Contains("is not understood", e.Message, StringComparison.Ordinal);
            Assert.Contains("hf://NAME", e.Message, StringComparison.Ordinal);
        }

        Assert.False(Directory.Exists(Path.Combine(_folder, "cache")));
    }

    [Fact]
    public async Task A_bag_and_its_networks_come_from_one_repository()
    {
        using ModelServer server = Serve();
        ModelSource source = await Open(server).ResolveAsync("hf://htdemucs_ft");
        Assert.Equal(("htdemucs_ft", "aaaa1111,bbbb2222"), (source.Name, string.Join(',', source.Members.Select(m => m.Signature))));
        Assert.Equal([1, 0, 0, 1], source.Members[0].Weights);
        Assert.Equal(
            ["/adefossez/HTDemucs-ft/resolve/main/htdemucs_ft.yaml", "/adefossez/HTDemucs-ft/resolve/main/aaaa1111.safetensors", "/adefossez/HTDemucs-ft/resolve/main/bbbb2222.safetensors"],
            server.Requests.Select(r => r.Path));
        Assert.All(source.Members, m => Assert.Equal(ModelLicence.Of(OfficialModels.Licence), m.Licence));

        // Once: then it is here, by each of the commands too.
        ModelCatalog offline = Open(null);
        await offline.ResolveAsync("hf://htdemucs_ft");
        Assert.Equal(["htdemucs_ft.yaml", "aaaa1111.safetensors", "bbbb2222.safetensors"], offline.Locate("hf://htdemucs_ft").Select(f => Path.GetFileName(f.Path)));
        Assert.All(offline.Verify("hf://htdemucs_ft"), verdict => Assert.Null(verdict.Problem));
        Assert.Equal(3, (await offline.DownloadAsync("hf://htdemucs_ft")).Count);
        Assert.Equal(3, offline.Remove("hf://htdemucs_ft").Count);
        Assert.Equal(Path.Combine(_folder, "cache", "models", "hf", "adefossez", "HTDemucs-ft", "main", "htdemucs_ft.yaml"), Assert.Single(offline.Locate("hf://htdemucs_ft")).CachePath);
        Assert.Equal(3, server.Requests.Count);
    }

    [Fact]
    public async Task Any_file_of_any_repository_may_be_named()
    {
        using ModelServer server = new((request, _) => Answer.File(request.Path.EndsWith(".th", StringComparison.Ordinal) ? File.ReadAllBytes(Tiny4) : Published, request));
        ModelCatalog catalog = Open(server);
        Assert.Equal("tiny4", (await catalog.ResolveAsync("hf:someone/models/tiny4-cf67fb40.th")).Name);
        Assert.Equal("deep", (await catalog.ResolveAsync("hf:someone/models/a/deep.safetensors@v2", Path.Combine(_folder, "not a folder of models"))).Name);
        Assert.Equal(["/someone/models/resolve/main/tiny4-cf67fb40.th", "/someone/models/resolve/v2/a/deep.safetensors"], server.Requests.Select(r => r.Path));
        Assert.Null((await catalog.ResolveAsync("hf:someone/models/a/deep.safetensors@v2")).Members[0].Licence);
        // Another revision is another file.
        await catalog.ResolveAsync("hf:someone/models/a/deep.safetensors");
        Assert.Equal(3, server.Requests.Count);
    }

    [Fact]
    public async Task Of_a_file_that_the_catalog_knows_its_configuration_is_known_too()
    {
        using ModelServer server = new((request, _) => Answer.Status404);
        ModelException e = await Assert.ThrowsAsync<ModelException>(() => Open(server).ResolveAsync("hf:KimberleyJSN/melbandroformer/MelBandRoformer.ckpt"));
        Assert.DoesNotContain("hf download", e.Message, StringComparison.Ordinal);
        Assert.Contains(server.Requests, request => request.Path.EndsWith(".yaml", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_demucs_fetched_from_the_hub_is_used_where_it_is()
    {
        string network = PlaceInHub("adefossez/HTDemucs", "955717e8.safetensors", Published);
        ModelCatalog offline = Open(null);
        ModelMember member = Assert.Single((await offline.ResolveAsync("htdemucs")).Members);
        Assert.Equal((network, "955717e8", "scientific use"), (member.Path, member.Signature, member.Licence!.Text[^19..^5]));
        Assert.Equal((network, ModelFilePlace.HuggingFace, (long?)Published.Length), Assert.Single(offline.Locate("htdemucs")) is var file ? (file.Path, file.Place, file.Bytes) : default);
        Assert.Null(Assert.Single(offline.Verify("htdemucs")).Problem);
        Assert.True(offline.Find("htdemucs")!.IsHere);
        Assert.Equal([network], await offline.DownloadAsync("htdemucs"));

        // The bag's file is a small one, which git names.
        PlaceInHub("adefossez/HTDemucs", "htdemucs.yaml", "models: ['955717e8']\n"u8.ToArray(), isSmall: true);
        Assert.Equal(network, Assert.Single((await offline.ResolveAsync("hf://htdemucs")).Members).Path);
        Assert.Empty(offline.Remove("hf://htdemucs"));
        Assert.True(File.Exists(network));
    }

    [Fact]
    public async Task A_cut_or_wrong_file_in_the_hubs_cache_is_not_here()
    {
        byte[] wrong = [.. Published];
        wrong[^1] ^= 1;
        foreach (byte[] damaged in (byte[][])[Published[..^10], wrong, []])
        {
            string network = PlaceInHub("adefossez/HTDemucs", "955717e8.safetensors", damaged, named: Published);
            string bag = PlaceInHub("adefossez/HTDemucs", "htdemucs.yaml", "models: ['955"u8.ToArray(), isSmall: true, named: "models: ['955717e8']\n"u8.ToArray());
            ModelException e = await Assert.ThrowsAsync<ModelException>(() => Open(null).ResolveAsync("htdemucs"));
            Assert.Contains(network, e.Message, StringComparison.Ordinal);
            e = await Assert.ThrowsAsync<ModelException>(() => Open(null).ResolveAsync("hf://htdemucs"));
            Assert.Contains(bag, e.Message, StringComparison.Ordinal);

            // And so it is fetched, beside it.
            using ModelServer server = Serve();
            Assert.Equal(Path.Combine(_folder, "cache", "models", "hf", "adefossez", "HTDemucs", "main", "aaaa1111.safetensors"), (await Open(server).ResolveAsync("hf://htdemucs")).Members[0].Path);
            Assert.Equal(damaged.Length, new FileInfo(HubCache.Target(network)).Length);
            Directory.Delete(Path.Combine(_folder, "cache"), recursive: true);
        }
    }

    [Fact]
    public async Task Copies_in_place_of_links_are_read_but_not_where_they_are_cut()
    {
        string snapshot = Path.Combine(_folder, "hub", "models--adefossez--HTDemucs", "snapshots", Commit);
        PlaceInHub("adefossez/HTDemucs", "955717e8.safetensors", Published);
        string path = Path.Combine(snapshot, "955717e8.safetensors");
        File.Delete(path);
        File.WriteAllBytes(path, Published);
        Assert.Equal(path, (await Open(null).ResolveAsync("htdemucs")).Members[0].Path);
        File.WriteAllBytes(path, Published[..^1]);
        await Assert.ThrowsAsync<ModelException>(() => Open(null).ResolveAsync("htdemucs"));
    }

    [Theory]
    [InlineData("HF_HUB_CACHE", "")]
    [InlineData("HUGGINGFACE_HUB_CACHE", "")]
    [InlineData("HF_HOME", "hub")]
    [InlineData("XDG_CACHE_HOME", "huggingface/hub")]
    [InlineData("HOME", ".cache/huggingface/hub")]
    public void The_hubs_cache_follows_its_variables(string variable, string below)
    {
        string expected = Path.GetFullPath(Path.Combine(_folder, below)).TrimEnd('/', '\\');
        Assert.Equal(expected, ModelFolders.HuggingFace(name => name == (OperatingSystem.IsWindows() && variable == "HOME" ? "USERPROFILE" : variable) ? _folder : null).TrimEnd('/', '\\'));
    }

    [Fact]
    public void The_nearer_variable_of_the_hubs_cache_counts()
    {
        Dictionary<string, string> environment = new() { ["HOME"] = "/h", ["USERPROFILE"] = "/h", ["XDG_CACHE_HOME"] = "/x", ["HF_HOME"] = "/hf", ["HUGGINGFACE_HUB_CACHE"] = "/old", ["HF_HUB_CACHE"] = "~/mine" };
        foreach ((string drop, string expected) in ((string, string)[])[("", "/h/mine"), ("HF_HUB_CACHE", "/old"), ("HUGGINGFACE_HUB_CACHE", "/hf/hub"), ("HF_HOME", "/x/huggingface/hub"), ("XDG_CACHE_HOME", "/h/.cache/huggingface/hub")])
        {
            environment.Remove(drop);
            Assert.Equal(Path.GetFullPath(expected), ModelFolders.HuggingFace(environment.GetValueOrDefault));
        }
    }

    [Fact]
    public async Task The_hubs_own_settings_hold()
    {
        using ModelServer server = Serve();
        _environment["HF_HUB_OFFLINE"] = "1";
        ModelException e = await Assert.ThrowsAsync<ModelException>(() => Open(server).ResolveAsync("hf://htdemucs"));
        Assert.Contains("HF_HUB_OFFLINE", e.Message, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
        _environment["HF_HUB_OFFLINE"] = "0";
        _environment["HF_ENDPOINT"] = "https://mirror.test/deep";
        await Open(server).ResolveAsync("hf://htdemucs");
        Assert.Equal("/deep/adefossez/HTDemucs/resolve/main/htdemucs.yaml", server.Requests[0].Path);
        _environment["HF_ENDPOINT"] = "http://mirror.test";
        e = await Assert.ThrowsAsync<ModelException>(() => Open(server).ResolveAsync("hf://htdemucs"));
        Assert.Contains("HF_ENDPOINT is 'http://mirror.test'; it must be an https address", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Quantised_models_are_refused_before_a_byte_is_fetched()
    {
        using ModelServer server = Serve();
        foreach (string model in (string[])["hf://mdx_q", "hf://adefossez/mdx_extra_q"])
        {
            ModelException e = await Assert.ThrowsAsync<ModelException>(() => Open(server).ResolveAsync(model));
            Assert.Contains("CC BY-NC", e.Message, StringComparison.Ordinal);
        }

        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task What_is_not_there_says_how_else_it_may_come()
    {
        using ModelServer server = new((_, _) => new Answer(401, ["Content-Length: 0"], []));
        ModelException e = await Assert.ThrowsAsync<ModelException>(() => Open(server).ResolveAsync("hf://someone/htdemucs_mine"));
        Assert.Contains("answers 401", e.Message, StringComparison.Ordinal);
        Assert.Contains("hf download someone/HTDemucs-mine htdemucs_mine.yaml", e.Message, StringComparison.Ordinal);
        e = await Assert.ThrowsAsync<ModelException>(() => Open(server).ResolveAsync("someone/htdemucs_mine"));
        Assert.Contains("name it hf://someone/htdemucs_mine", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bag_that_names_no_files_is_refused()
    {
        using ModelServer server = new((request, _) => Answer.File("models: ['../../x']\n"u8.ToArray(), request));
        ModelException e = await Assert.ThrowsAsync<ModelException>(() => Open(server).ResolveAsync("hf://htdemucs"));
        Assert.Contains("'../../x', which is no name of a file", e.Message, StringComparison.Ordinal);
    }

    private const string Commit = "0123456789abcdef0123456789abcdef01234567";

    /// <summary>Every bag has two networks; every network is the same.</summary>
    private static ModelServer Serve() => new((request, _) => Answer.File(
        request.Path.EndsWith(".yaml", StringComparison.Ordinal) ? "models: ['aaaa1111', 'bbbb2222']\nweights: [[1, 0, 0, 1], [0, 1, 1, 0]]\n"u8.ToArray() : Published, request));

    /// <summary>As huggingface_hub leaves a file, by the checksum of <paramref name="named"/>, or else its own.</summary>
    private string PlaceInHub(string repository, string name, byte[] content, bool isSmall = false, byte[]? named = null)
    {
        named ??= content;
        string folder = Path.Combine(_folder, "hub", "models--" + repository.Replace("/", "--", StringComparison.Ordinal));
#pragma warning disable CA5350 // git's way to name a file
        string blob = isSmall ? Convert.ToHexStringLower(SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {named.Length}\0"), .. named])) : Convert.ToHexStringLower(SHA256.HashData(named));
#pragma warning restore CA5350
        string path = Path.Combine(folder, "snapshots", Commit, name);
        foreach (string below in (string[])["blobs", "refs", Path.Combine("snapshots", Commit)])
        {
            Directory.CreateDirectory(Path.Combine(folder, below));
        }

        File.WriteAllText(Path.Combine(folder, "refs", "main"), Commit);
        File.WriteAllBytes(Path.Combine(folder, "blobs", blob), content);
        File.Delete(path);
        File.CreateSymbolicLink(path, Path.Combine("..", "..", "blobs", blob));
        return path;
    }

    private ModelCatalog Open(ModelServer? server) => new(new ModelCatalogOptions
    {
        CacheFolder = Path.Combine(_folder, "cache"),
        Offline = server is null,
        HttpHandler = server is null ? null : server.Handler,
        EnvironmentVariable = name => _environment.GetValueOrDefault(name) ?? (name == "HF_HUB_CACHE" ? Path.Combine(_folder, "hub") : name is "HOME" or "USERPROFILE" ? Path.Combine(_folder, "home") : null),
        RetryPause = TimeSpan.FromMilliseconds(1),
    });
}
