using Stemsharp.Checkpoints;
using Stemsharp.Checkpoints.Catalog;
using Xunit;

namespace Stemsharp.Tests.Checkpoints;

/// <summary>What stands in for models that are not here: it answers for every one of them, costs what they cost, and fetches nothing.</summary>
public sealed class StandInTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-standin-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private ModelCatalog Open(string? catalogFile = null) => new(new ModelCatalogOptions
    {
        CacheFolder = Path.Combine(_folder, "cache"),
        CatalogFile = catalogFile,
        StandIns = true,
        EnvironmentVariable = name => name is "HOME" or "USERPROFILE" or "TORCH_HOME" or "HF_HOME" or "AUDIO_SEPARATOR_MODEL_DIR" ? Path.Combine(_folder, "home") : null,
        HttpHandler = () => throw new InvalidOperationException("The network was used."),
    });

    [Fact]
    public async Task EveryModelThatIsKnownByNameHasOneWithItsStems()
    {
        ModelCatalog catalog = Open();
        CatalogEntry[] entries = [.. OfficialModels.Entries, .. KnownCheckpoints.OfDemucs, .. KnownCheckpoints.Entries];
        Assert.True(entries.Length > 110);
        foreach (CatalogEntry entry in entries)
        {
            ModelSource source = await catalog.ResolveAsync(entry.Name);
            Assert.Equal((entry.Name, entry.Files.Count), (source.Name, source.Members.Count));
            Assert.Equal(entry.Files.Select(f => f.Signature), source.Members.Select(m => m.Signature));
            if (entry.Stems.Count > 0)
            {
                Assert.Equal(entry.Stems, source.Stems);
            }
        }

        Assert.False(Directory.Exists(Path.Combine(_folder, "cache")));
    }

    [Fact]
    public async Task ItHasAsManyNumbersAsThePublishedFileHasRoomFor()
    {
        ModelCatalog catalog = Open();
        (CatalogEntry Entry, CatalogFile File)[] sized =
        [
            .. OfficialModels.Entries.Concat(KnownCheckpoints.OfDemucs).Concat(KnownCheckpoints.Entries)
                .SelectMany(entry => entry.Files.Where(f => f.Bytes is not null).Select(file => (entry, file)))
                .DistinctBy(f => (f.file.StandIn!.Like, PlainJson.ToText(f.file.StandIn.Changes), f.file.Bytes / 4_000_000)),
        ];
        Assert.True(sized.Length >= 18, $"{sized.Length}");
        foreach ((CatalogEntry entry, CatalogFile file) in sized)
        {
            ModelMember member = (await catalog.ResolveAsync(file.Signature)).Members[0];
            long numbers = member.Network.Record(member.Definition.Cut.Samples).Parameters.Sum(p => p.Shape.Elements);

            // Checkpoints hold singles; those of the original hold halves, and tensors twice where it shares them or needs them for training alone.
            double bytes = (double)file.Bytes!.Value / numbers;
            bool isNear = bytes is > 3.99 and < 4.08 || bytes is > 1.99 and < 2.05;
            Assert.True(isNear, $"{entry.Name}, {file.Name}: {file.Bytes:N0} bytes, {numbers:N0} numbers in {file.StandIn!.Like}: {bytes:F3} each");
        }
    }

    [Fact]
    public async Task AModelOfTheHubIsPlannedByTheOfficialOne()
    {
        ModelSource source = await Open().ResolveAsync("hf://mdx_extra");
        Assert.Equal(("hf://mdx_extra", 4), (source.Name, source.Members.Count));
        Assert.Equal(44, source.SegmentSeconds);
        Assert.Contains("DiffQ", (await Assert.ThrowsAsync<ModelException>(() => Open().ResolveAsync("hf://mdx_extra_q"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhereOnlyTheFilesNameTheStemsWantedOnesHaveToWait()
    {
        Assert.Equal(2, (await Open().ResolveAsync("mel-band-roformer-karaoke-gabox")).Stems.Count);
        OptionException e = await Assert.ThrowsAsync<OptionException>(() => Open().ResolveAsync("mel-band-roformer-karaoke-gabox", stems: ["karaoke"]));
        Assert.Contains("stemsharp models download mel-band-roformer-karaoke-gabox", e.Message, StringComparison.Ordinal);
        Assert.Single((await Open().ResolveAsync("mel-band-roformer-kim", stems: ["vocals"])).Members);
    }

    [Theory]
    [InlineData("""{"like": "mel-band-roformer-kim", "model": {"depth": 2}}""", null)]
    [InlineData("\"mel-band-roformer-kim\"", null)]
    [InlineData("\"nothing\"", "synthetic:mel-band-roformer-kim")]
    [InlineData("""{"like": "mel-band-roformer-kim", "model": {"skip_connection": 7}}""", "skip_connection")]
    [InlineData("5", "'stand_in' of 'mine'")]
    [InlineData("""{"model": {"depth": 2}}""", "'stand_in' of 'mine'")]
    public async Task AUsersCatalogNamesItsOwn(string standIn, string? fault)
    {
        string file = Path.Combine(_folder, "catalog.json");
        File.WriteAllText(file, """{"models": {"mine": {"files": ["https://models.example/mine.ckpt"], "stems": ["voice", "rest"], "stand_in": STANDIN}}}""".Replace("STANDIN", standIn, StringComparison.Ordinal));
        if (fault is null)
        {
            ModelSource source = await Open(file).ResolveAsync("mine");
            Assert.Equal(["voice", "rest"], source.Stems);
            return;
        }

        Assert.Contains(fault, (await Assert.ThrowsAsync<ModelException>(() => Open(file).ResolveAsync("mine"))).Message, StringComparison.Ordinal);
    }
}
