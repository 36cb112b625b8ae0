using Stemsharp.Cpu;
using Stemsharp.Inference;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.OnnxRuntime.Tests;

/// <summary>
/// A separator whose engine fails: onnxruntime, as a library that fails when it is told to and gives sevens otherwise, then the
/// managed engine. A song of three pieces.
/// </summary>
public sealed class ReplacementTests : IDisposable
{
    // The tiny model's pieces, and where the second one begins.
    private const int Piece = 85_995, Second = Piece * 3 / 4, Length = 150_000;

    private static readonly string s_model = RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th");
    private static readonly Lazy<Task<SeparationResult>> s_managed = new(() => SeparateAsync(new SeparatorOptions()));

    private readonly FakeOnnxRuntime _fake = new()
    {
        Inputs = [("mix", [1, 2, Piece])],
        Outputs = [("stems", [1, 4, 2, Piece])],
        Metadata = { ["stemsharp.stems"] = "drums,bass,other,vocals" },
    };

    private readonly string _graph = Path.GetTempFileName();
    private readonly Notices _said = new();

    public void Dispose() => File.Delete(_graph);

    private int Runs => _fake.Calls.Count(c => c == "run");

    [Fact]
    public async Task A_failed_run_is_repeated_once()
    {
        _fake.Runs.Enqueue("CUDA failure 719: unspecified launch failure");
        SeparationResult result = await SeparateAsync(Options(Fake()));
        Assert.Equal(4, Runs);
        Assert.Contains("Trying once more", Assert.Single(_said.Texts), StringComparison.Ordinal);
        Check(result, ("fake", 0, 3));
        AllSevens(result, Length);
        Clean();
    }

    [Fact]
    public async Task Each_piece_has_a_second_try()
    {
        foreach (string? end in (string?[])["CUDA failure 719", null, "CUDA failure 719", null, "CUDA failure 719", null])
        {
            _fake.Runs.Enqueue(end);
        }

        SeparationResult result = await SeparateAsync(Options(Fake()) with { Fallback = true });
        Assert.Equal(6, Runs);
        Assert.Equal(3, _said.Texts.Count);
        Check(result, ("fake", 0, 3));
        Clean();
    }

    [Fact]
    public async Task A_run_that_fails_twice_fails()
    {
        _fake.Runs.Enqueue("CUDA failure 719");
        _fake.Runs.Enqueue("CUDA failure 719");
        OnnxRuntimeException e = await Assert.ThrowsAsync<OnnxRuntimeException>(() => SeparateAsync(Options(Fake())));
        Assert.Equal(EngineFailure.DeviceLost, e.Failure);
        Assert.Equal(2, Runs);
        Clean();
    }

    [Fact]
    public async Task Running_out_of_memory_is_not_repeated_and_says_what_to_lower()
    {
        _fake.Runs.Enqueue("BFCArena: Failed to allocate memory for requested buffer of size 134217728");
        OnnxRuntimeException e = await Assert.ThrowsAsync<OnnxRuntimeException>(() => SeparateAsync(Options(Fake())));
        Assert.Equal(EngineFailure.OutOfMemory, e.Failure);
        Assert.Contains("--attention-limit", e.Message, StringComparison.Ordinal);
        Assert.Contains("--workspace", e.Message, StringComparison.Ordinal);
        Assert.Equal(1, Runs);
        Assert.Empty(_said.Texts);
        Clean();
    }

    [Fact]
    public async Task Another_engine_goes_on_in_the_middle_of_a_song()
    {
        foreach (string? end in (string?[])[null, "CUDA failure 719", "CUDA failure 719"])
        {
            _fake.Runs.Enqueue(end);
        }

        await using Separator separator = await Separator.OpenAsync(Options(Fake()) with { Fallback = true });
        SeparationResult result = await separator.SeparateAsync(Song());
        Assert.Equal(3, Runs);
        Assert.Equal(2, _said.Texts.Count);
        Assert.Contains("Trying once more", _said.Texts[0], StringComparison.Ordinal);
        Assert.EndsWith("Going on with cpu.", _said.Texts[1], StringComparison.Ordinal);
        Check(result, ("fake", 0, 1), ("cpu", 1, 2));
        AllSevens(result, Second);
        SameAsManaged(result, Piece);

        // The device's memory has been given back, though the separator lives.
        Assert.Empty(_fake.Live);

        // And for good.
        Check(await separator.SeparateAsync(Song()), ("cpu", 0, 3));
        Assert.Equal(3, Runs);
        Clean();
    }

    [Theory]
    [InlineData("named")]
    [InlineData(Engines.Auto)]
    public async Task Running_out_of_memory_lets_another_engine_go_on_at_once(string engine)
    {
        _fake.Runs.Enqueue("CUDA error: out of memory");
        SeparatorOptions options = Options(Fake()) with { Fallback = engine != Engines.Auto };
        SeparationResult result = await SeparateAsync(engine == Engines.Auto ? options with { Engine = engine } : options);
        Assert.Equal(1, Runs);
        Assert.EndsWith("Going on with cpu.", Assert.Single(_said.Texts), StringComparison.Ordinal);
        Check(result, ("cpu", 0, 3));
        SameAsManaged(result, 0);
        Clean();
    }

    [Fact]
    public async Task What_cannot_be_loaded_fails_or_lets_another_engine_begin()
    {
        _fake.LoadFailure = "this operator is not implemented";
        OnnxRuntimeException e = await Assert.ThrowsAsync<OnnxRuntimeException>(() => SeparateAsync(Options(Fake())));
        Assert.Equal(EngineFailure.Refused, e.Failure);
        Assert.Empty(_said.Texts);

        SeparationResult result = await SeparateAsync(Options(Fake()) with { Fallback = true });
        Assert.Equal($"{e.Message} Going on with cpu.", Assert.Single(_said.Texts));
        Check(result, ("cpu", 0, 3));
        SameAsManaged(result, 0);
        Assert.Equal(0, Runs);
        Clean();
    }

    [Theory]
    [InlineData("it is not there", null)]
    [InlineData(null, "it does not take this")]
    public async Task What_is_absent_or_refuses_the_network_fails_or_lets_another_engine_begin(string? absent, string? refused)
    {
        TestBackend backend = new((_, _) => throw new InvalidOperationException("It was not to be opened."), absent, refused);
        EngineException e = await Assert.ThrowsAsync<EngineException>(() => Separator.OpenAsync(Options(backend)));
        Assert.Equal(EngineFailure.Refused, e.Failure);
        Assert.Equal(absent ?? refused, e.Message);
        SeparationResult result = await SeparateAsync(Options(backend) with { Fallback = true });
        Assert.Equal($"{absent ?? refused} Going on with cpu.", Assert.Single(_said.Texts));
        Check(result, ("cpu", 0, 3));
    }

    [Fact]
    public async Task Samples_that_are_no_numbers_are_worth_a_second_try_and_then_another_engine()
    {
        int runs = 0;
        TestBackend backend = new((network, _) => new FunctionEngine(network.Definition, mix =>
        {
            float[] stems = new float[4 * mix.Length];
            Array.Fill(stems, 7);
            stems[^1] = ++runs is 2 or 4 or 5 ? float.NaN : 7;
            return stems;
        }));
        SeparationResult result = await SeparateAsync(Options(backend) with { Fallback = true });
        Assert.Equal(5, runs);
        Assert.Equal(3, _said.Texts.Count);
        Assert.All(_said.Texts, text => Assert.Contains("no finite numbers", text, StringComparison.Ordinal));
        Assert.EndsWith("Going on with cpu.", _said.Texts[^1], StringComparison.Ordinal);
        Check(result, (TestBackend.BackendName, 0, 2), ("cpu", 2, 1));
        AllSevens(result, 2 * Second);
    }

    [Fact]
    public async Task A_cancelled_run_is_neither_repeated_nor_replaced()
    {
        using CancellationTokenSource stop = new();
        _fake.Loading = _ => stop.Cancel();
        await using (Separator separator = await Separator.OpenAsync(Options(Fake()) with { Fallback = true }))
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => separator.SeparateAsync(Song(), cancellationToken: stop.Token));
        }

        Assert.Equal(0, Runs);
        Assert.Single(_fake.Calls, "load");
        Assert.Empty(_said.Texts);
        Clean();
    }

    [Fact]
    public async Task Which_provider_ran_how_many_nodes_is_said_once()
    {
        await SeparateAsync(Options(Fake(countNodes: true)));
        Assert.Equal(3, Runs);
        Assert.EndsWith("ran 2 nodes on Tensorrt, 1 on CPU.", Assert.Single(_said.Texts), StringComparison.Ordinal);
        Assert.Single(_fake.Calls, "end profile");
        Assert.Empty(Directory.GetFiles(Path.GetTempPath(), "stemsharp-*_2026.json"));
        Clean();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_device_loads_a_graph_once_and_is_given_the_next_piece_while_it_runs_one(bool fails)
    {
        _fake.Providers = ["CUDAExecutionProvider"];
        if (fails)
        {
            _fake.Runs.Enqueue("CUDA failure 719: unspecified launch failure");
        }

        SeparationResult result = await SeparateAsync(Options(Fake(provider: ExecutionProvider.Cuda)));
        Check(result, ("fake", 0, 3));
        AllSevens(result, Length);
        Assert.Equal(fails ? 1 : 0, _said.Texts.Count);
        Assert.InRange(Runs, fails ? 4 : 3, fails ? 5 : 3);
        Assert.Equal(fails ? 2 : 1, _fake.Calls.Count(c => c == "load"));
        Clean();
    }

    [Fact]
    public void Inputs_and_outputs_beside_are_their_own_and_end_with_the_graph()
    {
        using OnnxNetworkSession session = new(_fake.Library(), _graph, null, ["drums", "bass", "other", "vocals"]);
        using OnnxNetworkSession beside = session.Beside();
        Distinct();
        beside.Run(default);
        Assert.Equal((0f, 7f), Firsts());

        unsafe void Distinct() => Assert.True(session.Input(PortRole.Waveform) != beside.Input(PortRole.Waveform) && session.Output(PortRole.Waveform) != beside.Output(PortRole.Waveform));

        unsafe (float, float) Firsts() => (*session.Output(PortRole.Waveform), *beside.Output(PortRole.Waveform));
    }

    /// <summary>
    /// Pieces go through a graph of several together, and each comes out as it does alone; the last run has fewer than it takes. A device
    /// has two sets of them.
    /// </summary>
    [Theory]
    [InlineData(2, ExecutionProvider.Cpu, 2)]
    [InlineData(2, ExecutionProvider.Cuda, 2)]
    [InlineData(3, ExecutionProvider.Cpu, 1)]
    [InlineData(8, ExecutionProvider.Cuda, 1)]
    public async Task Pieces_of_a_batch_come_out_as_each_does_alone(int batch, ExecutionProvider provider, int runs)
    {
        _fake.Providers = ["CUDAExecutionProvider"];
        _fake.Network = Shares;
        SeparationResult alone = await SeparateAsync(Options(Fake(provider: provider)));
        _fake.Calls.Clear();
        _fake.Inputs = [("mix", [batch, 2, Piece])];
        _fake.Outputs = [("stems", [batch, 4, 2, Piece])];
        SeparationResult together = await SeparateAsync(Options(Fake(provider: provider)));
        Assert.Equal(runs, Runs);
        Check(together, ("fake", 0, 3));
        foreach (string stem in alone.StemNames)
        {
            for (int c = 0; c < 2; c++)
            {
                Assert.Equal(alone[stem][c], together[stem][c]);
            }
        }

        Clean();

        // Stem s is the mix (s + 1) times; statistics of one piece must not reach another.
        static void Shares(float[][] inputs, float[][] outputs)
        {
            for (int i = 0; i < outputs[0].Length; i++)
            {
                (int piece, int sample) = Math.DivRem(i, 8 * Piece);
                outputs[0][i] = (sample / (2 * Piece) + 1) * inputs[0][piece * 2 * Piece + sample % (2 * Piece)];
            }
        }
    }

    /// <summary>After a run of several that failed they are tried again one by one; from the first that fails again the next engine goes on.</summary>
    [Fact]
    public async Task A_batch_that_fails_is_tried_again_and_then_replaced()
    {
        _fake.Inputs = [("mix", [2, 2, Piece])];
        _fake.Outputs = [("stems", [2, 4, 2, Piece])];
        foreach (string? end in (string?[])["CUDA failure 719", null, "CUDA failure 719", "CUDA failure 719"])
        {
            _fake.Runs.Enqueue(end);
        }

        SeparationResult result = await SeparateAsync(Options(Fake()) with { Fallback = true });
        Assert.Equal(4, Runs);
        Check(result, ("fake", 0, 1), ("cpu", 1, 2));
        AllSevens(result, Second);
        SameAsManaged(result, Piece);
        Clean();
    }

    private static async Task<SeparationResult> SeparateAsync(SeparatorOptions options)
    {
        await using Separator separator = await Separator.OpenAsync(options with { Model = s_model });
        return await separator.SeparateAsync(Song());
    }

    private static AudioInput Song()
    {
        float[] samples = VectorRecipe.Values("song", 2 * Length);
        return AudioInput.FromSamples(samples, 44_100, 2);
    }

    private SeparatorOptions Options(Backend backend) => new() { Model = s_model, Backends = [backend, new CpuBackend()], Engine = backend.Name, Notices = _said };

    // As OnnxRuntimeBackend opens it, with another library.
    private TestBackend Fake(bool countNodes = false, ExecutionProvider provider = ExecutionProvider.Cpu) => new((network, settings) =>
    {
        OnnxNetworkRuntime runtime = new(network.Definition, new EngineIdentity("fake", "sevens", EnginePrecision.Fp32), _ => 1, (_, _) =>
        {
            OnnxNetworkSession session = new(_fake.Library(), _graph, new OnnxSessionOptions { CountNodes = countNodes, Provider = provider }, network.Definition.Stems);
            session.TellNodes(settings.Say);
            return session;
        });
        return new SpectralEngine(network.Definition, runtime, settings.Threads);
    });

    private static void Check(SeparationResult result, params (string Backend, long First, long Pieces)[] engines) =>
        Assert.Equal(engines, result.Summary.Engines.Select(e => (e.Engine.Backend, e.First, e.Pieces)));

    // A network that gives sevens makes one number of a whole track.
    private static void AllSevens(SeparationResult result, int length)
    {
        foreach (string stem in result.StemNames)
        {
            Assert.All(result[stem], channel => Assert.InRange(channel.Take(length).Max() - channel.Take(length).Min(), 0, 1e-5));
            Assert.Equal(result["drums"][0][0], result[stem][1][length - 1], 1e-5);
        }
    }

    private static void SameAsManaged(SeparationResult result, int from)
    {
        SeparationResult managed = s_managed.Value.GetAwaiter().GetResult();
        foreach (string stem in managed.StemNames)
        {
            for (int c = 0; c < 2; c++)
            {
                Assert.Equal(managed[stem][c].AsSpan(from), result[stem][c].AsSpan(from));
            }
        }
    }

    // Everything that was made has been released, once and in order.
    private void Clean()
    {
        Assert.Empty(_fake.Errors);
        Assert.Empty(_fake.Live);
    }

    private sealed class Notices : IProgress<string>
    {
        public List<string> Texts { get; } = [];

        public void Report(string value) => Texts.Add(value);
    }
}
