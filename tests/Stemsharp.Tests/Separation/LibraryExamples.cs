using System.Diagnostics;
using System.Text.Json;
using Stemsharp.Audio;
using Stemsharp.Chains;
using Stemsharp.Inference;
using Xunit;

namespace Stemsharp.Tests.Separation;

/// <summary>
/// The examples of docs/library.md. Their bodies stand there word for word; the test at the end sees to it.
/// </summary>
public sealed class LibraryExamples : IDisposable
{
    private readonly string model = RepositoryFiles.DemoModel;
    private readonly string song = RepositoryFiles.Sample("song", "mix.wav");
    private readonly string folder = Directory.CreateTempSubdirectory("stemsharp-test").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task To_files()
    {
        await using Separator separator = await Separator.OpenAsync(new SeparatorOptions { Model = model });
        SeparatedFiles made = await separator.SeparateToFilesAsync(song, folder);
        foreach ((string stem, string path) in made.Files)
        {
            Console.WriteLine($"{stem}: {path}");
        }

        Assert.True(File.Exists(Path.Combine(folder, separator.Model, "mix", "vocals.wav")));
    }

    [Fact]
    public async Task To_files_that_add_up()
    {
        await using Separator separator = await Separator.OpenAsync(new SeparatorOptions { Model = model });
        StemFileOptions files = new()
        {
            Encoding = new EncodingOptions { Format = AudioFormat.Wav, SampleFormat = SampleFormat.Int24 },
            ExactSum = true,
            FileNamePattern = "{artist}/{track} - {stem}.{ext}",
        };
        SeparatedFiles made = await separator.SeparateToFilesAsync(song, folder, files);

        Assert.Equal(6, made.Files.Count);
    }

    [Fact]
    public async Task To_files_like_the_song()
    {
        await using Separator separator = await Separator.OpenAsync(new SeparatorOptions { Model = model });
        StemFileOptions like = new() { KeepSampleRate = true, KeepDepth = true, CopyTags = true };
        SeparatedFiles made = await separator.SeparateToFilesAsync(song, folder, like);

        Assert.Equal(6, made.Files.Count);
    }

    [Fact]
    public async Task Chains()
    {
        SeparationChain chain = SeparationChain.Parse($$"""
            {
              "name": "voice-and-band",
              "steps": [
                { "name": "voice", "model": {{JsonSerializer.Serialize(model)}}, "stems": ["vocals"] },
                { "name": "band", "model": {{JsonSerializer.Serialize(model)}}, "input": "mix - vocals", "stems": ["drums", "bass"] }
              ],
              "outputs": { "vocals": "vocals", "drums": "drums", "bass": "bass", "rest": "mix - vocals - drums - bass" }
            }
            """);
        await using ChainSeparator separator = await ChainSeparator.OpenAsync(chain, new SeparatorOptions { Threads = 2 });
        SeparatedFiles made = await separator.SeparateToFilesAsync(song, folder);

        Assert.Equal(Path.Combine(folder, "voice-and-band", "mix", "rest.wav"), made.Files["rest"]);
    }

    [Fact]
    public async Task To_one_stem_and_the_rest()
    {
        await using Separator separator = await Separator.OpenAsync(new SeparatorOptions { Model = model });
        StemFileOptions pair = new() { TwoStems = "vocals", OtherMethod = OtherMethod.Minus };
        SeparatedFiles made = await separator.SeparateToFilesAsync(song, folder, pair);
        Console.WriteLine(made.Files["minus_vocals"]);

        Assert.Equal(2, made.Files.Count);
    }

    [Fact]
    public async Task To_memory()
    {
        await using Separator separator = await Separator.OpenAsync(new SeparatorOptions { Model = model });
        SeparationResult result = await separator.SeparateAsync(song);
        float[] left = [.. result["vocals"][0]];
        Console.WriteLine($"{left.Length} samples at {result.SampleRate} Hz, peak {result.Summary.Peaks.Max()}");

        Assert.Equal(441_000, left.Length);
    }

    [Fact]
    public async Task From_samples()
    {
        await using Separator separator = await Separator.OpenAsync(new SeparatorOptions { Model = model });
        float[] interleaved = new float[2 * 48_000];
        for (int i = 0; i < interleaved.Length; i++)
        {
            interleaved[i] = 0.5f * MathF.Sin(i / 2 * 0.05f);
        }

        AudioInput input = AudioInput.FromSamples(interleaved, sampleRate: 48_000, channels: 2);
        SeparationResult result = await separator.SeparateAsync(input);

        Assert.Equal(44_100, result.Mix[0].Length);
    }

    [Fact]
    public async Task Streaming()
    {
        await using Separator separator = await Separator.OpenAsync(new SeparatorOptions { Model = model, Stems = ["bass"] });
        AudioInput input = AudioInput.FromFile(song).Part(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(5));
        double energy = 0;
        await foreach (StemBlock block in separator.StreamAsync(input))
        {
            foreach (float sample in block.Stem(0, channel: 0))
            {
                energy += sample * sample;
            }
        }

        Assert.True(energy > 1);
    }

    [Fact]
    public async Task Progress_and_cancellation()
    {
        await using Separator separator = await Separator.OpenAsync(new SeparatorOptions { Model = model });
        using CancellationTokenSource cancel = new(TimeSpan.FromMinutes(5));
        Progress<SeparationProgress> progress = new(p => Console.WriteLine($"{p.State} {p.Percent:F0} %, {p.Remaining:mm\\:ss} to go, {p.Speed:F1} times as fast as it plays"));
        try
        {
            await separator.SeparateAsync(song, progress: progress, cancellationToken: cancel.Token);
        }
        catch (OperationCanceledException)
        {
            Console.WriteLine("stopped");
        }
    }

    [Fact]
    public async Task A_result_into_files()
    {
        await using Separator separator = await Separator.OpenAsync(new SeparatorOptions { Model = model });
        SeparationResult result = await separator.SeparateAsync(song);
        await result.SaveAsync(folder, new StemFileOptions { TwoStems = "vocals", FileNamePattern = "{stem}.flac" });
        if (result.TryGetStem("bass", out IReadOnlyList<float[]>? bass))
        {
            await result.SaveStemAsync("bass", Path.Combine(folder, "bass line.wav"));
            Console.WriteLine($"{bass[0].Length} samples of bass");
        }

        Assert.Equal(["bass line.wav", "no_vocals.flac", "vocals.flac"], Directory.GetFiles(folder).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task Into_writers()
    {
        await using Separator separator = await Separator.OpenAsync(new SeparatorOptions { Model = model });
        AudioInput song = AudioInput.FromFile(this.song).Part(TimeSpan.Zero, TimeSpan.FromSeconds(1));
        await separator.SeparateToWritersAsync(song, (info, stem) =>
            AudioFiles.Create(Path.Combine(folder, stem + ".wav"), info.SampleRate, info.Channels));

        Assert.Equal(6, Directory.GetFiles(folder, "*.wav").Length);
    }

    [Fact]
    public async Task Options_per_call()
    {
        await using Separator separator = await Separator.OpenAsync(new SeparatorOptions { Model = model });
        AudioInput song = AudioInput.FromFile(this.song).Part(TimeSpan.Zero, TimeSpan.FromSeconds(2));
        SeparationOptions careful = new() { Shifts = 2, Overlap = 0.5 };
        SeparationResult result = await separator.SeparateAsync(song, careful);

        Assert.Equal(6, result.StemNames.Count);
    }

    [Fact]
    public async Task Errors()
    {
        try
        {
            await using Separator separator = await Separator.OpenAsync(new SeparatorOptions { Model = model, Stems = ["kazoo"] });
            Assert.Fail("not reached");
        }
        catch (OptionException error)
        {
            Console.WriteLine(error.Message);
        }
        catch (ModelException error) when (error.Failure is ModelFailure.Offline or ModelFailure.Download)
        {
            Console.WriteLine($"later: {error.Message}");
        }
        catch (StemsharpException error) when (error is ModelException or AudioException)
        {
            Console.WriteLine(error.Message);
        }
    }

    [Fact]
    public async Task The_best_engine()
    {
        SeparatorOptions options = new() { Model = model, Engine = Engines.Auto, Precision = EnginePrecision.Fp32 };
        await using Separator separator = await Separator.OpenAsync(options);
        SeparationResult result = await separator.SeparateAsync(song);
        foreach (EngineShare share in result.Summary.Engines)
        {
            Console.WriteLine($"{share.Engine}: {share.Pieces} segments");
        }

        Assert.Equal("cpu", Assert.Single(result.Summary.Engines).Engine.Backend);
    }

    [Fact]
    public async Task Telemetry()
    {
        using ActivityListener listener = new()
        {
            ShouldListenTo = source => source.Name == "Stemsharp",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity => Console.WriteLine($"{activity.OperationName}: {activity.Duration}"),
        };
        ActivitySource.AddActivityListener(listener);
        await using Separator separator = await Separator.OpenAsync(new SeparatorOptions { Model = model });
        await separator.SeparateAsync(AudioInput.FromFile(song).Part(TimeSpan.Zero, TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public void The_documentation_shows_what_runs_here() =>
        PrintedExamples.StandIn(RepositoryFiles.At("docs", "library.md"), 10, RepositoryFiles.At("tests", "Stemsharp.Tests", "Separation", "LibraryExamples.cs"));
}
