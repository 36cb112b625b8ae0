using Stemsharp.Chains;
using Stemsharp.Client;
using Stemsharp.Web.Separation;
using Stemsharp.Web.Settings;
using Xunit;

namespace Stemsharp.Web.Tests;

/// <summary>Models are deleted from the cache, and only those that nobody needs.</summary>
public sealed class ModelFilesTests
{
    [Fact]
    public async Task A_model_is_deleted_with_what_shares_its_files_unless_a_job_needs_it()
    {
        using SemaphoreSlim gate = new(0);
        await using TestServer server = await TestServer.StartAsync(fake: fake =>
        {
            fake.Gate = gate;
            fake.Models = [.. fake.Models.Select(model => model.Name == "fake2" ? model with { RemovableBytes = 80 } : model)];
            fake.Cached["fake2"] = new ModelFiles([new ModelFile("fake2-1.th", 80)], ["fake"]);
        });
        Assert.Equal(80, (await server.Client.GetModelsAsync()).Single(model => model.Name == "fake2").RemovableBytes);
        ModelFiles files = await server.Client.GetModelFilesAsync("fake2");
        Assert.Equal(("fake2-1.th", 80L, "fake"), (files.Files.Single().Name, files.Files.Single().Bytes, files.SharedWith.Single()));

        // A job of a model that shares the file needs it, too.
        Job job = await server.Client.CreateJobAsync(new NewJob((await server.UploadAsync()).Id));
        ApiException needed = await Assert.ThrowsAsync<ApiException>(() => server.Client.DeleteModelAsync("fake2"));
        Assert.Equal("urn:stemsharp:conflict", needed.Problem.Type);
        Assert.Contains("'fake' is needed for the song 'song.wav'", needed.Message, StringComparison.Ordinal);
        gate.Release(100);
        await server.Client.WaitForJobAsync(job.Id);
        await server.Client.DeleteModelAsync("fake2");
        Assert.DoesNotContain(await server.Client.GetModelsAsync(), model => model.Installed);

        ApiException nothing = await Assert.ThrowsAsync<ApiException>(() => server.Client.DeleteModelAsync("absent"));
        Assert.Equal("urn:stemsharp:conflict", nothing.Problem.Type);
        ApiException unknown = await Assert.ThrowsAsync<ApiException>(() => server.Client.GetModelFilesAsync("nobody's"));
        Assert.Equal("urn:stemsharp:unknown-model", unknown.Problem.Type);
    }

    [Fact]
    public void What_is_not_in_the_cache_is_not_offered()
    {
        // The model that is built in has no file to delete, and a folder of one's own is one's own.
        ModelShelf shelf = new(new ServeOptions { DataFolder = Path.GetTempPath(), Offline = true }, SeparationChain.Presets);
        Assert.Null(shelf.Find("demo").RemovableBytes);
        Assert.Empty(shelf.Files("demo").Files);
        Assert.Empty(shelf.Files("karaoke").Files);
    }
}
