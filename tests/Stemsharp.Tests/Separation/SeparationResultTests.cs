using System.IO.Pipelines;
using Stemsharp.Audio;
using Stemsharp.Files;
using Xunit;

namespace Stemsharp.Tests.Separation;

public sealed class SeparationResultTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-test").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Stems_are_a_dictionary_and_can_be_looked_for()
    {
        await using Separator separator = FakeModel.Open();
        SeparationResult result = await separator.SeparateAsync(FakeModel.Noise(5000));
        Assert.Equal(separator.Stems, result.StemNames);
        Assert.Equal(separator.Stems, result.Stems.Keys);
        Assert.True(result.TryGetStem("bass", out IReadOnlyList<float[]>? bass));
        Assert.Same(result["bass"], bass);
        Assert.False(result.TryGetStem("kazoo", out _));
        Assert.Contains("drums, bass", Assert.Throws<OptionException>(() => result["kazoo"]).Message, StringComparison.Ordinal);
        IReadOnlyList<float[]> rest = result.Without("bass");
        Assert.Equal(result.Mix[1][77] - bass![1][77], rest[1][77]);
        using IAudioReader reader = result.OpenReader("bass");
        float[] samples = new float[2 * 100];
        Assert.Equal((44_100, 2, 5000L, 100), (reader.SampleRate, reader.Channels, reader.Length, reader.Read(samples)));
        Assert.Equal(bass[1][77], samples[2 * 77 + 1]);
    }

    [Fact]
    public async Task Saved_stems_are_the_bytes_that_a_separation_into_files_writes()
    {
        await using Separator separator = FakeModel.Open();
        AudioInput song = FakeModel.Noise(150_000);
        foreach (StemFileOptions files in new StemFileOptions[]
        {
            new(),
            new() { ExactSum = true, Encoding = new EncodingOptions { SampleFormat = SampleFormat.Int24 } },
            new() { TwoStems = "vocals", OtherMethod = OtherMethod.Minus, SharedGain = true },
            new() { KeepSampleRate = true, ClipMode = ClipMode.Clamp },
            new() { Layout = StemFileLayout.AudioSeparator },
        })
        {
            SeparatedFiles made = await separator.SeparateToFilesAsync(song, Path.Combine(_folder, "made"), files);
            SeparatedFiles saved = await (await separator.SeparateAsync(song)).SaveAsync(Path.Combine(_folder, "saved"), files);
            Assert.Equal(made.Stems.Select(Relative), saved.Stems.Select(Relative));
            Assert.Equal(made.NullDecibels, saved.NullDecibels);
            foreach ((string stem, string path) in made.Files)
            {
                Assert.Equal(File.ReadAllBytes(path), File.ReadAllBytes(saved.Files[stem]));
            }
        }

        (string, string, float) Relative(SavedStem stem) => (stem.Stem, Path.GetRelativePath(_folder, stem.Path).Split(Path.DirectorySeparatorChar, 2)[1], stem.Gain);
    }

    [Fact]
    public async Task What_a_result_does_not_know_is_refused_and_nothing_is_written()
    {
        await using Separator separator = FakeModel.Open();
        SeparationResult drums = await separator.SeparateAsync(FakeModel.Noise(5000), new SeparationOptions { Stems = ["drums"] });
        foreach (StemFileOptions files in new StemFileOptions[]
        {
            new() { CopyTags = true },
            new() { ExactSum = true },
            new() { TwoStems = "drums" },
            new() { FileNamePattern = "{stem}.flac", Encoding = new EncodingOptions { Format = AudioFormat.Mp3 } },
        })
        {
            await Assert.ThrowsAsync<OptionException>(() => drums.SaveAsync(_folder, files));
        }

        await Assert.ThrowsAsync<OptionException>(() => drums.SaveStemAsync("drums", Path.Combine(_folder, "drums.doc")));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
    }

    [Theory]
    [InlineData("one.wav", "RIFF")]
    [InlineData("one.FLAC", "fLaC")]
    public async Task A_files_extension_says_its_format(string name, string magic)
    {
        await using Separator separator = FakeModel.Open();
        SeparationResult result = await separator.SeparateAsync(FakeModel.Noise(5000));
        string path = Path.Combine(_folder, "new", name);
        await result.SaveStemAsync("vocals", path);
        Assert.Equal([path], Directory.GetFiles(_folder, "*", SearchOption.AllDirectories));
        Assert.StartsWith(magic, System.Text.Encoding.ASCII.GetString(File.ReadAllBytes(path)), StringComparison.Ordinal);

        SeparatedFiles made = await separator.SeparateToFilesAsync(FakeModel.Noise(5000), _folder, new StemFileOptions { FileNamePattern = "{stem}" + Path.GetExtension(name) });
        Assert.All(made.Files.Values, file => Assert.StartsWith(magic, System.Text.Encoding.ASCII.GetString(File.ReadAllBytes(file)), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Stems_go_to_any_writer_and_songs_come_through_pipes()
    {
        await using Separator separator = FakeModel.Open();
        using MemoryStream song = new();
        float[] samples = [.. Enumerable.Range(0, 2 * 70_000).Select(i => MathF.Sin(i * 0.01f) / 2)];
        using (IAudioWriter writer = AudioFiles.Create(song, 44_100, 2, new EncodingOptions { SampleFormat = SampleFormat.Float32 }, 70_000))
        {
            writer.Write(samples);
            writer.Complete();
        }

        song.Position = 0;
        Dictionary<string, MemoryStream> streams = [];
        await separator.SeparateToWritersAsync(AudioInput.FromPipe(PipeReader.Create(song)), (info, stem) =>
        {
            streams.Add(stem, new MemoryStream());
            return AudioFiles.Create(streams[stem], info.SampleRate, info.Channels, new EncodingOptions { SampleFormat = SampleFormat.Float32 }, info.Length);
        });
        SeparationResult whole = await separator.SeparateAsync(AudioInput.FromSamples(samples, 44_100, 2));
        Assert.Equal(separator.Stems, streams.Keys);
        foreach ((string stem, MemoryStream stream) in streams)
        {
            stream.Position = 0;
            using IAudioReader reader = AudioFiles.Open(stream, stem);
            float[] found = new float[2 * 70_000];
            int read = 0;
            for (int frames; (frames = reader.Read(found.AsSpan(read))) > 0; read += 2 * frames)
            {
            }

            Assert.Equal(found.Length, read);
            Assert.Equal(SeparationHarness.Interleave([.. whole[stem]]), found);
        }
    }

    [Fact]
    public async Task Progress_tells_fraction_percent_speed_and_the_time_that_is_left()
    {
        await using Separator separator = FakeModel.Open(before: _ => Thread.Sleep(60));
        List<SeparationProgress> told = [];
        await separator.SeparateAsync(FakeModel.Noise(6 * FakeModel.Segment), progress: new Told<SeparationProgress>(told.Add));
        Assert.All(told, p => Assert.Equal(100 * p.Fraction, p.Percent));
        SeparationProgress middle = told.First(p => p.State == SeparationState.Separating && p.Fraction > 0.4);
        Assert.Equal(middle.Elapsed * ((1 - middle.Fraction) / middle.Fraction), middle.Remaining);
        Assert.Equal(middle.AudioSecondsDone / middle.Elapsed.TotalSeconds, middle.Speed);
        Assert.Equal(TimeSpan.Zero, told[^1].Remaining);
        Assert.Null(told[0].Remaining);
        Assert.Equal(0.25, new DownloadProgress("a", 25, 100).Fraction);
        Assert.Null(new DownloadProgress("a", 25, null).Percent);
    }

    [Fact]
    public async Task Preparing_loads_once_and_changes_no_bit()
    {
        string model = RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th");
        await using Separator lazy = await Separator.OpenAsync(new SeparatorOptions { Model = model, Preload = false, Threads = 2 });
        await using Separator ready = await Separator.OpenAsync(new SeparatorOptions { Model = model, Threads = 2 });
        List<SeparationState> states = [];
        SeparationResult expected = await lazy.SeparateAsync(FakeModel.Noise(200_000)), found = await ready.SeparateAsync(FakeModel.Noise(200_000));
        await ready.PrepareAsync();
        SeparationResult again = await ready.SeparateAsync(FakeModel.Noise(200_000));
        Assert.All(expected.StemNames, stem => Assert.Equal(expected[stem][1], found[stem][1]));
        Assert.All(expected.StemNames, stem => Assert.Equal(expected[stem][1], again[stem][1]));
    }

    [Fact]
    public async Task Errors_tell_their_reason()
    {
        string text = Path.Combine(_folder, "a.wav"), broken = Path.Combine(_folder, "b.th");
        await File.WriteAllTextAsync(text, "no audio at all, but words");
        await File.WriteAllTextAsync(broken, "no checkpoint");
        await using Separator separator = FakeModel.Open();
        Assert.Equal(AudioFailure.NotAudio, (await Assert.ThrowsAsync<AudioException>(() => separator.SeparateAsync(text))).Failure);
        Assert.Equal(AudioFailure.NotFound, (await Assert.ThrowsAsync<AudioException>(() => separator.SeparateAsync(text + "x"))).Failure);
        Assert.Equal(AudioFailure.NoSamples, (await Assert.ThrowsAsync<AudioException>(() => separator.SeparateAsync(FakeModel.Noise(0)))).Failure);
        Assert.Equal(AudioFailure.NotNumbers, (await Assert.ThrowsAsync<AudioException>(() => separator.SeparateAsync(AudioInput.FromSamples(new[] { 0f, float.NaN }, 44_100, 2)))).Failure);
        Assert.Equal(AudioFailure.Unwritable, (await Assert.ThrowsAsync<OutputException>(() => separator.SeparateToFilesAsync(FakeModel.Noise(100), Path.Combine(text, "x")))).Failure);
        ModelCatalog catalog = new(new ModelCatalogOptions { Offline = true, CacheFolder = _folder });
        Assert.Equal(ModelFailure.Unknown, await ReasonAsync("no-such-model"));
        Assert.Equal(ModelFailure.NotInstalled, await ReasonAsync(broken + ".th"));
        Assert.Equal(ModelFailure.Corrupt, await ReasonAsync(broken));
        Assert.Equal(ModelFailure.Offline, await ReasonAsync("htdemucs"));

        async Task<ModelFailure> ReasonAsync(string model) => (await Assert.ThrowsAsync<ModelException>(() => catalog.ResolveAsync(model))).Failure;
    }

    private sealed class Told<T>(Action<T> tell) : IProgress<T>
    {
        public void Report(T value) => tell(value);
    }
}
