using Microsoft.Extensions.DependencyInjection;
using NAudio.Wave;
using Xunit;

namespace Stemsharp.Tests;

/// <summary>The examples of docs/hosting.md. Their bodies stand there word for word; the test at the end sees to it.</summary>
public sealed class HostingExamples : IDisposable
{
    private readonly string model = RepositoryFiles.DemoModel;
    private readonly string song = RepositoryFiles.Sample("song", "mix.wav");
    private readonly string folder = Directory.CreateTempSubdirectory("stemsharp-test").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_shared_separator()
    {
        ServiceCollection services = new();
        services.AddStemsharp(options =>
        {
            options.Separator = new SeparatorOptions { Model = model, Threads = 2 };
            options.AllowDownload = false;
        });
        services.AddHealthChecks().AddStemsharp();
        await using ServiceProvider provider = services.BuildServiceProvider();
        StemSeparatorSource source = provider.GetRequiredService<StemSeparatorSource>();
        StemSeparator separator = await source.GetAsync();
        SeparatedFiles made = await separator.SeparateToFilesAsync(song, folder);

        Assert.Equal(6, made.Files.Count);
    }

    [Fact]
    public async Task Models_by_key()
    {
        ServiceCollection services = new();
        services.AddStemsharp("voice", options => options.Separator = new SeparatorOptions { Model = model, Stems = ["vocals"] });
        services.AddStemsharp("band", options => options.Separator = new SeparatorOptions { Model = model, Stems = ["drums", "bass"] });
        await using ServiceProvider provider = services.BuildServiceProvider();
        Assert.Equal(["vocals"], (await provider.GetRequiredKeyedService<StemSeparatorSource>("voice").GetAsync()).Options.Stems);
    }

    [Fact]
    public async Task The_demo_model()
    {
        await using Separator separator = await DemoModel.OpenAsync();
        SeparationResult result = await separator.SeparateAsync(song);

        Assert.Equal(6, result.Stems.Count);
    }

    [Fact]
    public async Task Sample_providers()
    {
        await using Separator separator = await DemoModel.OpenAsync();
        using WaveFileReader reader = new(song);
        SeparationResult result = await separator.SeparateAsync(reader.ToSampleProvider().ToAudioInput());
        ISampleProvider vocals = result.ToSampleProvider("vocals");

        Assert.Equal(44_100, vocals.WaveFormat.SampleRate);

        using StemSampleProvider live = separator.Play(song, "bass");
        float[] buffer = new float[4096];
        int read = live.Read(buffer);

        Assert.Equal(4096, read);
    }

    [Fact]
    public void The_documentation_shows_what_runs_here() =>
        PrintedExamples.StandIn(RepositoryFiles.At("docs", "hosting.md"), 6, RepositoryFiles.At("tests", "Stemsharp.Packages.Tests", "HostingExamples.cs"));
}
