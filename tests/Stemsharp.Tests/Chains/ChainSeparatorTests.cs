using Stemsharp.Audio;
using Stemsharp.Chains;
using Stemsharp.Tests.Golden;
using Stemsharp.Tests.Separation;
using Xunit;

namespace Stemsharp.Tests.Chains;

public sealed class ChainSeparatorTests : IDisposable
{
    private const string TwoSteps = """
        {
          "name": "two",
          "steps": [
            { "name": "first", "model": "a", "stems": ["vocals"] },
            { "name": "second", "model": "b", "input": "mix - vocals", "stems": ["drums", "bass"] }
          ],
          "outputs": { "vocals": "vocals", "drums": "drums", "bass": "bass", "rest": "mix - vocals - drums - bass" }
        }
        """;

    private static readonly Lazy<ModelSource> s_four = new(() => GoldenModel.Source(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th")));
    private static readonly Lazy<ModelSource> s_six = new(() => GoldenModel.Source(RepositoryFiles.Golden("tiny6", "tiny6-18285eff.th")));

    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-test").FullName;
    private readonly List<FakeEngine> _engines = [];
    private readonly List<string> _notices = [];
    private Action<CancellationToken>? _before;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_chain_of_two_models_equals_doing_it_by_hand_bit_for_bit()
    {
        AudioInput song = AudioInput.FromFile(RepositoryFiles.Sample("song", "mix.wav")).Part(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2.5));
        string one = RepositoryFiles.Golden("roformer", "mel1.safetensors"), two = RepositoryFiles.DemoModel;
        StemFileOptions floats = new() { ClipMode = ClipMode.None, Encoding = new EncodingOptions { SampleFormat = SampleFormat.Float32 } };
        SeparatorOptions options = new() { Threads = 2 };
        await using Separator first = await Separator.OpenAsync(options with { Model = one });
        SeparatedFiles voice = await first.SeparateToFilesAsync(song, Path.Combine(_folder, "1"), floats);
        await using Separator second = await Separator.OpenAsync(options with { Model = two, Defaults = new SeparationOptions { Shifts = 2 } });
        SeparatedFiles band = await second.SeparateToFilesAsync(voice.Files["other"], Path.Combine(_folder, "2"), floats);

        foreach (string rest in (string[])["other", "mix - vocals"])
        {
            SeparationChain chain = SeparationChain.Parse($$"""
                {
                  "steps": [
                    { "name": "voice", "model": "{{one}}", "stems": ["vocals"{{(rest == "other" ? ", \"other\"" : "")}}] },
                    { "name": "band", "model": "{{two}}", "input": "{{rest}}", "shifts": 2, "stems": { "drums": "drums", "bass": "bass", "other": "remains" } }
                  ],
                  "outputs": { "vocals": "vocals", "drums": "drums", "bass": "bass", "remains": "remains" }
                }
                """);
            await using ChainSeparator separator = await ChainSeparator.OpenAsync(chain, options);
            string folder = Path.Combine(_folder, "chain " + rest);
            SeparatedFiles made = await separator.SeparateToFilesAsync(song, folder, floats);
            Assert.Equal(File.ReadAllBytes(voice.Files["vocals"]), File.ReadAllBytes(made.Files["vocals"]));
            Assert.Equal(File.ReadAllBytes(band.Files["drums"]), File.ReadAllBytes(made.Files["drums"]));
            Assert.Equal(File.ReadAllBytes(band.Files["bass"]), File.ReadAllBytes(made.Files["bass"]));
            Assert.Equal(File.ReadAllBytes(band.Files["other"]), File.ReadAllBytes(made.Files["remains"]));

            // Nothing but the stems is left.
            Assert.Equal(4, Directory.GetFileSystemEntries(folder, "*", SearchOption.AllDirectories).Count(File.Exists));
            Assert.Equal(["chain"], Directory.GetFileSystemEntries(folder).Select(Path.GetFileName));
        }
    }

    [Fact]
    public async Task Outputs_are_sums_of_what_steps_give()
    {
        await using ChainSeparator chain = Open(TwoSteps);
        await using Separator a = OpenModel(s_four.Value), b = OpenModel(s_six.Value);
        SeparationResult made = await chain.SeparateAsync(FakeModel.Noise(200_000));
        SeparationResult first = await a.SeparateAsync(FakeModel.Noise(200_000));
        float[][] rest = Minus(first.Mix, first["vocals"]);
        SeparationResult second = await b.SeparateAsync(AudioInput.FromSamples(SeparationHarness.Interleave(rest), 44_100, 2));
        Assert.Equal(["vocals", "drums", "bass", "rest"], made.StemNames);
        for (int c = 0; c < 2; c++)
        {
            Assert.Equal(first.Mix[c], made.Mix[c]);
            Assert.Equal(first["vocals"][c], made["vocals"][c]);
            Assert.Equal(second["drums"][c], made["drums"][c]);
            Assert.Equal(Minus(Minus(rest, second["drums"]), second["bass"])[c], made["rest"][c]);
        }

        Assert.Equal("two", made.Summary.Info.Model);
        Assert.Equal(first.Summary.Segments + second.Summary.Segments, made.Summary.Segments);
        Assert.Equal(made["rest"].Max(channel => channel.Max(Math.Abs)), made.Summary.Peaks[3]);
    }

    [Fact]
    public async Task Streaming_gives_the_same_bits_in_order()
    {
        await using ChainSeparator chain = Open(TwoSteps);
        SeparationResult whole = await chain.SeparateAsync(FakeModel.Noise(300_000));
        long position = 0;
        await foreach (StemBlock block in chain.StreamAsync(FakeModel.Noise(300_000)))
        {
            Assert.Equal(position, block.Start);
            for (int s = 0; s < 4; s++)
            {
                Assert.True(block.Stem(s, 1).SequenceEqual(whole[chain.Stems[s]][1].AsSpan((int)position, block.Length)));
            }

            position += block.Length;
        }

        Assert.Equal(300_000, position);
    }

    [Fact]
    public async Task An_ensemble_joins_its_models_and_can_feed_a_step()
    {
        await using ChainSeparator chain = Open("""
            {
              "steps": [
                { "name": "voice", "ensemble": { "algorithm": "avg_wave", "weights": [1, 3], "models": ["a", "b"] }, "stems": ["vocals"] },
                { "name": "rest", "model": "b", "input": "mix - vocals", "stems": ["drums"] }
              ],
              "outputs": ["vocals", "drums"]
            }
            """);
        await using Separator a = OpenModel(s_four.Value), b = OpenModel(s_six.Value);
        SeparationResult made = await chain.SeparateAsync(FakeModel.Noise(150_000));
        SeparationResult one = await a.SeparateAsync(FakeModel.Noise(150_000)), two = await b.SeparateAsync(FakeModel.Noise(150_000));
        float[][] vocals = [.. one["vocals"].Zip(two["vocals"], (x, y) => x.Zip(y, (v, w) => (float)(0.25 * v + 0.75 * w)).ToArray())];
        SeparationResult rest = await b.SeparateAsync(AudioInput.FromSamples(SeparationHarness.Interleave(Minus(one.Mix, vocals)), 44_100, 2));
        Assert.Equal(vocals[1], made["vocals"][1]);
        Assert.Equal(rest["drums"][0], made["drums"][0]);
        Assert.Equal(["b"], chain.Sources.Keys.Except(["a"]));
    }

    [Fact]
    public async Task One_network_is_loaded_at_a_time_and_one_that_follows_itself_once()
    {
        await using ChainSeparator chain = Open("""
            {
              "steps": [
                { "name": "1", "model": "a", "stems": { "vocals": "x" } },
                { "name": "2", "model": "a", "input": "x", "stems": { "vocals": "y" } },
                { "name": "3", "model": "b", "input": "y", "stems": { "vocals": "z" } },
                { "name": "4", "model": "a", "input": "z", "stems": { "vocals": "end" } }
              ],
              "outputs": ["end"]
            }
            """);
        int most = 0;
        _before = _ => most = Math.Max(most, _engines.Count(engine => !engine.Disposed));
        await chain.SeparateAsync(FakeModel.Noise(100_000));
        Assert.Equal(1, most);
        Assert.Equal(3, _engines.Count);
    }

    [Fact]
    public async Task Only_what_the_wanted_stems_need_is_opened_and_run()
    {
        await using ChainSeparator chain = ChainSeparator.Open(
            SeparationChain.Parse(TwoSteps), new Dictionary<string, ModelSource> { ["a"] = s_four.Value }, Options() with { Stems = ["vocals"] });
        Assert.Equal(["vocals"], (await chain.SeparateAsync(FakeModel.Noise(10_000))).StemNames);
        Assert.Single(_engines);
        OptionException error = await Assert.ThrowsAsync<OptionException>(() => chain.SeparateAsync(FakeModel.Noise(10), options: chain.Options.Defaults with { Stems = ["drums"] }));
        Assert.Contains("not asked for", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Progress_rises_over_all_steps()
    {
        await using ChainSeparator chain = Open(TwoSteps);
        List<SeparationProgress> seen = [];
        await chain.SeparateAsync(FakeModel.Noise(200_000), progress: new Collect(seen.Add));
        Assert.Equal((SeparationState.Analyzing, 0.0), (seen[0].State, seen[0].Percent));
        Assert.Equal((SeparationState.Done, 100.0), (seen[^1].State, seen[^1].Percent));
        Assert.Equal(seen.Select(p => p.Percent).Order(), seen.Select(p => p.Percent));
        Assert.Equal(2, seen.Count(p => p.State == SeparationState.LoadingModel));
        Assert.Equal([0, 1], seen.Select(p => p.ModelIndex).Distinct());
        Assert.All(seen, p => Assert.Equal(p.State == SeparationState.Analyzing ? 1 : 2, p.ModelCount));
        Assert.Equal(seen[^1].SegmentCount, seen[^1].SegmentIndex);
    }

    [Theory]
    [InlineData("""{"steps":[{"name":"s","model":"a","stems":["guitar"]}],"outputs":["guitar"]}""", "Step 's' of the chain chain takes the stem 'guitar', but tiny4 has drums, bass, other, vocals.")]
    [InlineData("""{"steps":[{"name":"s","model":"c","stems":["vocals"]}],"outputs":["vocals"]}""", "needs the model c for its step 's'")]
    [InlineData("""{"steps":[{"name":"s","model":"a","stems":["vocals"]},{"name":"t","model":"slow","stems":{"vocals":"x"}}],"outputs":["vocals","x"]}""", "do not go together: tiny4 works at 44100 Hz with 2 channels, slow at 22050 Hz with 2")]
    [InlineData("""{"steps":[{"name":"s","model":"a","stems":["vocals"]}],"outputs":{"vocals":"vocals","all":"mix"}}""", "the mix itself", "all")]
    [InlineData("""{"steps":[{"name":"s","model":"a","stems":["vocals"]}],"outputs":["vocals"]}""", "There is no stem 'x' in chain; it has vocals", "x")]
    public void Models_that_do_not_fit_are_refused_by_name(string json, string message, string? wanted = null)
    {
        ModelMember member = s_four.Value.Members[0];
        Dictionary<string, ModelSource> sources = new()
        {
            ["a"] = s_four.Value,
            ["slow"] = new ModelSource("slow", s_four.Value.Stems, 22_050, [new ModelMember(member.Network, member.Weights)]),
        };
        OptionException error = Assert.Throws<OptionException>(() => ChainSeparator.Open(SeparationChain.Parse(json), sources, Options() with { Stems = wanted is null ? null : [wanted] }));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_that_do_not_fit_a_later_step_are_refused_before_the_first_one_works()
    {
        await using ChainSeparator chain = Open(TwoSteps.Replace("\"input\"", "\"segment\": 100, \"input\"", StringComparison.Ordinal));
        OptionException error = await Assert.ThrowsAsync<OptionException>(() => chain.SeparateToFilesAsync(FakeModel.Noise(100_000), Path.Combine(_folder, "x")));
        Assert.StartsWith("Step 'second': A segment of 100 s", error.Message, StringComparison.Ordinal);
        Assert.Empty(_engines);
    }

    [Fact]
    public async Task Shifts_of_a_call_hold_for_the_models_that_take_them()
    {
        ModelSource voice = GoldenModel.Source(RepositoryFiles.Golden("roformer", "mel1.safetensors"));
        Dictionary<string, ModelSource> sources = new() { ["a"] = voice, ["b"] = s_six.Value };
        await using ChainSeparator both = ChainSeparator.Open(SeparationChain.Parse(TwoSteps), sources, new SeparatorOptions { Threads = 2 });
        long plain = (await both.SeparateAsync(FakeModel.Noise(60_000))).Summary.Segments;
        long shifted = (await both.SeparateAsync(FakeModel.Noise(60_000), both.Options.Defaults with { Shifts = 3 })).Summary.Segments;
        await using Separator b = Separator.Open(s_six.Value, new SeparatorOptions { Threads = 2 });
        long one = (await b.SeparateAsync(FakeModel.Noise(60_000))).Summary.Segments, three = (await b.SeparateAsync(FakeModel.Noise(60_000), b.Options.Defaults with { Shifts = 3 })).Summary.Segments;
        Assert.Equal(three - one, shifted - plain);

        // A step that asks for what its model lacks is wrong, and so is a call that asks for what none has.
        await using ChainSeparator wrong = ChainSeparator.Open(SeparationChain.Parse(TwoSteps.Replace("\"a\",", "\"a\", \"shifts\": 2,", StringComparison.Ordinal)), sources, new SeparatorOptions { Threads = 2 });
        Assert.Contains("Step 'first': Shifted runs", (await Assert.ThrowsAsync<OptionException>(() => wrong.SeparateAsync(FakeModel.Noise(10)))).Message, StringComparison.Ordinal);
        await using ChainSeparator none = ChainSeparator.Open(SeparationChain.Parse("""{"steps":[{"name":"s","model":"a","stems":["vocals"]}],"outputs":["vocals"]}"""), sources, new SeparatorOptions { Threads = 2 });
        Assert.Contains("Shifted runs", (await Assert.ThrowsAsync<OptionException>(() => none.SeparateAsync(FakeModel.Noise(10), none.Options.Defaults with { Shifts = 2 }))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_call_chooses_zero_dc_for_the_models_that_have_the_choice()
    {
        Dictionary<string, ModelSource> sources = new() { ["a"] = GoldenModel.Source(RepositoryFiles.Golden("roformer", "mel1.safetensors")), ["b"] = s_six.Value };
        using ChainSeparator own = ChainSeparator.Open(SeparationChain.Parse(TwoSteps), sources, Options()), off = ChainSeparator.Open(SeparationChain.Parse(TwoSteps), sources, Options() with { ZeroDc = false });
        Assert.NotEqual(own.ComputeFingerprint(), off.ComputeFingerprint());
        Assert.False(off.Sources["a"].Members[0].Definition.ZeroDc);
        OptionException error = Assert.Throws<OptionException>(() => ChainSeparator.Open(
            SeparationChain.Parse(TwoSteps), new Dictionary<string, ModelSource> { ["a"] = s_four.Value, ["b"] = s_six.Value }, Options() with { ZeroDc = false }));
        Assert.Contains("zero_dc means nothing", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_can_be_called_as_audio_separator_calls_those_of_its_presets()
    {
        SeparationChain preset = SeparationChain.Find("vocal_rvc");
        await using ChainSeparator chain = ChainSeparator.Open(preset, preset.Models.ToDictionary(model => model, model => GoldenModel.Source(RepositoryFiles.Golden("roformer", "mel1.safetensors"))), new SeparatorOptions { Threads = 2 });
        SeparatedFiles made = await chain.SeparateToFilesAsync(FakeModel.Noise(20_000), _folder, new StemFileOptions { Layout = StemFileLayout.AudioSeparator });
        Assert.Equal(["samples_(Vocals)_preset_vocal_rvc.wav", "samples_(Instrumental)_preset_vocal_rvc.wav"], made.Files.Values.Select(Path.GetFileName));
    }

    [Fact]
    public async Task What_was_finished_is_not_made_again_and_the_bits_are_the_same()
    {
        SeparationResult truth = await TruthAsync();
        await BreakOffAsync();
        _engines.Clear();
        await using ChainSeparator again = Open(TwoSteps);
        AssertSame(truth, await again.SeparateAsync(FakeModel.Noise(200_000), again.Options.Defaults with { WorkFolder = Kept }));
        Assert.Single(_engines);
        Assert.Equal(["Step 'first' was finished earlier; its result is used again."], _notices);
    }

    [Theory]
    [InlineData("cut", true)]
    [InlineData("longer", true)]
    [InlineData("flipped", true)]
    [InlineData("empty", true)]
    [InlineData("settings", false)]
    [InlineData("song", false)]
    public async Task A_result_that_is_damaged_or_of_something_else_is_made_anew(string what, bool isDamaged)
    {
        SeparationResult truth = await TruthAsync();
        await BreakOffAsync(what == "song" ? 2 : 1, what == "settings" ? 0.5 : null);
        string file = Assert.Single(Directory.GetFiles(Kept));
        using (FileStream stream = new(file, FileMode.Open))
        {
            if (what == "flipped")
            {
                stream.Position = 12_345;
                int value = stream.ReadByte();
                stream.Position--;
                stream.WriteByte((byte)(value ^ 1));
            }
            else
            {
                stream.SetLength(what switch { "cut" => stream.Length - 1, "longer" => stream.Length + 1, "empty" => 0, _ => stream.Length });
            }
        }

        _engines.Clear();
        await using ChainSeparator again = Open(TwoSteps);
        AssertSame(truth, await again.SeparateAsync(FakeModel.Noise(200_000), again.Options.Defaults with { WorkFolder = Kept }));
        Assert.Equal(2, _engines.Count);
        Assert.Equal(isDamaged ? ["What was kept of step 'first' is damaged or cut short; it is made anew."] : (string[])[], _notices);

        // What belongs to another song or other settings is gone.
        Assert.Single(Directory.GetFiles(Kept));
    }

    [Fact]
    public async Task A_result_that_nobody_needs_any_more_is_gone()
    {
        await using ChainSeparator chain = Open("""
            {
              "steps": [
                { "name": "1", "model": "a", "stems": { "vocals": "x" } },
                { "name": "2", "model": "a", "input": "x", "stems": { "vocals": "y" } },
                { "name": "3", "model": "b", "input": "y", "stems": { "vocals": "z" } }
              ],
              "outputs": ["z"]
            }
            """);
        int most = 0;
        _before = _ => most = Math.Max(most, Directory.GetFiles(Kept).Length);
        await chain.SeparateAsync(FakeModel.Noise(100_000), chain.Options.Defaults with { WorkFolder = Kept });
        Assert.Equal(2, most);

        // The second step's is kept until the caller has what the third made.
        Assert.Single(Directory.GetFiles(Kept));
    }

    [Fact]
    public async Task After_an_error_files_are_absent_and_finished_steps_stay_until_the_song_is_done()
    {
        string folder = Path.Combine(_folder, "out");
        await using (ChainSeparator broken = Open(TwoSteps))
        {
            _before = _ =>
            {
                if (_engines.Count == 2)
                {
                    throw new AudioException("no more");
                }
            };
            await Assert.ThrowsAsync<AudioException>(() => broken.SeparateToFilesAsync(FakeModel.Noise(200_000), folder));
        }

        Assert.Equal(RunResultSuffix, Path.GetExtension(Assert.Single(Directory.GetFiles(folder, "*", SearchOption.AllDirectories))));
        _before = null;
        _engines.Clear();
        await using ChainSeparator again = Open(TwoSteps);
        SeparatedFiles made = await again.SeparateToFilesAsync(FakeModel.Noise(200_000), folder);
        Assert.Single(_engines);
        Assert.Equal(made.Files.Values.Order(), Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Order());
        Assert.Equal(["two"], Directory.GetDirectories(folder).Select(Path.GetFileName));
    }

    [Fact]
    public async Task The_fingerprint_stands_for_chain_and_models()
    {
        await using ChainSeparator one = Open(TwoSteps), same = Open(TwoSteps), other = Open(TwoSteps.Replace("\"bass\": \"bass\"", "\"bass\": \"mix - bass\"", StringComparison.Ordinal));
        Assert.Equal(one.ComputeFingerprint(), same.ComputeFingerprint());
        Assert.NotEqual(one.ComputeFingerprint(), other.ComputeFingerprint());
    }

    private const string RunResultSuffix = ".stemsharp-step";

    private string Kept => Path.Combine(_folder, "kept");

    private async Task<SeparationResult> TruthAsync()
    {
        await using ChainSeparator chain = Open(TwoSteps);
        return await chain.SeparateAsync(FakeModel.Noise(200_000));
    }

    // Stops in the second step.
    private async Task BreakOffAsync(int song = 1, double? overlap = null)
    {
        using CancellationTokenSource stop = new();
        _engines.Clear();
        _before = _ =>
        {
            if (_engines.Count == 2)
            {
                stop.Cancel();
            }
        };
        await using (ChainSeparator chain = Open(TwoSteps))
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(
                () => chain.SeparateAsync(FakeModel.Noise(200_000, song), chain.Options.Defaults with { WorkFolder = Kept, Overlap = overlap }, cancellationToken: stop.Token));
        }

        _before = null;
        _notices.Clear();
    }

    private ChainSeparator Open(string json) => ChainSeparator.Open(
        SeparationChain.Parse(json), new Dictionary<string, ModelSource> { ["a"] = s_four.Value, ["b"] = s_six.Value }, Options());

    private Separator OpenModel(ModelSource source) => Separator.Open(source, Options());

    private SeparatorOptions Options() => new()
    {
        Engine = "fake",
        Notices = new CollectText(_notices.Add),
        Backends =
        [
            new FakeBackend(definition =>
            {
                FakeEngine engine = new(definition) { Before = token => _before?.Invoke(token) };
                _engines.Add(engine);
                return engine.ToEngine();
            }),
        ],
    };

    private static float[][] Minus(IReadOnlyList<float[]> a, IReadOnlyList<float[]> b) => [.. a.Zip(b, (x, y) => x.Zip(y, (v, w) => v - w).ToArray())];

    private static void AssertSame(SeparationResult truth, SeparationResult made)
    {
        Assert.Equal(truth.StemNames, made.StemNames);
        foreach (string stem in truth.StemNames)
        {
            Assert.Equal(truth[stem][0], made[stem][0]);
            Assert.Equal(truth[stem][1], made[stem][1]);
        }
    }

    private sealed class Collect(Action<SeparationProgress> add) : IProgress<SeparationProgress>
    {
        public void Report(SeparationProgress value) => add(value);
    }

    private sealed class CollectText(Action<string> add) : IProgress<string>
    {
        public void Report(string value) => add(value);
    }
}
