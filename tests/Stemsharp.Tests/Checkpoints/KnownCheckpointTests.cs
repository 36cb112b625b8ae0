using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Stemsharp.Checkpoints.Catalog;
using Xunit;
using Answer = Stemsharp.Tests.Checkpoints.ModelServer.Answer;

namespace Stemsharp.Tests.Checkpoints;

/// <summary>Other people's checkpoints: what the catalog says of them, how they are fetched, and where else they are looked for.</summary>
public sealed class KnownCheckpointTests : IDisposable
{
    // No SHA-256 and no size of it was published; its configuration is shared by nine models.
    private const string Name = "mel-band-roformer-vocals-gabox", FileName = "mel_band_roformer_vocals_gabox", Configuration = "config_mel_band_roformer_vocals_gabox.yaml";

    private static readonly byte[] Model = File.ReadAllBytes(RepositoryFiles.Golden("roformer", "bs1.ckpt"));
    private static readonly byte[] Yaml = File.ReadAllBytes(RepositoryFiles.Golden("roformer", "bs1.yaml"));

    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-known-").FullName;

    private string Models => Path.Combine(_folder, "cache", "models");

    private string Uvr => Path.Combine(_folder, "uvr", "models");

    private string AudioSeparator => Path.Combine(_folder, "audio-separator");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    public static TheoryData<string> Names => [.. KnownCheckpoints.Entries.Select(e => e.Name)];

    [Fact]
    public void The_list_is_that_of_the_other_programs()
    {
        // RoFormers: 8 of UVR, 78 more of audio-separator, 7 of a registry. MDX23C and SCNet: 9 of UVR, 2 more of audio-separator, 4 of their trainer.
        Assert.Equal(108, KnownCheckpoints.Entries.Count);
        Assert.Equal(108, KnownCheckpoints.Entries.Select(e => e.Name).Distinct().Count());
        Assert.Equal(108, KnownCheckpoints.Entries.Select(e => e.Files[0].Name).Distinct(StringComparer.OrdinalIgnoreCase).Count());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_model_answers_to_its_name_and_to_its_files(string name)
    {
        ModelCatalog catalog = Open();
        CatalogFile file = Assert.Single(KnownCheckpoints.Entries.Single(e => e.Name == name).Files);
        foreach (string asked in (string[])[name, file.Name, Path.GetFileNameWithoutExtension(file.Name)])
        {
            Assert.Equal(file.Name, Assert.Single(catalog.Locate(asked)).Name);
        }

        string[] sharing = [.. KnownCheckpoints.Entries.Where(e => e.Files[0].Configuration!.PublishedName == file.Configuration!.PublishedName).Select(e => e.Name)];
        if (sharing.Length == 1)
        {
            Assert.Equal(file.Name, Assert.Single(catalog.Locate(file.Configuration!.PublishedName)).Name);
            return;
        }

        ModelException e = Assert.Throws<ModelException>(() => catalog.Locate(file.Configuration!.PublishedName));
        Assert.All(sharing, one => Assert.Contains(one, e.Message, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void An_entry_says_what_was_published_and_of_which_data_set(string name)
    {
        CatalogEntry entry = KnownCheckpoints.Entries.Single(e => e.Name == name);
        CatalogFile file = entry.Files[0];
        Assert.NotEmpty(entry.Description);
        Assert.Equal(file.Name, file.PublishedName);
        Assert.All(file.Addresses.Concat(file.Configuration!.Addresses), address => Assert.Equal("https", address.Scheme));
        Assert.True(file.Sha256 is null or { Length: 64 });
        Assert.Equal(file.Sha256 is null, file.Bytes is null);
        Assert.All(entry.Quality?.Split("; ") ?? [], sentence =>
            Assert.Matches(new Regex(@"^(median )?SDR on (\d+ tracks of MUSDB18-HQ|the MUSDB18-HQ test set|the Multisong dataset) in dB: .+ \((ZFTurbo|audio-separator)\)$"), sentence));
    }

    [Fact]
    public void The_documentation_lists_them_all()
    {
        string page = File.ReadAllText(RepositoryFiles.At("docs", "known-models.md"));
        Assert.Equal(KnownCheckpoints.Entries.Count, Regex.Count(page, @"^\| [^|]+ \| \S+\.ckpt \|", RegexOptions.Multiline));
        Assert.All(KnownCheckpoints.Entries, entry =>
        {
            CatalogFile file = entry.Files[0];
            Match row = Regex.Match(page, $@"^\| {Regex.Escape(entry.Name)} \| {Regex.Escape(file.Name)} \| (.*?) \| (.*?) \| (yes|no) \| (.*?) \| (.*?) \|$", RegexOptions.Multiline);
            Assert.True(row.Success, entry.Name);
            string[] figures = [.. row.Groups[4].Value.Split(", "), .. row.Groups[5].Value.Split(" (")[0].Split(", ")];
            Assert.Equal((entry.Description, file.Sha256 is null ? "no" : "yes"), (row.Groups[1].Value, row.Groups[3].Value));
            Assert.Equal(file.Bytes is { } bytes ? FormattableString.Invariant($"{bytes / 1e6:0} MB") : "", row.Groups[2].Value);
            Assert.All(figures.Where(f => f.Length > 0), figure => Assert.Contains(figure, entry.Quality!, StringComparison.Ordinal));
        });
    }

    [Fact]
    public async Task A_checkpoint_is_fetched_with_its_configuration_and_both_are_kept_under_one_name()
    {
        using ModelServer server = Server();
        ModelSource source = await Open(server).ResolveAsync(Name);
        Assert.Equal((Name, Path.Combine(Models, FileName + ".ckpt")), (source.Name, source.Members[0].Path));
        Assert.Equal(["vocals", "other"], source.Stems);
        Assert.Equal(
            ["/nomadkaraoke/python-audio-separator/releases/download/model-configs/" + Configuration, $"/nomadkaraoke/python-audio-separator/releases/download/model-configs/{FileName}.ckpt"],
            server.Requests.Select(r => r.Path));
        Assert.Equal(Yaml, File.ReadAllBytes(Path.Combine(Models, FileName + ".yaml")));

        // By any name, nothing is fetched again, and the file opens by its path, too.
        await Open(server).ResolveAsync(FileName + ".ckpt");
        Assert.Equal(["vocals", "other"], (await Open(server).ResolveAsync(Path.Combine(Models, FileName + ".ckpt"))).Stems);
        Assert.Equal(2, server.Requests.Count);
        KnownModel known = Open().List().Single(m => m.Name == Name);
        Assert.True(known.IsHere);
        Assert.Equal((Model.Length, null, null), (known.Bytes!.Value, known.Licence, known.Files[0].Sha256));
        Assert.All(Open().Verify(Name), verdict => Assert.Null(verdict.Problem));
        Assert.Equal([FileName + ".ckpt", FileName + ".yaml"], Open().Remove(Name));
        Assert.False(Open().List().Single(m => m.Name == Name).IsHere);
    }

    [Fact]
    public async Task A_missing_configuration_alone_is_fetched()
    {
        using ModelServer server = Server();
        await Open(server).DownloadAsync(Name);
        File.Delete(Path.Combine(Models, FileName + ".yaml"));
        Assert.False(Open().List().Single(m => m.Name == Name).IsHere);
        Assert.Equal([Path.Combine(Models, FileName + ".ckpt"), Path.Combine(Models, FileName + ".yaml")], await Open(server).DownloadAsync(Name));
        Assert.Equal(3, server.Requests.Count);
    }

    [Fact]
    public async Task The_first_downloads_hash_is_kept_and_compared()
    {
        using (ModelServer server = Server())
        {
            await Open(server).DownloadAsync(Name);
        }

        string pin = Path.Combine(_folder, "cache", "pins", FileName + ".ckpt.sha256"), path = Path.Combine(Models, FileName + ".ckpt");
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Model)), File.ReadAllText(pin).Trim());

        // When it is opened,
        byte[] other = [.. Model];
        other[^1] ^= 1;
        File.WriteAllBytes(path, other);
        ModelException e = await Assert.ThrowsAsync<ModelException>(() => Open().ResolveAsync(Name));
        Assert.Contains("was pinned when it was first fetched", e.Message, StringComparison.Ordinal);
        Assert.Contains(path, e.Message, StringComparison.Ordinal);

        // and when it is fetched again.
        Open().Remove(Name);
        using ModelServer changed = Server(model: other);
        e = await Assert.ThrowsAsync<ModelException>(() => Open(changed).DownloadAsync(Name));
        Assert.Contains("was pinned", e.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(path));
    }

    [Fact]
    public async Task What_is_not_the_published_file_is_not_taken_from_any_address()
    {
        using ModelServer server = Server();
        ModelException e = await Assert.ThrowsAsync<ModelException>(() => Open(server).DownloadAsync("mel-band-roformer-kim"));
        Assert.Contains($"the server announces {Model.Length:N0} bytes, but 913,106,900 were published", e.Message, StringComparison.Ordinal);
        Assert.Equal(
            ["/nomadkaraoke/python-audio-separator/releases/download/model-configs/vocals_mel_band_roformer.ckpt", "/KimberleyJSN/melbandroformer/resolve/main/MelBandRoformer.ckpt"],
            server.Requests.Select(r => r.Path).Where(p => p.EndsWith(".ckpt", StringComparison.Ordinal)));
        Assert.Empty(Directory.GetFiles(Models, "*.ckpt*"));
    }

    [Fact]
    public async Task The_second_address_counts_where_the_first_fails()
    {
        using ModelServer server = new((request, _) => request.Path.Contains("/pcunwa/", StringComparison.Ordinal) || request.Path.Contains("/TRvlvr/", StringComparison.Ordinal)
            ? Answer.Status404
            : Answer.File(request.Path.EndsWith(".yaml", StringComparison.Ordinal) ? Yaml : Model, request));
        await Open(server).DownloadAsync("mel-band-roformer-inst-v1-unwa");
        Assert.Equal(4, server.Requests.Count);
        Assert.True(File.Exists(Path.Combine(Models, "melband_roformer_inst_v1.ckpt")));
    }

    [Theory]
    [InlineData("uvr/models/MDX_Net_Models", "uvr/models/MDX_Net_Models/model_data/mdx_c_configs")]
    [InlineData("audio-separator", "audio-separator")]
    public async Task Other_programs_folders_are_looked_in_first(string checkpoints, string configurations)
    {
        string path = Put(Model, checkpoints, FileName + ".ckpt");
        Put(Yaml, configurations, Configuration);
        Put([1, 2, 3], "cache/models", FileName + ".ckpt");
        KnownModelFile file = Assert.Single(Open().Locate(Name));
        Assert.Equal((path, ModelFilePlace.OtherProgram), (file.Path, file.Place));
        Assert.Equal((Configuration, ModelFilePlace.OtherProgram), (file.Configuration!.Name, file.Configuration.Place));
        ModelSource source = await Open().ResolveAsync(Name);
        Assert.Equal(path, source.Members[0].Path);
        Assert.Equal(["vocals", "other"], source.Stems);
        // They are not this catalog's to delete.
        Assert.Equal([FileName + ".ckpt"], Open().Remove(Name));
        Assert.True(File.Exists(path));
    }

    /// <summary>Files without a published checksum are found where the programs that fetch them have them, or it is said how to get them.</summary>
    [Theory]
    [InlineData("Kim_Vocal_2")]
    [InlineData("kim_vocal_2.onnx")]
    public async Task Files_that_only_others_fetch_are_found_by_their_name(string name)
    {
        ModelException e = await Assert.ThrowsAsync<ModelException>(() => Open().ResolveAsync(name));
        Assert.Contains("Kim_Vocal_2.onnx is not on this machine", e.Message, StringComparison.Ordinal);
        Assert.Contains("audio-separator", e.Message, StringComparison.Ordinal);
        e = await Assert.ThrowsAsync<ModelException>(() => Open().DownloadAsync(name));
        Assert.Contains("no checksum of the whole file is known", e.Message, StringComparison.Ordinal);

        Put(File.ReadAllBytes(RepositoryFiles.Golden("mdxnet", "mdxnet.onnx")), "uvr/models/MDX_Net_Models", "Kim_Vocal_2.onnx");
        Assert.Equal("Kim_Vocal_2", (await Open().ResolveAsync($"{name}#n_fft=4096,primary_stem=Vocals")).Members[0].Signature);
    }

    [Fact]
    public async Task A_file_of_another_program_that_is_not_the_published_one_is_refused_and_its_path_still_works()
    {
        string path = Put(Model, "audio-separator", "vocals_mel_band_roformer.ckpt");
        Put(Yaml, "audio-separator", "vocals_mel_band_roformer.yaml");
        ModelException e = await Assert.ThrowsAsync<ModelException>(() => Open().ResolveAsync("mel-band-roformer-kim"));
        Assert.Contains("913,106,900 were published", e.Message, StringComparison.Ordinal);
        Assert.Contains("name its path", e.Message, StringComparison.Ordinal);
        Assert.Equal(["vocals", "other"], (await Open().ResolveAsync(path)).Stems);
    }

    [Fact]
    public async Task The_official_models_are_found_there_as_well()
    {
        string path = Put(File.ReadAllBytes(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th")), "uvr/models/Demucs_Models/v3_v4_repo", "tiny4-cf67fb40.th");
        string json = """{"models": {"mine": {"files": ["https://models.test/tiny4-cf67fb40.th"]}}}""";
        Assert.Equal(path, (await Open(json: json).ResolveAsync("mine")).Members[0].Path);
    }

    [Theory]
    [InlineData("record")]
    [InlineData("list")]
    public async Task A_file_that_only_UVR_knows_has_the_configuration_that_was_chosen_there(string where)
    {
        string path = Put(Model, "uvr/models/MDX_Net_Models", "My vocals.ckpt");
        Put([1], "uvr/models/MDX_Net_Models", "another.ckpt");
        Put(Yaml, "uvr/models/MDX_Net_Models/model_data/mdx_c_configs", "config_of_mine.yaml");
        Put(Yaml, "uvr/models/MDX_Net_Models/model_data/mdx_c_configs", "config_of_another.yaml");
#pragma warning disable CA5351 // MD5 is what UVR's records are named by.
        string hash = Convert.ToHexStringLower(MD5.HashData(Model));
#pragma warning restore CA5351
        string chosen = """{"config_yaml": "config_of_mine.yaml", "is_roformer": true}""";
        Put(System.Text.Encoding.UTF8.GetBytes(where == "record" ? chosen : $$"""{"{{hash}}": {{chosen}}}"""), "uvr/models/MDX_Net_Models/model_data", where == "record" ? hash + ".json" : "model_data.json");
        Assert.Equal(["vocals", "other"], (await Open().ResolveAsync(path)).Stems);
    }

    [Fact]
    public async Task A_checkpoint_and_a_configuration_alone_in_a_folder_belong_together()
    {
        string path = Put(Model, "mine", "song.ckpt");
        Put(Yaml, "mine", "config_vocals.yaml");

        // An export of it changes nothing.
        Put([8, 7], "mine", "song.onnx");
        Assert.Equal(["vocals", "other"], (await Open().ResolveAsync(path)).Stems);
        Assert.Equal(["vocals", "other"], (await Open().ResolveAsync(Path.Combine(_folder, "mine"))).Stems);
        Put(Yaml, "mine", "config_other.yaml");
        ModelException e = await Assert.ThrowsAsync<ModelException>(() => Open().ResolveAsync(path));
        Assert.Contains("Put its YAML beside it, of the same name", e.Message, StringComparison.Ordinal);
        Put(Yaml, "mine", "song.yaml");
        Assert.Equal(["vocals", "other"], (await Open().ResolveAsync(path)).Stems);
    }

    [Theory]
    [InlineData(Name)]
    [InlineData(FileName)]
    [InlineData(FileName + ".ckpt")]
    public async Task A_folder_given_as_repository_answers_to_known_names(string asked)
    {
        string path = Put(Model, "repository", FileName + ".ckpt");
        Put(Yaml, "repository", Configuration);
        Put(Yaml, "repository", "config_other.yaml");
        ModelSource source = await Open().ResolveAsync(asked, Path.Combine(_folder, "repository"));
        Assert.Equal(path, source.Members[0].Path);
        Assert.Equal(["vocals", "other"], source.Stems);
    }

    [Fact]
    public void The_folders_of_other_programs_are_those_of_the_platform_or_named()
    {
        string home = OperatingSystem.IsWindows() ? "USERPROFILE" : "HOME";
        IReadOnlyList<string> Folders(params (string, string)[] variables) => ModelFolders.OfOthers(name => variables.FirstOrDefault(v => v.Item1 == name).Item2);
        IReadOnlyList<string> named = Folders(("STEMSHARP_UVR", Uvr), ("AUDIO_SEPARATOR_MODEL_DIR", AudioSeparator), (home, "/h"));
        Assert.Equal([Path.Combine(Uvr, "MDX_Net_Models"), Path.Combine(Uvr, "Demucs_Models", "v3_v4_repo"), AudioSeparator], named);
        if (OperatingSystem.IsLinux())
        {
            Assert.Equal(["/h/ultimatevocalremovergui/models/MDX_Net_Models", "/h/ultimatevocalremovergui/models/Demucs_Models/v3_v4_repo", "/tmp/audio-separator-models"], Folders((home, "/h")));
        }
    }

    [Fact]
    public void An_unknown_name_is_answered_with_similar_ones()
    {
        ModelException e = Assert.Throws<ModelException>(() => Open().Locate("karaoke"));
        Assert.Contains("Similar are mel-band-roformer-karaoke-aufr33-viperx", e.Message, StringComparison.Ordinal);
        Assert.Contains("stemsharp models list", e.Message, StringComparison.Ordinal);
    }

    private string Put(byte[] content, string folder, string name)
    {
        string path = Path.Combine(_folder, Path.Combine(folder.Split('/')), name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
        return path;
    }

    private static ModelServer Server(byte[]? model = null) =>
        new((request, _) => Answer.File(request.Path.EndsWith(".yaml", StringComparison.Ordinal) ? Yaml : model ?? Model, request));

    private ModelCatalog Open(ModelServer? server = null, string json = "{}")
    {
        string path = Path.Combine(_folder, "catalog.json");
        File.WriteAllText(path, json);
        return new ModelCatalog(new ModelCatalogOptions
        {
            CatalogFile = path,
            CacheFolder = Path.Combine(_folder, "cache"),
            Offline = server is null,
            HttpHandler = server is null ? null : server.Handler,
            RetryPause = TimeSpan.FromMilliseconds(1),
            EnvironmentVariable = name => name switch
            {
                "TORCH_HOME" => Path.Combine(_folder, "torch"),
                "STEMSHARP_UVR" => Uvr,
                "AUDIO_SEPARATOR_MODEL_DIR" => AudioSeparator,
                _ => null,
            },
        });
    }
}
