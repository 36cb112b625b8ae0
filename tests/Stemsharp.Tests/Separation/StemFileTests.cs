using Stemsharp.Audio;
using Stemsharp.Separation;
using Xunit;

namespace Stemsharp.Tests.Separation;

public sealed class StemFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-test").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Files_lie_where_the_original_puts_them()
    {
        await using Separator separator = FakeModel.Open();
        string song = Write("a song.wav", FakeModel.Noise(30_000));
        SeparatedFiles made = await separator.SeparateToFilesAsync(song, Path.Combine(_folder, "separated"));
        Assert.Equal(separator.Stems, made.Files.Keys);
        Assert.Equal(Path.Combine(_folder, "separated", separator.Model, "a song", "vocals.wav"), made.Files["vocals"]);
        Assert.Equal(4, Directory.GetFiles(Path.Combine(_folder, "separated"), "*", SearchOption.AllDirectories).Length);
        Assert.Equal(30_000 * 2, Read(made.Files["bass"]).Length);

        // The fake network makes the vocals several times as loud as the mix: they are scaled to just below full scale.
        Assert.True(made.Gains["vocals"] < 1);
        Assert.Equal(1 / 1.01f, Read(made.Files["vocals"]).Max(Math.Abs), 1e-3f);
    }

    [Fact]
    public async Task One_gain_keeps_the_balance()
    {
        await using Separator separator = FakeModel.Open();
        SeparatedFiles made = await separator.SeparateToFilesAsync(
            FakeModel.Noise(20_000), _folder, new StemFileOptions { SharedGain = true });
        Assert.Single(made.Gains.Values.Distinct());
    }

    [Theory]
    [InlineData(SampleFormat.Int16)]
    [InlineData(SampleFormat.Int24)]
    public async Task Stems_can_add_up_exactly(SampleFormat format)
    {
        await using Separator separator = FakeModel.Open();
        AudioInput input = FakeModel.Noise(30_000);
        SeparatedFiles made = await separator.SeparateToFilesAsync(
            input, _folder, new StemFileOptions { ResidualStem = "other", Encoding = new EncodingOptions { SampleFormat = format } });
        float[] mix = SeparationHarness.Interleave([.. (await separator.SeparateAsync(input)).Mix]);
        double step = Math.ScaleB(1, 1 - format.Bits());
        float[][] stems = [.. made.Files.Values.Select(Read)];
        for (int i = 0; i < mix.Length; i++)
        {
            double sum = stems.Sum(stem => (double)stem[i]);
            Assert.Equal(mix[i] * made.Gains["other"], sum, 0.51 * step);
        }
    }

    [Fact]
    public async Task Stems_that_add_up_are_dithered_as_the_seed_says()
    {
        await using Separator separator = FakeModel.Open();
        float[][] first = await MakeAsync(1), again = await MakeAsync(1), other = await MakeAsync(2);
        for (int stem = 0; stem < first.Length; stem++)
        {
            Assert.Equal(first[stem], again[stem]);
            Assert.NotEqual(first[stem], other[stem]);
        }

        async Task<float[][]> MakeAsync(ulong seed)
        {
            StemFileOptions options = new() { ResidualStem = "other", Encoding = new EncodingOptions { Dither = true, DitherSeed = seed } };
            return [.. (await separator.SeparateToFilesAsync(FakeModel.Noise(30_000), _folder, options)).Files.Values.Select(Read)];
        }
    }

    [Theory]
    [InlineData(48_000, SampleFormat.Int24)]
    [InlineData(22_050, SampleFormat.Int16)]
    [InlineData(44_100, SampleFormat.Float32)]
    public async Task Files_can_keep_rate_depth_length_and_tags_of_the_input_and_add_up_to_it(int rate, SampleFormat depth)
    {
        const int frames = 20_011;
        string song = Path.Combine(_folder, "song.wav");
        EncodingOptions encoding = new() { SampleFormat = depth, Tags = AudioTags.Empty.With("title", "A Song").With("artist", "We") };
        using (IAudioWriter writer = AudioFiles.Create(song, rate, 2, encoding))
        {
            writer.Write(Audio.Signals.Noise(2 * frames, 3, 0.1));
            writer.Complete();
        }

        await using Separator separator = FakeModel.Open();
        StemFileOptions files = new() { KeepSampleRate = true, KeepDepth = true, CopyTags = true, ResidualStem = "other", FileName = (_, _, stem) => $"{stem}.wav" };
        using FileStream stream = File.OpenRead(song);
        foreach (AudioInput input in new[] { AudioInput.FromFile(song), AudioInput.FromStream(stream) })
        {
            SeparatedFiles made = await separator.SeparateToFilesAsync(input, _folder, files);
            double[] sum = new double[2 * frames];
            foreach ((string stem, string path) in made.Files)
            {
                using AudioSource source = AudioSource.Open(path);
                Assert.Equal((rate, depth, (long?)frames), (source.Info.SampleRate, source.Info.SampleFormat!.Value, source.Info.Length));
                Assert.Equal(($"A Song ({stem})", "We"), (source.ReadTags()["title"], source.ReadTags()["artist"]));
                float[] samples = Read(path);
                for (int i = 0; i < sum.Length; i++)
                {
                    sum[i] += samples[i];
                }
            }

            // Integers add up to the file; floats to half a unit in the residual stem's last place.
            float[] mix = Read(song);
            double unit = depth.IsFloat() ? 1e-7 : 0.5 * Math.ScaleB(1, 1 - depth.Bits());
            for (int i = 0; i < sum.Length; i++)
            {
                Assert.Equal(mix[i] * (double)made.Gains["other"], sum[i], unit);
            }

            Assert.True(made.NullDecibels!.Value.After < -100);
        }
    }

    [Fact]
    public async Task Samples_in_memory_become_floats_at_their_own_rate()
    {
        await using Separator separator = FakeModel.Open();
        AudioInput input = AudioInput.FromSamples(Audio.Signals.Noise(2 * 9_000, 1), 32_000, 2);
        SeparatedFiles made = await separator.SeparateToFilesAsync(
            input, _folder, new StemFileOptions { KeepSampleRate = true, KeepDepth = true, CopyTags = true, FileName = (_, _, stem) => $"{stem}.wav" });
        using AudioSource source = AudioSource.Open(made.Files["bass"]);
        Assert.Equal((32_000, SampleFormat.Float32, 9_000L), (source.Info.SampleRate, source.Info.SampleFormat!.Value, source.Info.Length!.Value));
    }

    [Fact]
    public async Task Samples_can_be_cut_at_full_scale_as_they_come()
    {
        await using Separator separator = FakeModel.Open();
        SeparatedFiles made = await separator.SeparateToFilesAsync(
            FakeModel.Noise(20_000),
            _folder,
            new StemFileOptions
            {
                ClipMode = ClipMode.Clamp,
                Encoding = new EncodingOptions { SampleFormat = SampleFormat.Float32 },
                FileName = (_, _, stem) => $"{stem}.wav",
            });
        Assert.Equal(Path.Combine(_folder, "vocals.wav"), made.Files["vocals"]);
        Assert.Equal(0.99f, Read(made.Files["vocals"]).Max());
    }

    [Theory]
    [InlineData(OtherMethod.Add, "vocals", "no_vocals")]
    [InlineData(OtherMethod.Minus, "minus_vocals", "vocals")]
    [InlineData(OtherMethod.None, "vocals")]
    public async Task One_stem_can_be_kept_apart_from_the_rest(OtherMethod method, params string[] names)
    {
        await using Separator separator = FakeModel.Open();
        AudioInput input = Quiet(30_000);
        EncodingOptions floats = new() { SampleFormat = SampleFormat.Float32 };
        StemFileOptions files = new() { TwoStems = "vocals", OtherMethod = method, Encoding = floats, ClipMode = ClipMode.None };
        SeparatedFiles made = await separator.SeparateToFilesAsync(input, _folder, files);
        Assert.Equal(names, made.Files.Keys);
        SeparationResult stems = await separator.SeparateAsync(input);
        float[] vocals = SeparationHarness.Interleave([.. stems["vocals"]]);
        Assert.Equal(vocals, Read(made.Files["vocals"]));
        if (method == OtherMethod.Add)
        {
            float[][] others = [.. separator.Stems.Where(stem => stem != "vocals").Select(stem => SeparationHarness.Interleave([.. stems[stem]]))];
            Assert.Equal([.. vocals.Select((_, i) => others[0][i] + others[1][i] + others[2][i])], Read(made.Files["no_vocals"]));
        }
        else if (method == OtherMethod.Minus)
        {
            float[] mix = SeparationHarness.Interleave([.. stems.Mix]);
            Assert.Equal([.. vocals.Select((x, i) => mix[i] - x)], Read(made.Files["minus_vocals"]));
        }
    }

    [Theory]
    [InlineData(OtherMethod.Add)]
    [InlineData(OtherMethod.Minus)]
    public async Task Two_files_can_add_up_at_a_rate_of_their_own(OtherMethod method)
    {
        await using Separator separator = FakeModel.Open();
        AudioInput input = Quiet(30_000);
        StemFileOptions files = new() { TwoStems = "bass", OtherMethod = method, ExactSum = true, Encoding = new EncodingOptions { SampleRate = 96_000 } };
        SeparatedFiles made = await separator.SeparateToFilesAsync(input, _folder, files);
        Assert.Equal(2, made.Files.Count);
        float[][] read = [.. made.Files.Values.Select(Read)];
        using OpenedInput opened = OpenedInput.Open(input, null, default);
        using IAudioReader mix = opened.OpenReader(96_000, 2, default);
        float[] expected = new float[read[0].Length];
        FullRead.Frames(mix, expected);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], (double)read[0][i] + read[1][i], 0.51 / 32768);
        }
    }

    [Fact]
    public async Task A_pattern_names_files_by_the_songs_tags_and_cannot_lead_out()
    {
        string song = Path.Combine(_folder, "a song.wav");
        using (IAudioWriter writer = AudioFiles.Create(song, 44_100, 2, new EncodingOptions { Tags = AudioTags.Empty.With("artist", "../We") }))
        {
            writer.Write(Audio.Signals.Noise(20_000, 3, 0.1));
            writer.Complete();
        }

        await using Separator separator = FakeModel.Open();
        StemFileOptions files = new() { FileNamePattern = "{artist}/{track}.{trackext} - {stem}.{ext}" };
        SeparatedFiles made = await separator.SeparateToFilesAsync(song, Path.Combine(_folder, "out"), files);
        Assert.Equal(Path.Combine(_folder, "out", ".._We", "a song.wav - bass.wav"), made.Files["bass"]);
        using AudioSource plain = AudioSource.Open(made.Files["bass"]);
        Assert.Null(plain.ReadTags()["artist"]);
    }

    [Fact]
    public async Task All_stems_can_be_one_file_for_Traktor()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using Audio.TemporaryFolder tools = new();
        string tool = FakeFFmpeg.Make(tools.Path, $"cat > '{tools.File("samples")}'; cp '{RepositoryFiles.Golden("media", "five-tracks.mp4")}' \"$out\"");
        await using Separator separator = FakeModel.Open();
        SeparatedFiles made = await separator.SeparateToFilesAsync(Quiet(30_000), _folder, new StemFileOptions { Traktor = new TraktorStemOptions { FFmpegPath = tool } });
        (string stem, string path) = Assert.Single(made.Files);
        Assert.Equal(("stems", Path.Combine(_folder, separator.Model, "samples.stem.mp4")), (stem, path));
        Assert.Equal(path, Assert.Single(Directory.GetFiles(_folder, "*", SearchOption.AllDirectories)));
        Assert.Equal(30_000 * TraktorStemFile.Channels * sizeof(float), new FileInfo(tools.File("samples")).Length);
    }

    [Fact]
    public async Task Files_that_cannot_be_made_are_refused_before_the_song_is_opened()
    {
        AudioInput missing = Path.Combine(_folder, "missing.wav");
        EncodingOptions mp3 = new() { Format = AudioFormat.Mp3 };
        await using Separator separator = FakeModel.Open();
        foreach ((string word, StemFileOptions files, string[]? stems) in new (string, StemFileOptions, string[]?)[]
        {
            ("guitar", new() { TwoStems = "guitar" }, null),
            ("Stems", new() { TwoStems = "vocals" }, ["vocals"]),
            ("Stems", new() { TwoStems = "vocals", OtherMethod = OtherMethod.Minus }, ["drums"]),
            ("Stems", new() { ExactSum = true }, ["drums", "bass"]),
            ("rest", new() { ExactSum = true, TwoStems = "vocals", OtherMethod = OtherMethod.None }, null),
            ("lossless", new() { ExactSum = true, Encoding = mp3 }, null),
            ("no_vocals", new() { ResidualStem = "bass", TwoStems = "vocals" }, null),
            ("Traktor", new() { Traktor = new TraktorStemOptions(), TwoStems = "vocals" }, null),
            ("Traktor", new() { Traktor = new TraktorStemOptions() }, ["vocals"]),
            ("exclude", new() { FileNamePattern = "{stem}.{ext}", FileName = (_, _, stem) => stem }, null),
            ("{artist}", new() { FileNamePattern = "{band}/{stem}.{ext}" }, null),
            ("1 or more", new() { MostEncoders = 0 }, null),
            ("kbit", new() { Encoding = mp3 with { BitrateKbps = 9999 } }, null),
        })
        {
            OptionException error = await Assert.ThrowsAsync<OptionException>(() => separator.SeparateToFilesAsync(
                missing, Path.Combine(_folder, "out"), files, separator.Options.Defaults with { Stems = stems }));
            Assert.Contains(word, error.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("../escaped.wav")]
    [InlineData("/escaped.wav")]
    [InlineData("same.wav")]
    public async Task Names_that_lead_out_or_meet_are_refused(string name)
    {
        await using Separator separator = FakeModel.Open();
        await Assert.ThrowsAsync<OptionException>(() => separator.SeparateToFilesAsync(
            FakeModel.Noise(2000), Path.Combine(_folder, "out"), new StemFileOptions { FileName = (_, _, _) => name }));
        Assert.Empty(Directory.GetFiles(_folder, "*", SearchOption.AllDirectories));
    }

    [Theory]
    [InlineData(ClipMode.Rescale)]
    [InlineData(ClipMode.None)]
    public async Task No_file_gets_its_name_before_all_are_whole(ClipMode mode)
    {
        // The last stem's file cannot be made: a folder has its name.
        Directory.CreateDirectory(Path.Combine(_folder, "vocals.wav"));
        await using Separator separator = FakeModel.Open();
        await Assert.ThrowsAsync<OutputException>(() => separator.SeparateToFilesAsync(
            FakeModel.Noise(20_000), _folder, new StemFileOptions { ClipMode = mode, FileName = (_, _, stem) => $"{stem}.wav" }));
        Assert.Empty(Directory.GetFiles(_folder, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Nothing_is_left_after_an_error_or_a_cancellation()
    {
        using CancellationTokenSource cancel = new();
        await using Separator separator = FakeModel.Open(new SeparatorOptions { Defaults = new SeparationOptions { TemporaryFolder = _folder } }, before: _ => cancel.Cancel());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => separator.SeparateToFilesAsync(
            FakeModel.Noise(200_000), Path.Combine(_folder, "out"), cancellationToken: cancel.Token));
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    // Quiet stems are written once, loud ones twice: the samples are those of one pass with the gain either way.
    [Theory]
    [InlineData(0.05f, false)]
    [InlineData(0.05f, true)]
    [InlineData(0.6f, false)]
    [InlineData(0.6f, true)]
    public async Task Samples_are_the_stems_times_the_gain(float amplitude, bool shared)
    {
        await using Separator separator = FakeModel.Open();
        Random random = new(3);
        AudioInput input = AudioInput.FromSamples(Enumerable.Range(0, 400_000).Select(_ => amplitude * (float)(2 * random.NextDouble() - 1)).ToArray(), 44_100, 2);
        SeparatedFiles made = await separator.SeparateToFilesAsync(input, _folder, new StemFileOptions { SharedGain = shared });
        SeparationResult stems = await separator.SeparateAsync(input);
        Assert.Equal(amplitude > 0.1, made.Gains.Values.Any(g => g != 1));
        foreach ((string stem, string path) in made.Files)
        {
            float[] samples = SeparationHarness.Interleave([.. stems[stem]]);
            int[] expected = new int[samples.Length];
            new Quantiser(16, dither: true, DitherSeed.For(stem)).Quantise([.. samples.Select(x => x * made.Gains[stem])], expected);
            Assert.Equal(expected, Read(path).Select(x => (int)(x * 32768)));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_name_that_cannot_be_given_takes_back_those_that_were(bool replaces)
    {
        string drums = Path.Combine(_folder, "drums.wav"), vocals = Path.Combine(_folder, "vocals.wav");
        if (replaces)
        {
            File.WriteAllText(drums, "an older file");
        }

        await using Separator separator = FakeModel.Open();
        StemFilePlanner planner = new(new StemFileOptions { FileName = (_, _, stem) => $"{stem}.wav" }, _folder, null);
        using (FileSink sink = new(planner.Plan, default) { BeforeNaming = () => Directory.CreateDirectory(vocals) })
        {
            await Assert.ThrowsAsync<OutputException>(() => separator.SeparateAsync(FakeModel.Noise(20_000), sink));
        }

        Assert.Equal(replaces ? [drums] : [], Directory.GetFiles(_folder, "*", SearchOption.AllDirectories));
        Assert.True(!replaces || File.ReadAllText(drums) == "an older file");
    }

    [Fact]
    public async Task Done_is_told_when_the_files_have_their_names()
    {
        await using Separator separator = FakeModel.Open();
        List<(SeparationState State, int Files)> seen = [];
        await separator.SeparateToFilesAsync(FakeModel.Noise(20_000), Path.Combine(_folder, "out"), progress: new Told(p =>
            seen.Add((p.State, Directory.GetFiles(_folder, "*.wav", SearchOption.AllDirectories).Length))));
        Assert.Equal((SeparationState.Done, 4), seen[^1]);
        Assert.Equal((SeparationState.Writing, 0), seen[^2]);
    }

    [Theory]
    [InlineData(SeparationState.Analyzing, ClipMode.Rescale)]
    [InlineData(SeparationState.LoadingModel, ClipMode.Rescale)]
    [InlineData(SeparationState.Separating, ClipMode.Rescale)]
    [InlineData(SeparationState.Separating, ClipMode.None)]
    [InlineData(SeparationState.Writing, ClipMode.Rescale)]
    [InlineData(SeparationState.Writing, ClipMode.None)]
    public async Task A_cancellation_at_any_stage_leaves_nothing(SeparationState stage, ClipMode mode)
    {
        string output = Path.Combine(_folder, "out");
        using CancellationTokenSource cancel = new();
        await using Separator separator = FakeModel.Open(new SeparatorOptions { Defaults = new SeparationOptions { TemporaryFolder = _folder } });
        Told progress = new(p =>
        {
            if (p.State == stage && (stage != SeparationState.Separating || p.SegmentIndex == 2))
            {
                cancel.Cancel();
            }
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => separator.SeparateToFilesAsync(
            FakeModel.Noise(300_000), output, new StemFileOptions { ClipMode = mode }, progress: progress, cancellationToken: cancel.Token));
        Assert.Empty(Directory.GetFileSystemEntries(_folder));

        // Nothing waits: the next song has all threads, and the files their names.
        await separator.SeparateToFilesAsync(FakeModel.Noise(300_000), output);
        Assert.Equal(4, Directory.GetFiles(output, "*", SearchOption.AllDirectories).Length);
    }

    // Each stage fails in turn: one error, nothing left, and the separator is as good as new.
    [Theory]
    [InlineData("measuring")]
    [InlineData("reading")]
    [InlineData("network")]
    [InlineData("result")]
    [InlineData("writing")]
    [InlineData("finishing")]
    public async Task A_stage_that_fails_leaves_nothing(string stage)
    {
        string song = Write("song.wav", FakeModel.Noise(300_000)), output = Path.Combine(_folder, "out");
        bool fails = true;
        int runs = 0;
        await using Separator separator = FakeModel.Open(
            before: _ =>
            {
                runs++;
                if (fails && runs == 3)
                {
                    switch (stage)
                    {
                        case "reading":
                            using (FileStream cut = File.Open(song, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
                            {
                                cut.SetLength(400_000);
                            }

                            break;
                        case "network":
                            throw new StemsharpException("the network failed");
                    }
                }
            },
            formula: (stem, x, t) => fails && stage == "result" && runs == 3 ? double.NaN : FakeEngine.Bent(stem, x, t));
        AudioInput input = stage == "measuring"
            ? AudioInput.FromSamples(Enumerable.Range(0, 300_000).Select(i => i == 250_000 ? float.NaN : 0.1f).ToArray(), 44_100, 2)
            : song;
        StemFilePlanner planner = new(new StemFileOptions(), output, null);
        using (FileSink sink = new(planner.Plan, default) { BeforeNaming = stage == "finishing" ? () => throw new StemsharpException("at the end") : null })
        {
            IStemSink asked = stage == "writing" ? new FailingSink(sink, 2) : sink;
            StemsharpException error = await Assert.ThrowsAnyAsync<StemsharpException>(() => separator.SeparateAsync(input, asked));
            Assert.NotEmpty(error.Message);
        }

        Assert.False(Directory.Exists(output));
        fails = false;
        File.Delete(song);
        await separator.SeparateToFilesAsync(Write("song.wav", FakeModel.Noise(300_000)), output);
        Assert.Equal(4, Directory.GetFiles(output, "*", SearchOption.AllDirectories).Length);
    }

    private sealed class Told(Action<SeparationProgress> tell) : IProgress<SeparationProgress>
    {
        public void Report(SeparationProgress value) => tell(value);
    }

    private sealed class FailingSink(IStemSink inner, int blocks) : IStemSink
    {
        private int _left = blocks;

        public void Begin(SeparationInfo info) => inner.Begin(info);

        public void Write(StemBlock block)
        {
            if (_left-- == 0)
            {
                throw new OutputException("the disk is full");
            }

            inner.Write(block);
        }
    }

    private string Write(string name, AudioInput input)
    {
        string path = Path.Combine(_folder, name);
        using IAudioReader reader = input.OpenSamples();
        using IAudioWriter writer = AudioFiles.Create(path, reader.SampleRate, reader.Channels);
        float[] samples = new float[reader.Length!.Value * reader.Channels];
        FullRead.Frames(reader, samples);
        writer.Write(samples);
        writer.Complete();
        return path;
    }

    private static AudioInput Quiet(int frames) => AudioInput.FromSamples(Audio.Signals.Noise(2 * frames, 5, 0.05), 44_100, 2);

    private static float[] Read(string path)
    {
        using IAudioReader reader = AudioFiles.Open(path);
        float[] samples = new float[reader.Length!.Value * reader.Channels];
        FullRead.Frames(reader, samples);
        return samples;
    }
}
