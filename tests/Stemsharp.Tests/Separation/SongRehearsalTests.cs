using System.Diagnostics;
using Stemsharp.Model;
using Stemsharp.Tests.Golden;
using Xunit;

namespace Stemsharp.Tests.Separation;

public sealed class SongRehearsalTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-test").FullName;

    public static TheoryData<string> Models => [.. FamilyTable.All.SyntheticNames];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Models))]
    public async Task A_song_goes_through_the_shapes_of_every_model(string model)
    {
        ModelSource source = GoldenModel.Source(model);
        SeparatedFiles made = await SongRehearsal.RunUnobservedAsync(source, Options());
        Assert.Equal(source.Stems, made.Files.Keys);
        Assert.True(made.Summary.Segments >= 3);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
    }

    [Fact]
    public async Task A_bag_goes_through_all_of_its_networks_and_wanted_stems_alone_are_made()
    {
        string path = RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th");
        ModelSource bag = GoldenModel.Bag((path, [1, 1, 1, 1]), (path, [1, 1, 1, 1]));
        SeparatedFiles made = await SongRehearsal.RunUnobservedAsync(bag, Options() with { Stems = ["bass"] });
        Assert.Equal("bass", Assert.Single(made.Files).Key);
        Assert.True(made.Summary.Segments >= 6);
    }

    [Fact]
    public async Task Observers_are_told_nothing_of_it()
    {
        List<string?> models = [];
        using ActivityListener listener = new()
        {
            ShouldListenTo = source => source.Name == "Stemsharp",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                lock (models)
                {
                    models.Add(activity.GetTagItem("stemsharp.model") as string);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        ModelSource plain = FakeModel.Source;
        await SongRehearsal.RunUnobservedAsync(Named("unseen"), Options());
        await using (Separator separator = Separator.Open(Named("seen")))
        {
            await separator.SeparateAsync(FakeModel.Noise(5000));
        }

        Assert.Contains("seen", models);
        Assert.DoesNotContain("unseen", models);

        ModelSource Named(string name) => new(name, plain.Stems, plain.SampleRate, plain.Members);
    }

    [Fact]
    public async Task Without_a_temporary_folder_opening_goes_on()
    {
        string missing = Path.Combine(_folder, "missing");
        SeparatorOptions options = Options() with { Defaults = new SeparationOptions { TemporaryFolder = missing } };
        await Assert.ThrowsAsync<DirectoryNotFoundException>(() => SongRehearsal.RunUnobservedAsync(FakeModel.Source, options));
        await using Separator opened = await Separator.OpenAsync(options with { Model = RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th") });
        Assert.False(Directory.Exists(missing));
    }

    private SeparatorOptions Options() => new() { Threads = 2, Defaults = new SeparationOptions { TemporaryFolder = _folder } };
}
