using Stemsharp.Chains;
using Stemsharp.Client;
using Stemsharp.Web.Separation;
using Stemsharp.Web.Settings;
using Stemsharp.Web.Store;
using Xunit;

namespace Stemsharp.Web.Tests;

/// <summary>Chains of models, chosen as a model is.</summary>
public sealed class ChainTests : IDisposable
{
    private static readonly SeparationChain s_chain = SeparationChain.Parse("""
        {
          "name": "pair",
          "description": "the demo model twice",
          "steps": [
            { "name": "voice", "model": "demo", "stems": ["vocals"] },
            { "name": "band", "model": "demo", "input": "mix - vocals", "shifts": 2, "stems": ["drums"] }
          ],
          "outputs": { "vocals": "vocals", "drums": "drums", "rest": "mix - vocals - drums" }
        }
        """);

    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-web-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_chain_is_separated_with_as_a_model_is()
    {
        await using TestServer server = await TestServer.StartDemoAsync(chains: [s_chain]);
        ModelInfo listed = (await server.Client.GetModelsAsync()).Single(model => model.Name == "pair");
        Assert.Equal(("The demo model twice.", true), (listed.Description, listed.Installed));
        Assert.Equal(["vocals", "drums", "rest"], listed.Stems);
        Assert.Equal(["demo"], listed.Models!);
        Assert.Null((await server.Client.GetModelsAsync()).Single(model => model.Name == "demo").Models);

        Song song = await server.UploadAsync();
        Job job = await server.Client.CreateJobAsync(new NewJob(song.Id) { Settings = new JobSettings { Model = "pair", ExactSum = true } });
        job = await server.Client.WaitForJobAsync(job.Id);
        Assert.Equal((JobState.Done, null), (job.State, job.Error));
        Assert.Equal(["vocals", "drums", "rest"], job.Audio!.Stems);

        // The bytes are the library's, and nothing of the steps is left.
        string path = Path.Combine(_folder, "song.wav");
        await File.WriteAllBytesAsync(path, TestServer.Song());
        await using ChainSeparator separator = await ChainSeparator.OpenAsync(s_chain, null, ModelShelf.Catalog(offline: true));
        SeparatedFiles files = await separator.SeparateToFilesAsync(path, _folder, new StemFileOptions { ResidualStem = "rest" });
        foreach (string stem in job.Audio.Stems)
        {
            Assert.Equal(await File.ReadAllBytesAsync(files.Files[stem]), await server.Http.GetByteArrayAsync($"/api/v1/jobs/{job.Id}/stems/{stem}"));
        }

        Assert.Empty(Directory.EnumerateDirectories(server.Folder, "steps", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_chain_whose_models_are_not_here_is_refused_with_their_names()
    {
        await using TestServer server = await TestServer.StartDemoAsync();
        IReadOnlyList<ModelInfo> models = await server.Client.GetModelsAsync();
        Assert.Equal(SeparationChain.Presets.Select(preset => preset.Name), models.Where(model => model.Models is not null).Select(model => model.Name));
        ModelInfo absent = models.First(model => model is { Models: not null, Installed: false });
        Song song = await server.UploadAsync();
        ApiException error = await Assert.ThrowsAsync<ApiException>(
            () => server.Client.CreateJobAsync(new NewJob(song.Id) { Settings = new JobSettings { Model = absent.Name } }));
        Assert.Contains($"Of the chain '{absent.Name}' not all models are on this machine yet; it needs {absent.Models![0]}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_song_that_was_broken_off_goes_on_behind_its_finished_steps()
    {
        ServeOptions options = new() { DataFolder = _folder, Offline = true };
        string song = Path.Combine(_folder, "song.wav"), steps = Path.Combine(_folder, "steps");
        await File.WriteAllBytesAsync(song, TestServer.Song(3));
        Recorder truth = await SeparateAsync(Path.Combine(_folder, "other steps"), new Recorder());
        Recorder broken = new() { Fails = true };
        await Assert.ThrowsAsync<IOException>(() => SeparateAsync(steps, broken));
        Recorder again = await SeparateAsync(steps, new Recorder());
        Assert.Empty(truth.Notices);
        Assert.Equal(["Step 'voice' was finished earlier; its result is used again."], again.Notices);
        Assert.Equal(truth.Samples, again.Samples);

        async Task<Recorder> SeparateAsync(string kept, Recorder recorder)
        {
            await using LibrarySeparator separator = new(options, [s_chain]);
            JobSettings settings = separator.Complete(new JobSettings { Model = "pair" });
            Assert.Equal(1, separator.WaitingStems("pair"));
            await separator.SeparateAsync(song, settings, _folder, kept, recorder, CancellationToken.None);
            return recorder;
        }
    }

    [Fact]
    public async Task Finished_steps_outlast_a_server_and_no_job()
    {
        Job job;
        StemFiles files;
        await using (TestServer server = await TestServer.StartAsync(folder: _folder, idle: true))
        {
            job = await server.Client.CreateJobAsync(new NewJob((await server.UploadAsync()).Id));
            files = new StemFiles(Directory.GetDirectories(Path.Combine(_folder, "jobs")).Single());
            Directory.CreateDirectory(files.Steps);
            Directory.CreateDirectory(files.Work);
        }

        await using TestServer next = await TestServer.StartAsync(folder: _folder, idle: true);
        Assert.True(Directory.Exists(files.Steps));
        Assert.False(Directory.Exists(files.Work));
        await next.Client.CancelJobAsync(job.Id);
        Assert.False(Directory.Exists(files.Steps));
    }

    /// <summary>Keeps what comes, or fails at once.</summary>
    private sealed class Recorder : IStemObserver
    {
        public bool Fails { get; init; }

        public List<float> Samples { get; } = [];

        public List<string> Notices { get; } = [];

        public void Begin(JobAudio audio)
        {
        }

        public void WriteMix(ReadOnlySpan<float> interleaved)
        {
        }

        public void Write(int stem, ReadOnlySpan<float> interleaved)
        {
            if (Fails)
            {
                throw new IOException("broken off");
            }

            Samples.AddRange(interleaved);
        }

        public void Progress(double fraction, double songSeconds)
        {
        }

        public void Notice(string text) => Notices.Add(text);
    }
}
