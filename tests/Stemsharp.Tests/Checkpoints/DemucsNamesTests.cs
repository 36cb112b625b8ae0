using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Stemsharp.Checkpoints;
using Stemsharp.Checkpoints.Catalog;
using Stemsharp.Model;
using Xunit;
using Answer = Stemsharp.Tests.Checkpoints.ModelServer.Answer;

namespace Stemsharp.Tests.Checkpoints;

/// <summary>
/// The table of all names that demucs 4.0, 4.1 and demucs-infer have, walked through against a server that has tiny networks of the
/// right classes and stems under the real addresses.
/// </summary>
public sealed class DemucsNamesTests : IDisposable
{
    private const string Transformer = "demucs.htdemucs.HTDemucs", Hybrid = "demucs.hdemucs.HDemucs", TimeOnly = "demucs.demucs.Demucs";

    /// <summary>demucs/remote/files.txt of demucs 4.0.1 and 4.1.0, by the class of the network; and what is quantised.</summary>
    private static readonly (string Signature, string Class)[] Official =
    [
        ("0d19c1c6", TimeOnly), ("7ecf8ec1", TimeOnly), ("9a6b4851", TimeOnly), ("1ef250f1", TimeOnly), ("5d2d6c55", Hybrid), ("7d865c68", Hybrid), ("a1d90b5c", Hybrid), ("c511e2ab", Hybrid),
        ("cfa93e08", Hybrid), ("e51eebcc", Hybrid), ("902315c2", Hybrid), ("fa0cb7f9", Hybrid), ("75fc33f5", Hybrid), ("955717e8", Transformer), ("f7e0c4bc", Transformer),
        ("d12395a8", Transformer), ("92cfc3b6", Transformer), ("04573f0d", Transformer), ("5c90dfd2", Transformer),
        ("6b9c2ca1", ""), ("b72baf4e", ""), ("42e558d4", ""), ("305bc58f", ""), ("14fc6a69", ""), ("464b36d7", ""), ("7fd6ef75", ""), ("83fc094f", ""),
    ];

    /// <summary>The bags of demucs/remote, and the other models of demucs-infer's registry with their further names and signatures.</summary>
    private static readonly string[] Bags = ["hdemucs_mmi", "htdemucs", "htdemucs_6s", "htdemucs_ft", "mdx", "mdx_extra", "mdx_extra_q", "mdx_q", "repro_mdx_a", "repro_mdx_a_hybrid_only", "repro_mdx_a_time_only"];

    private static readonly string[] Infer =
    [
        "drumsep", "Drumsep", "49469ca8", "uvr_demucs_model_1", "ebf34a2db", "uvr_demucs_model_2", "ebf34a2d", "uvr_demucs_model_bag", "cdx23_dnr", "cdx23_dnr_a", "cdx23_dnr_b", "cdx23_dnr_c",
        "msst_htdemucs_vocals", "msst_htdemucs_vocals_state",
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-zoo-").FullName;
    private readonly Dictionary<string, byte[]> _files = [];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private sealed record Row(string[] Names, string[] Programs, string[] Stems, string[] Networks, string Here)
    {
        public bool IsRefused => Here.StartsWith("refused", StringComparison.Ordinal);
    }

    private static Row[] Rows() =>
    [
        .. Regex.Matches(File.ReadAllText(RepositoryFiles.At("docs", "demucs-models.md")), @"^\| (`.*?) \| (.*?) \| (.*?) \| (.*?) \| (.*?) \|$", RegexOptions.Multiline)
            .Select(row => new Row(
                [.. Regex.Matches(row.Groups[1].Value, "`(.+?)`").Select(m => m.Groups[1].Value)], row.Groups[2].Value.Split(", "), row.Groups[3].Value.Split(", "), row.Groups[4].Value.Split(", "),
                row.Groups[5].Value)),
    ];

    [Fact]
    public void The_table_has_every_name()
    {
        Row[] rows = Rows();
        string[] names = [.. rows.SelectMany(r => r.Names)];
        Assert.All(Bags.Concat(Infer), name => Assert.Contains(name, names));
        Assert.All(Bags, name => Assert.Equal(["4.0", "4.1", "infer"], rows.Single(r => r.Names.Contains(name)).Programs));
        string[] networks = [.. rows.SelectMany(r => r.Networks)];
        Assert.All(Official, file => Assert.Contains(file.Signature, networks));
    }

    [Fact]
    public async Task Every_name_gives_what_the_table_says()
    {
        using ModelServer server = Server();
        foreach (Row row in Rows().Where(r => r.Networks is not (["itself"] or ["as its bag says"])))
        {
            foreach (string name in row.Names)
            {
                if (row.IsRefused)
                {
                    int before = server.Requests.Count;
                    ModelException e = await Assert.ThrowsAsync<ModelException>(() => Open(server).ResolveAsync(name));
                    Assert.Contains($"{name} cannot be used", e.Message, StringComparison.Ordinal);
                    Assert.Equal(row.Here.Contains("DiffQ", StringComparison.Ordinal), e.Message.Contains("DiffQ-quantised", StringComparison.Ordinal));
                    Assert.Equal(before, server.Requests.Count);
                    continue;
                }

                ModelSource source = await Open(server).ResolveAsync(name);
                Assert.Equal(row.Stems, source.Stems);
                Assert.Equal(row.Networks, source.Members.Select(m => m.Signature));
                Assert.All(source.Members, m => Assert.True(File.Exists(m.Path)));
            }
        }
    }

    [Fact]
    public async Task Every_single_model_answers_to_its_signature_with_its_own_segment()
    {
        using ModelServer server = Server();
        foreach ((string signature, string kind) in Official)
        {
            if (kind.Length == 0)
            {
                Assert.Contains("DiffQ-quantised", (await Assert.ThrowsAsync<ModelException>(() => Open(server).ResolveAsync(signature))).Message, StringComparison.Ordinal);
                continue;
            }

            ModelSource source = await Open(server).ResolveAsync(signature);
            Assert.Equal((signature, 0.25), (Assert.Single(source.Members).Signature, source.SegmentSeconds));
        }

        // A bag's goes over that, but for a transformer's, which it may only shorten.
        Assert.Equal(44, (await Open(server).ResolveAsync("mdx_extra")).SegmentSeconds);
        Assert.Equal(44, (await Open(server).ResolveAsync("hdemucs_mmi")).SegmentSeconds);
        Assert.Equal(0.25, (await Open(server).ResolveAsync("htdemucs_ft")).SegmentSeconds);
    }

    [Fact]
    public async Task Every_official_bag_is_on_the_hub_too()
    {
        using ModelServer server = Server();
        foreach (Row row in Rows().Where(r => Bags.Contains(r.Names[0]) && !r.IsRefused))
        {
            ModelSource source = await Open(server).ResolveAsync("hf://" + row.Names[0]);
            Assert.Equal(row.Names[0], source.Name);
            Assert.Equal(row.Stems, source.Stems);
            Assert.Equal(row.Networks, source.Members.Select(m => m.Signature));
        }
    }

    [Fact]
    public async Task The_trainers_yaml_of_another_network_is_refused()
    {
        File.WriteAllBytes(Path.Combine(_folder, "a.ckpt"), Bare(Transformer, "vocals", "other"));
        ModelCatalog catalog = new(new ModelCatalogOptions { CacheFolder = _folder, Offline = true });
        foreach ((string yaml, string expected) in ((string, string)[])
        [
            (TrainersYaml.Replace("model: htdemucs", "model: mdx23c", StringComparison.Ordinal), "its YAML is of another network (model: mdx23c)"),
            (TrainersYaml.Replace("num_subbands: 1", "num_subbands: 4", StringComparison.Ordinal), "num_subbands = 4 is not supported"),
            (TrainersYaml.Replace("['vocals', 'other']", "['vocals']", StringComparison.Ordinal), "decoder"),
        ])
        {
            File.WriteAllText(Path.Combine(_folder, "a.yaml"), yaml);
            Exception? e = await Record.ExceptionAsync(async () =>
            {
                await using Separator separator = Separator.Open(await catalog.ResolveAsync(Path.Combine(_folder, "a.ckpt")), new SeparatorOptions { Threads = 1 });
                await separator.SeparateAsync(AudioInput.FromSamples(Enumerable.Range(0, 20_000).Select(i => i % 7 / 7f).ToArray(), 44100, 2));
            });
            Assert.Contains(expected, Assert.IsType<ModelException>(e).Message, StringComparison.Ordinal);
        }
    }

    // The form of ZFTurbo's configs/config_vocals_htdemucs.yaml, of a tiny network.
    private const string TrainersYaml = """
        audio:
          chunk_size: 11025 # samplerate * segment
          min_mean_abs: 0.001
          hop_length: 1024
        training:
          batch_size: 10
          segment: 0.25
          samplerate: 44100
          channels: 2
          normalize: true
          instruments: ['vocals', 'other']
          target_instrument: null
        inference:
          num_overlap: 2
          batch_size: 8
        model: htdemucs
        htdemucs:
          channels: 8
          channels_time:
          num_subbands: 1
          nfft: 4096
          cac: true
          depth: 4
          multi_freqs:
          bottom_channels: 8
          t_layers: 1
          t_heads: 2
        """;

    /// <summary>The official addresses and those of the registry, with files made for this.</summary>
    private ModelServer Server() => new((request, _) => _files.TryGetValue(Uri.UnescapeDataString(request.Path), out byte[]? file) ? Answer.File(file, request) : Hub(request));

    // On the hub every network has the stems that its repository's bag says.
    private Answer Hub(ModelRequest request)
    {
        Match file = Regex.Match(request.Path, "^/adefossez/(HTDemucs|HTDemucs-|Demucs-)([a-z0-9_]*)/resolve/main/([a-z0-9_]+)\\.(yaml|safetensors)$");
        if (!file.Success)
        {
            return Answer.Status404;
        }

        string name = file.Groups[1].Value switch { "HTDemucs" => "htdemucs", "HTDemucs-" => "htdemucs_" + file.Groups[2].Value, _ => file.Groups[2].Value };
        Row row = Rows().Single(r => r.Names[0] == name);
        return file.Groups[4].Value == "yaml"
            ? Answer.File(Encoding.UTF8.GetBytes($"models: [{string.Join(", ", row.Networks.Select(n => $"'{n}'"))}]\n"), request)
            : Answer.File(Published(Official.Single(o => o.Signature == file.Groups[3].Value).Class, row.Stems), request);
    }

    /// <summary>
    /// A catalog that looks nowhere but in a cache of its own. What it knows of each file is the real name and address, and the checksum
    /// of the stand-in, which the server then has.
    /// </summary>
    private ModelCatalog Open(ModelServer server) => new(new ModelCatalogOptions
    {
        CacheFolder = Path.Combine(_folder, "cache"),
        HttpHandler = server.Handler,
        EnvironmentVariable = name => name is "HOME" or "USERPROFILE" or "AUDIO_SEPARATOR_MODEL_DIR" ? Path.Combine(_folder, "home") : null,
        EntriesForTests = StandIn,
        RetryPause = TimeSpan.FromMilliseconds(1),
    });

    private CatalogEntry StandIn(CatalogEntry entry) => OfficialModels.Entries.Contains(entry) || KnownCheckpoints.OfDemucs.Contains(entry) ? entry with { Files = [.. entry.Files.Select(file => StandIn(entry, file))] } : entry;

    private CatalogFile StandIn(CatalogEntry entry, CatalogFile file)
    {
        bool isBare = file.Name.EndsWith(".ckpt", StringComparison.Ordinal);
        string kind = Official.FirstOrDefault(o => o.Signature == file.Signature).Class ?? (file.Signature.StartsWith("97d1", StringComparison.Ordinal) || isBare ? Transformer : Hybrid);
        string address = file.Addresses[0].AbsolutePath;
        if (!_files.TryGetValue(address, out byte[]? content))
        {
            _files[address] = content = isBare ? Bare(kind, [.. entry.Stems]) : Package(kind, [.. entry.Stems]);
            if (file.Configuration is { } configuration)
            {
                _files[configuration.Addresses[0].AbsolutePath] = Encoding.UTF8.GetBytes(TrainersYaml);
            }
        }

        string sha256 = Convert.ToHexStringLower(SHA256.HashData(content));
        string name = FileNames.Parse(file.Name).Checksum is { } checksum ? file.Name.Replace(checksum, sha256[..checksum.Length], StringComparison.Ordinal) : file.Name;
        return file with { Name = name, Sha256 = file.Sha256 is null ? null : sha256[..file.Sha256.Length], Bytes = file.Bytes is null ? null : content.Length };
    }

    private byte[] Package(string kind, params string[] stems)
    {
        string path = Path.Combine(_folder, "package.th");
        using SyntheticCheckpoint network = Tiny(kind, stems);
        CheckpointConversion.Save(network, path);
        return File.ReadAllBytes(path);
    }

    private byte[] Published(string kind, string[] stems)
    {
        File.WriteAllBytes(Path.Combine(_folder, "published.th"), Package(kind, stems));
        return PublishedSafetensors.Of(Path.Combine(_folder, "published.th"));
    }

    /// <summary>Tensors alone, as a trainer saves them.</summary>
    private byte[] Bare(string kind, params string[] stems)
    {
        File.WriteAllBytes(Path.Combine(_folder, "bare.th"), Package(kind, stems));
        using Checkpoint checkpoint = Checkpoint.Open(Path.Combine(_folder, "bare.th"));
        SafetensorsBuilder file = new();
        foreach (StoredTensor tensor in checkpoint.Tensors)
        {
            byte[] bytes = new byte[tensor.Count * tensor.Type.Size()];
            tensor.CopyRawTo(bytes);
            file.Add(tensor.Name, "F16", [.. tensor.Shape], bytes);
        }

        return file.Build();
    }

    private static SyntheticCheckpoint Tiny(string kind, string[] stems)
    {
        Dictionary<string, object?> arguments = new()
        {
            ["sources"] = new List<object?>(stems),
            ["channels"] = 8L,
            ["segment"] = new Fraction(1, 4),
        };
        if (kind == Transformer)
        {
            arguments["bottom_channels"] = 8L;
            arguments["t_layers"] = 1L;
            arguments["t_heads"] = 2L;
        }

        return new SyntheticCheckpoint("synthetic:tiny", kind, arguments);
    }
}
