using Stemsharp.OnnxRuntime.Binding;
using Stemsharp.OnnxRuntime.Nvidia;
using Xunit;

namespace Stemsharp.OnnxRuntime.Tests;

/// <summary>
/// All up to the provider's own call, over a library that records the calls: no GPU and no provider is here.
/// </summary>
public sealed class FakeLibraryTests : IDisposable
{
    private readonly FakeOnnxRuntime _fake = new();
    private readonly string _graph = Path.GetTempFileName();

    public void Dispose() => File.Delete(_graph);

    public static TheoryData<string, string, string[]> Providers => new()
    {
        {
            "Cuda", "CUDAExecutionProvider",
            ["append Cuda cudnn_conv_algo_search=HEURISTIC device_id=1 use_tf32=0"]
        },
        {
            "TensorRT", "TensorrtExecutionProvider",
            [
                "append TensorRT device_id=1 trt_engine_cache_enable=1 trt_engine_cache_path=/cache trt_fp16_enable=0 trt_int8_enable=0 trt_timing_cache_enable=1 trt_timing_cache_path=/cache",
                "append Cuda cudnn_conv_algo_search=HEURISTIC device_id=1 use_tf32=0",
            ]
        },
        { "DirectML", "DmlExecutionProvider", ["append DirectML device_id=1"] },
        { "CoreML", "CoreMLExecutionProvider", ["append CoreML MLComputeUnits=ALL ModelCacheDirectory=/cache ModelFormat=MLProgram"] },
        { "OpenVINO", "OpenVINOExecutionProvider", ["append OpenVINO cache_dir=/cache device_type=AUTO"] },
        { "WebGpu", "WebGpuExecutionProvider", ["append WebGpu"] },
        { "Xnnpack", "XnnpackExecutionProvider", ["append Xnnpack"] },
    };

    [Theory]
    [MemberData(nameof(Providers))]
    public void Each_provider_is_appended_with_its_options(string provider, string name, string[] calls)
    {
        _fake.Providers = [name, "CPUExecutionProvider"];
        OnnxSessionOptions options = new() { Provider = Enum.Parse<ExecutionProvider>(provider), Device = 1, CacheFolder = "/cache" };
        using (new OnnxSession(_fake.Library(), _graph, options))
        {
            Assert.Equal([.. calls, "load"], _fake.Calls);
        }

        Clean();
    }

    /// <summary>A provider from a library of its own is given a device of those that it offers.</summary>
    [Theory]
    [InlineData(ExecutionProvider.OpenVINO, 1, "append OpenVINOExecutionProvider Intel NPU cache_dir=/cache")]
    [InlineData(ExecutionProvider.WebGpu, 0, "append WebGpuExecutionProvider AMD GPU")]
    [InlineData(ExecutionProvider.TensorRTRtx, 0, "append NvTensorRTRTXExecutionProvider NVIDIA GPU nv_runtime_cache_path=/cache")]
    [InlineData(ExecutionProvider.OpenVINO, 2, "OpenVINOExecutionProvider has no device 2; there are 0 Intel CPU, 1 Intel NPU")]
    public void A_provider_of_its_own_library_is_registered_and_given_a_device(ExecutionProvider provider, int device, string expected)
    {
        _fake.Devices.AddRange(
        [
            new("CPUExecutionProvider", 0, "Intel CPU"), new("OpenVINOExecutionProvider", 0, "Intel CPU"), new("OpenVINOExecutionProvider", 1, "Intel NPU"),
            new("WebGpuExecutionProvider", 0, "AMD GPU"), new("NvTensorRTRTXExecutionProvider", 0, "NVIDIA GPU"),
        ]);
        OnnxSessionOptions options = new() { Provider = provider, Device = device, CacheFolder = "/cache", ProviderLibrary = _graph };
        if (expected.StartsWith("append", StringComparison.Ordinal))
        {
            new OnnxSession(_fake.Library(), _graph, options).Dispose();
            Assert.Equal([$"register {Path.GetFileName(_graph)}", expected, "load"], _fake.Calls);
        }
        else
        {
            Assert.Contains(expected, Assert.Throws<ExternalToolException>(() => new OnnxSession(_fake.Library(), _graph, options)).Message, StringComparison.Ordinal);
        }

        Clean();
    }

    [Theory]
    [InlineData("Register")]
    [InlineData("AppendDevice")]
    [InlineData("")]
    public void A_library_that_is_no_providers_is_refused_and_leaves_nothing(string broken)
    {
        _fake.Devices.Add(new(broken.Length == 0 ? "CPUExecutionProvider" : "OpenVINOExecutionProvider", 0, "Intel CPU"));
        _fake.Break(broken);
        OnnxSessionOptions options = new() { Provider = ExecutionProvider.OpenVINO, ProviderLibrary = _graph };
        string message = Assert.ThrowsAny<ExternalToolException>(() => new OnnxSession(_fake.Library(), _graph, options)).Message;
        Assert.Contains(broken.Length == 0 ? "offers no device of OpenVINOExecutionProvider; it has CPUExecutionProvider" : "broken on purpose", message, StringComparison.Ordinal);
        options = options with { ProviderLibrary = _graph + ".so" };
        Assert.Contains("There is no file", Assert.Throws<ExternalToolException>(() => new OnnxSession(_fake.Library(), _graph, options)).Message, StringComparison.Ordinal);
        Clean();
    }

    [Fact]
    public void Options_of_the_user_override_the_ones_set_here()
    {
        _fake.Providers = ["CUDAExecutionProvider"];
        OnnxSessionOptions options = new() { Provider = ExecutionProvider.Cuda, ProviderOptions = new Dictionary<string, string> { ["use_tf32"] = "1", ["gpu_mem_limit"] = "5" } };
        using (new OnnxSession(_fake.Library(), _graph, options))
        {
            Assert.Equal("append Cuda cudnn_conv_algo_search=HEURISTIC device_id=0 gpu_mem_limit=5 use_tf32=1", _fake.Calls[0]);
        }

        Clean();
    }

    [Fact]
    public void TensorRT_is_given_its_workspace()
    {
        _fake.Providers = ["TensorrtExecutionProvider", "CUDAExecutionProvider"];
        OnnxSessionOptions options = new() { Provider = ExecutionProvider.TensorRT, Workspace = 4L << 30 };
        using (new OnnxSession(_fake.Library(), _graph, options))
        {
            Assert.Equal("append TensorRT device_id=0 trt_fp16_enable=0 trt_int8_enable=0 trt_max_workspace_size=4294967296", _fake.Calls[0]);
        }

        Clean();
    }

    [Fact]
    public void A_provider_that_the_library_lacks_is_refused_with_those_it_has()
    {
        _fake.Providers = ["CUDAExecutionProvider", "CPUExecutionProvider"];
        string message = Assert.Throws<ExternalToolException>(() => new OnnxSession(_fake.Library(), _graph, new OnnxSessionOptions { Provider = ExecutionProvider.TensorRT })).Message;
        Assert.Contains("without TensorrtExecutionProvider; it has CUDAExecutionProvider, CPUExecutionProvider", message, StringComparison.Ordinal);
        Clean();
    }

    /// <summary>Whatever call fails, nothing is left and nothing is released twice.</summary>
    [Theory]
    [InlineData("Providers")]
    [InlineData("AppendTensorRT")]
    [InlineData("AppendCuda")]
    [InlineData("Load")]
    [InlineData("Metadata")]
    [InlineData("Bind")]
    public void Nothing_leaks_when_loading_fails(string function)
    {
        _fake.Providers = ["TensorrtExecutionProvider", "CUDAExecutionProvider"];
        OnnxRuntimeLibrary library = _fake.Library();
        _fake.Break(function);
        OnnxSessionOptions options = new() { Provider = ExecutionProvider.TensorRT, CountNodes = true };
        Assert.Contains("broken on purpose", Assert.Throws<OnnxRuntimeException>(() => new OnnxNetworkSession(library, _graph, options)).Message, StringComparison.Ordinal);
        Clean();
    }

    [Theory]
    [InlineData("Bind")]
    [InlineData("Give")]
    [InlineData("Run")]
    [InlineData("Metadata")]
    [InlineData("EndProfiling")]
    public void Nothing_leaks_when_running_fails(string function)
    {
        OnnxRuntimeLibrary library = _fake.Library();
        using (OnnxSession session = new(library, _graph, new OnnxSessionOptions { CountNodes = true }))
        {
            _fake.Break(function);
            Assert.Throws<OnnxRuntimeException>(() =>
            {
                session.Metadata("stemsharp.stems");
                session.Run(new float[24], new float[10]);
            });
            Assert.Equal(function is "Bind" or "Metadata" ? ["model"] : ["inputs and outputs", "model"], _fake.Live);
        }

        Clean();
    }

    /// <summary>The next inputs are on their way to the device while it runs; the runs themselves take turns.</summary>
    [Fact]
    public async Task Inputs_are_handed_over_while_others_run()
    {
        TimeSpan patience = TimeSpan.FromMinutes(2);
        using SemaphoreSlim given = new(0), running = new(0);
        int runs = 0, atOnce = 0;
        _fake.Giving = () => given.Release();
        _fake.Network = (_, _) =>
        {
            Assert.Equal(1, Interlocked.Increment(ref atOnce));
            if (Interlocked.Increment(ref runs) == 1)
            {
                running.Release();
                Assert.True(given.Wait(patience) && given.Wait(patience), "the second inputs waited for the first run");
            }

            Interlocked.Decrement(ref atOnce);
        };
        using (OnnxSession session = new(_fake.Library(), _graph))
        {
            IBoundRun one = session.Bind(), other = session.Bind();
            Task first = Task.Run(() => session.Run(one, default));
            Assert.True(await running.WaitAsync(patience));
            await Task.WhenAll(first, Task.Run(() => session.Run(other, default)));
        }

        Assert.Equal(["load", "run", "run"], _fake.Calls);
        Clean();
    }

    [Fact]
    public void A_session_can_be_closed_twice_and_not_used_after()
    {
        OnnxSession session = new(_fake.Library(), _graph);
        session.Dispose();
        session.Dispose();
        Assert.Throws<ObjectDisposedException>(() => session.Run(new float[24], new float[10]));
        Assert.Throws<ObjectDisposedException>(() => session.Metadata("stemsharp.stems"));
        Clean();
    }

    [Fact]
    public void A_crash_while_an_engine_is_built_leaves_what_was_there()
    {
        string root = Directory.CreateTempSubdirectory("stemsharp-test-").FullName;
        NvidiaGpu gpu = new("Test", new Version(8, 9), 1 << 30);
        Version version = new(10, 4, 0);
        try
        {
            _fake.Providers = ["TensorrtExecutionProvider", "CUDAExecutionProvider"];
            _fake.Loading = folder => File.WriteAllText(Path.Combine(folder!, "graph.engine"), "half of it");
            _fake.LoadFailure = "out of workspace";
            using (EngineCache failing = EngineCache.Open(root, gpu, version, "graph"))
            {
                Assert.Throws<OnnxRuntimeException>(() => new OnnxSession(_fake.Library(), _graph, new OnnxSessionOptions { Provider = ExecutionProvider.TensorRT, CacheFolder = failing.Folder }));
            }

            Assert.Empty(Directory.GetDirectories(root));
            _fake.LoadFailure = null;
            _fake.Loading = folder => File.WriteAllText(Path.Combine(folder!, "graph.timing"), "times");
            using (EngineCache built = EngineCache.Open(root, gpu, version, "graph"))
            using (new OnnxSession(_fake.Library(), _graph, new OnnxSessionOptions { Provider = ExecutionProvider.TensorRT, CacheFolder = built.Folder }))
            {
                Assert.False(built.WasThere);
                built.Complete();
            }

            Assert.Equal("sm89-trt10.4.0-graph", Path.GetFileName(Assert.Single(Directory.GetDirectories(root))));

            // What a killed process left goes; what lives stays; timings are taken along; another architecture is another folder.
            Directory.CreateDirectory(Path.Combine(root, "sm89-trt10.4.0-other.building-2147483647-x"));
            using (EngineCache again = EngineCache.Open(root, gpu, version, "graph"))
            {
                Assert.True(again.WasThere);
            }

            using (EngineCache other = EngineCache.Open(root, gpu, version, "other"))
            {
                Assert.True(File.Exists(Path.Combine(other.Folder, "graph.timing")));
                other.Complete();
            }

            using (EngineCache newer = EngineCache.Open(root, gpu with { Capability = new Version(9, 0) }, version, "graph"))
            {
                Assert.False(newer.WasThere);
                Assert.Empty(Directory.GetFiles(newer.Folder));
            }

            Assert.Equal(["sm89-trt10.4.0-graph", "sm89-trt10.4.0-other"], Directory.GetDirectories(root).Select(Path.GetFileName).Order());
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }

        Clean();
    }

    [Fact]
    public void TensorRT_builds_once_and_says_so_and_gets_no_more_workspace_than_half_of_the_GPU()
    {
        string root = Directory.CreateTempSubdirectory("stemsharp-test-").FullName;
        string[] stems = ["drums", "bass", "rest"];
        OnnxSessionOptions options = new() { Provider = ExecutionProvider.TensorRT, CacheFolder = root };
        List<string> said = [];
        try
        {
            _fake.Providers = ["TensorrtExecutionProvider", "CUDAExecutionProvider"];
            _fake.Loading = folder => File.WriteAllText(Path.Combine(folder!, "graph.engine"), "an engine");
            OnnxNetworkSession Load(NvidiaGpu gpu, OnnxSessionOptions settings) => TensorRTEngine.Create(_fake.Library(), _graph, "graph", settings, stems, said.Add, gpu, new Version(10, 9, 0));
            NvidiaGpu small = new("Small", new Version(7, 5), 6L << 30);
            using (Load(small, options))
            {
                Assert.Contains("trt_max_workspace_size=3221225472", _fake.Calls[0], StringComparison.Ordinal);
            }

            Assert.Equal("TensorRT 10.9.0 builds an engine for Small: minutes, this once.", said[0]);
            Assert.Contains(" s in all.", said[^1], StringComparison.Ordinal);
            Assert.Equal("sm75-trt10.9.0-graph", Path.GetFileName(Assert.Single(Directory.GetDirectories(root))));

            int before = said.Count;
            _fake.Calls.Clear();
            using (Load(small, options with { Workspace = 1 << 20 }))
            {
                Assert.Contains("trt_max_workspace_size=1048576", _fake.Calls[0], StringComparison.Ordinal);
            }

            Assert.Contains(Path.Combine(root, "sm75-trt10.9.0-graph"), _fake.Calls[0], StringComparison.Ordinal);
            Assert.Equal(before, said.Count);
            _fake.Calls.Clear();
            using (Load(new NvidiaGpu("Large", new Version(9, 0), 80L << 30), options))
            {
                Assert.Contains("trt_max_workspace_size=4294967296", _fake.Calls[0], StringComparison.Ordinal);
            }

            Assert.Contains("does not support Old", Assert.Throws<ExternalToolException>(() => Load(new NvidiaGpu("Old", new Version(7, 0), 16L << 30), options)).Message, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }

        Clean();
    }

    [Fact]
    public void What_takes_long_is_said_again_and_again()
    {
        List<string> said = [];
        SteppedTime time = new();
        using (new ElapsedNotice("Building", said.Add, time))
        {
            time.Tick();
            time.Tick();
        }

        // A timer that goes on beyond the end says nothing any more.
        time.Tick();
        Assert.Equal(["Building.", "Building: 10 s so far.", "Building: 20 s so far.", "Building: 20 s in all."], said);
    }

    /// <summary>A clock that goes by itself never, and by the period of its timer when told.</summary>
    private sealed class SteppedTime : TimeProvider, ITimer
    {
        private Action? _tick;
        private TimeSpan _period, _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now.Ticks;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Change(dueTime, period);
            _tick = () => callback(state);
            return this;
        }

        public void Tick()
        {
            if (_tick is { } tick)
            {
                _now += _period;
                tick();
            }
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _period = period;
            return true;
        }

        public void Dispose() => _tick = null;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }

    // Everything that was made has been released, once and in order.
    private void Clean()
    {
        Assert.Empty(_fake.Errors);
        Assert.Empty(_fake.Live);
    }
}
