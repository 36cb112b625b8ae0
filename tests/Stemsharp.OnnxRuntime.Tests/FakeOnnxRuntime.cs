using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Stemsharp.OnnxRuntime.Binding;

namespace Stemsharp.OnnxRuntime.Tests;

/// <summary>
/// A library made of managed objects in place of a bound one: it records the calls, counts what is made and released, and fails when it
/// is told to. Everything up to a provider's own work can so be tested without the provider.
/// </summary>
internal sealed class FakeOnnxRuntime : IBinding
{
    private readonly HashSet<string> _broken = [];
    private readonly List<string> _live = [];

    /// <summary>What was called that matters, in order: providers appended with their options, models loaded, runs.</summary>
    public List<string> Calls { get; } = [];

    /// <summary>Uses and releases of what does not live.</summary>
    public List<string> Errors { get; } = [];

    /// <summary>What lives, by kind.</summary>
    public IReadOnlyList<string> Live
    {
        get
        {
            lock (_live)
            {
                return [.. _live.Order(StringComparer.Ordinal)];
            }
        }
    }

    public List<string> Providers { get; set; } = ["CPUExecutionProvider"];

    /// <summary>What there is once a provider's library is registered.</summary>
    public List<ProviderDevice> Devices { get; } = [];

    /// <summary>The inputs of the graph that every file holds.</summary>
    public (string Name, long[] Dims)[] Inputs { get; set; } = [("spectrogram", [1, 4, 2, 3]), ("waveform", [1, 2, 5])];

    /// <summary>Its outputs; a run fills them with sevens, or by <see cref="Network"/>.</summary>
    public (string Name, long[] Dims)[] Outputs { get; set; } = [("spectrograms", [1, 3, 4, 2, 3]), ("waveforms", [1, 3, 2, 5])];

    /// <summary>Its metadata.</summary>
    public Dictionary<string, string> Metadata { get; } = new() { ["stemsharp.stems"] = "drums,bass,rest", ["stemsharp.sample_rate"] = "44100" };

    /// <summary>What the model computes: inputs in, outputs to be filled; null for sevens.</summary>
    public Action<float[][], float[][]>? Network { get; set; }

    /// <summary>Called when inputs are handed over.</summary>
    public Action? Giving { get; set; }

    /// <summary>What the next runs end with, in order; null for success.</summary>
    public Queue<string?> Runs { get; } = new();

    /// <summary>What loading a model ends with; null for success.</summary>
    public string? LoadFailure { get; set; }

    /// <summary>Called while a model is loaded, with the last cache folder that a provider was given.</summary>
    public Action<string?>? Loading { get; set; }

    public OnnxRuntimeLibrary Library() => new(this, "fake", "1.31.1");

    /// <summary>Lets every call of a method fail.</summary>
    public void Break(string method) => _broken.Add(method);

    IReadOnlyList<string> IBinding.Providers()
    {
        Check();
        return [.. Providers];
    }

    public IReadOnlyList<ProviderDevice> Register(string path)
    {
        Check();
        Calls.Add($"register {Path.GetFileName(path)}");
        return Devices;
    }

    public ILoadedModel Load(string path, SessionPlan plan, Action<string, Action> attempt)
    {
        foreach (ProviderPlan provider in plan.Providers)
        {
            string options = string.Join(" ", provider.Options.Select(o => $"{o.Key}={o.Value}"));
            attempt($"append {provider.Provider}", () => Check(provider.Device is null ? $"Append{provider.Provider}" : "AppendDevice"));
            Calls.Add($"append {(provider.Device is { } device ? $"{device.Provider} {device.Name}" : $"{provider.Provider}")} {options}".TrimEnd());
        }

        Check();
        Loading?.Invoke(Calls.SelectMany(c => c.Split(' ')).LastOrDefault(w => w.StartsWith("trt_engine_cache_path=", StringComparison.Ordinal))?.Split('=')[1]);
        if (LoadFailure is { } failure)
        {
            throw new FakeFailure(failure);
        }

        if (plan.Options.OptimizedPath is { } optimized)
        {
            File.WriteAllText(optimized, "optimised");
        }

        Calls.Add(plan.Options.IsOptimized ? "load, optimised before" : plan.Options.OptimizedPath is not null ? "load, keeping it optimised" : "load");
        return new Model(this, plan.Profile);
    }

    public string? FailureOf(Exception exception) => exception is FakeFailure ? exception.Message : null;

    private void Check([CallerMemberName] string method = "")
    {
        // An implementation's name is that of the interface's method with the interface before it.
        if (_broken.Contains(method[(method.LastIndexOf('.') + 1)..]))
        {
            throw new FakeFailure("broken on purpose");
        }
    }

    private sealed class FakeFailure(string message) : Exception(message);

    /// <summary>Something that lives until it is disposed, once.</summary>
    private abstract class Living : IDisposable
    {
        private readonly string _kind;
        private bool _gone;

        protected Living(FakeOnnxRuntime fake, string kind)
        {
            (Fake, _kind) = (fake, kind);
            lock (fake._live)
            {
                fake._live.Add(kind);
            }
        }

        protected FakeOnnxRuntime Fake { get; }

        public void Use([CallerMemberName] string caller = "")
        {
            if (_gone)
            {
                Fake.Errors.Add($"{caller} used {_kind}, which does not live");
            }
        }

        public virtual void Dispose()
        {
            Use();
            _gone = true;
            lock (Fake._live)
            {
                Fake._live.Remove(_kind);
            }
        }
    }

    private sealed class Model(FakeOnnxRuntime fake, string? profile) : Living(fake, "model"), ILoadedModel
    {
        private readonly List<Bound> _bound = [];

        public IReadOnlyList<TensorInfo> Inputs { get; } = [.. fake.Inputs.Select(t => new TensorInfo(t.Name, t.Dims, IsFloat: true))];

        public IReadOnlyList<TensorInfo> Outputs { get; } = [.. fake.Outputs.Select(t => new TensorInfo(t.Name, t.Dims, IsFloat: true))];

        public string? Metadata(string key)
        {
            Use();
            Fake.Check();
            return Fake.Metadata.GetValueOrDefault(key);
        }

        public IBoundRun Bind(IReadOnlyList<long[]> inputs, IReadOnlyList<long[]> outputs)
        {
            Use();
            Fake.Check();
            Bound bound = new(Fake, this, inputs, outputs);
            _bound.Add(bound);
            return bound;
        }

        public string EndProfiling()
        {
            Use();
            Fake.Check();
            string path = profile + "_2026.json";
            File.WriteAllText(path, """
                [{"cat":"Session","name":"model_run","args":{}},
                 {"cat":"Node","name":"a_fence_before","args":{"provider":"CPUExecutionProvider"}},
                 {"cat":"Node","name":"a_kernel_time","args":{"provider":"TensorrtExecutionProvider"}},
                 {"cat":"Node","name":"b_kernel_time","args":{"provider":"CPUExecutionProvider"}},
                 {"cat":"Node","name":"c_kernel_time","args":{"provider":"TensorrtExecutionProvider"}}]
                """);
            Fake.Calls.Add("end profile");
            return path;
        }

        public override void Dispose()
        {
            if (_bound.Exists(bound => bound.Lives))
            {
                Fake.Errors.Add("a model was released before its inputs and outputs");
            }

            base.Dispose();
        }
    }

    private sealed unsafe class Bound(FakeOnnxRuntime fake, Model model, IReadOnlyList<long[]> inputs, IReadOnlyList<long[]> outputs) : Living(fake, "inputs and outputs"), IBoundRun
    {
        private readonly float[][] _inputs = [.. inputs.Select(Floats)], _outputs = [.. outputs.Select(Floats)];

        // What was handed over, which alone is run.
        private float[][] _given = [];

        public bool Lives { get; private set; } = true;

        public float* Input(int index) => Address(_inputs[index]);

        public float* Output(int index) => Address(_outputs[index]);

        public void Give()
        {
            model.Use();
            Use();
            Fake.Check();
            Fake.Giving?.Invoke();
            _given = [.. _inputs.Select(input => (float[])input.Clone())];
        }

        public void Run(CancellationToken cancellationToken)
        {
            model.Use();
            Use();
            Fake.Check();
            if (Fake.Network is { } network)
            {
                network(_given, _outputs);
            }
            else
            {
                Array.ForEach(_outputs, output => output.AsSpan().Fill(7));
            }

            Fake.Calls.Add("run");
            if (Fake.Runs.TryDequeue(out string? failure) && failure is not null)
            {
                throw new FakeFailure(failure);
            }
        }

        public override void Dispose()
        {
            Lives = false;
            base.Dispose();
        }

        private static float[] Floats(long[] shape) => GC.AllocateArray<float>((int)shape.Aggregate(1L, (n, d) => n * d), pinned: true);

        private static float* Address(float[] pinned) => (float*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(pinned));
    }
}
