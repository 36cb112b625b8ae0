using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Stemsharp.OnnxRuntime.Native;

namespace Stemsharp.OnnxRuntime.Tests;

/// <summary>
/// A C library made of managed functions: it records the calls, counts what is made and released, and fails when it is
/// told to. Everything up to a provider's own work can so be tested without the provider. One at a time.
/// </summary>
internal sealed unsafe class FakeOnnxRuntime : IDisposable
{
    /// <summary>The collection of the tests that use it.</summary>
    public const string OneAtATime = "fake onnxruntime";

    private const int TableSize = 400;

    private static FakeOnnxRuntime? s_current;

    private readonly nint* _table = (nint*)NativeMemory.AllocZeroed(TableSize, (nuint)sizeof(nint));
    private readonly nint* _base = (nint*)NativeMemory.AllocZeroed(2, (nuint)sizeof(nint));
    private readonly Dictionary<nint, string> _live = [];
    private readonly Dictionary<nint, (int Code, nint Message)> _statuses = [];
    private readonly List<nint> _memory = [];
    private readonly List<OnnxRuntimeLibrary> _libraries = [];
    private nint _next = 0x1000;
    private string _profile = "";

    public FakeOnnxRuntime()
    {
        if (Interlocked.CompareExchange(ref s_current, this, null) is not null)
        {
            throw new InvalidOperationException("There is a fake already.");
        }

        _base[0] = (nint)(delegate* unmanaged<uint, nint>)&GetApi;
        _base[1] = (nint)(delegate* unmanaged<nint>)&GetVersion;

        // What is not listed below must not be called: it fails, and is seen.
        for (int i = 0; i < TableSize; i++)
        {
            _table[i] = (nint)(delegate* unmanaged<nint>)&Unexpected;
        }

        Set(OrtFunction.GetErrorCode, (nint)(delegate* unmanaged<nint, int>)&GetErrorCode);
        Set(OrtFunction.GetErrorMessage, (nint)(delegate* unmanaged<nint, nint>)&GetErrorMessage);
        Set(OrtFunction.CreateEnv, (nint)(delegate* unmanaged<int, nint, nint*, nint>)&CreateEnv);
        Set(OrtFunction.CreateSessionOptions, (nint)(delegate* unmanaged<nint*, nint>)&CreateSessionOptions);
        Set(OrtFunction.CreateRunOptions, (nint)(delegate* unmanaged<nint*, nint>)&CreateRunOptions);
        Set(OrtFunction.CreateTensorRTProviderOptions, (nint)(delegate* unmanaged<nint*, nint>)&CreateProviderOptions);
        Set(OrtFunction.CreateCudaProviderOptions, (nint)(delegate* unmanaged<nint*, nint>)&CreateProviderOptions);
        Set(OrtFunction.UpdateTensorRTProviderOptions, (nint)(delegate* unmanaged<nint, nint*, nint*, nuint, nint>)&UpdateTensorRT);
        Set(OrtFunction.UpdateCudaProviderOptions, (nint)(delegate* unmanaged<nint, nint*, nint*, nuint, nint>)&UpdateCuda);
        Set(OrtFunction.SessionOptionsAppendTensorRT, (nint)(delegate* unmanaged<nint, nint, nint>)&AppendTensorRT);
        Set(OrtFunction.SessionOptionsAppendCuda, (nint)(delegate* unmanaged<nint, nint, nint>)&AppendCuda);
        Set(OrtFunction.SessionOptionsAppendOpenVino, (nint)(delegate* unmanaged<nint, nint*, nint*, nuint, nint>)&AppendOpenVino);
        Set(OrtFunction.SessionOptionsAppendExecutionProvider, (nint)(delegate* unmanaged<nint, nint, nint*, nint*, nuint, nint>)&AppendByName);
        foreach (OrtFunction option in new[] { OrtFunction.SetSessionGraphOptimizationLevel, OrtFunction.SetSessionLogSeverityLevel, OrtFunction.SetIntraOpNumThreads })
        {
            Set(option, (nint)(delegate* unmanaged<nint, int, nint>)&SetNumber);
        }

        foreach (OrtFunction option in new[] { OrtFunction.DisableCpuMemArena, OrtFunction.DisableMemPattern, OrtFunction.RunOptionsSetTerminate })
        {
            Set(option, (nint)(delegate* unmanaged<nint, nint>)&Switch);
        }

        Set(OrtFunction.EnableProfiling, (nint)(delegate* unmanaged<nint, nint, nint>)&EnableProfiling);
        Set(OrtFunction.SessionEndProfiling, (nint)(delegate* unmanaged<nint, nint, nint*, nint>)&EndProfiling);
        Set(OrtFunction.GetAvailableProviders, (nint)(delegate* unmanaged<nint**, int*, nint>)&GetAvailableProviders);
        Set(OrtFunction.ReleaseAvailableProviders, (nint)(delegate* unmanaged<nint*, int, nint>)&ReleaseAvailableProviders);
        Set(OrtFunction.CreateSession, (nint)(delegate* unmanaged<nint, nint, nint, nint*, nint>)&CreateSession);
        Set(OrtFunction.CreateCpuMemoryInfo, (nint)(delegate* unmanaged<int, int, nint*, nint>)&CreateMemoryInfo);
        Set(OrtFunction.SessionGetInputCount, (nint)(delegate* unmanaged<nint, nuint*, nint>)&GetInputCount);
        Set(OrtFunction.SessionGetOutputCount, (nint)(delegate* unmanaged<nint, nuint*, nint>)&GetOutputCount);
        Set(OrtFunction.SessionGetInputName, (nint)(delegate* unmanaged<nint, nuint, nint, nint*, nint>)&GetInputName);
        Set(OrtFunction.SessionGetOutputName, (nint)(delegate* unmanaged<nint, nuint, nint, nint*, nint>)&GetOutputName);
        Set(OrtFunction.SessionGetInputTypeInfo, (nint)(delegate* unmanaged<nint, nuint, nint*, nint>)&GetInputType);
        Set(OrtFunction.SessionGetOutputTypeInfo, (nint)(delegate* unmanaged<nint, nuint, nint*, nint>)&GetOutputType);
        Set(OrtFunction.CastTypeInfoToTensorInfo, (nint)(delegate* unmanaged<nint, nint*, nint>)&CastType);
        Set(OrtFunction.GetTensorElementType, (nint)(delegate* unmanaged<nint, int*, nint>)&GetElementType);
        Set(OrtFunction.GetDimensionsCount, (nint)(delegate* unmanaged<nint, nuint*, nint>)&GetRank);
        Set(OrtFunction.GetDimensions, (nint)(delegate* unmanaged<nint, long*, nuint, nint>)&GetDims);
        Set(OrtFunction.GetAllocatorWithDefaultOptions, (nint)(delegate* unmanaged<nint*, nint>)&GetAllocator);
        Set(OrtFunction.AllocatorFree, (nint)(delegate* unmanaged<nint, nint, nint>)&AllocatorFree);
        Set(OrtFunction.SessionGetModelMetadata, (nint)(delegate* unmanaged<nint, nint*, nint>)&GetMetadata);
        Set(OrtFunction.ModelMetadataLookupCustomMetadataMap, (nint)(delegate* unmanaged<nint, nint, nint, nint*, nint>)&Lookup);
        Set(OrtFunction.CreateTensorWithDataAsOrtValue, (nint)(delegate* unmanaged<nint, nint, nuint, long*, nuint, int, nint*, nint>)&CreateTensor);
        Set(OrtFunction.Run, (nint)(delegate* unmanaged<nint, nint, nint*, nint*, nuint, nint*, nuint, nint*, nint>)&Run);
        foreach (OrtFunction release in Enum.GetValues<OrtFunction>().Where(f => f.ToString().StartsWith("Release", StringComparison.Ordinal) && f != OrtFunction.ReleaseAvailableProviders))
        {
            Set(release, (nint)(delegate* unmanaged<nint, void>)&Release);
        }
    }

    /// <summary>What was called that matters, in order: options set, providers appended, sessions, runs.</summary>
    public List<string> Calls { get; } = [];

    /// <summary>Uses and releases of what does not live, and calls of functions that are not offered.</summary>
    public List<string> Errors { get; } = [];

    /// <summary>What lives, by kind; the environment lives as long as the library.</summary>
    public IReadOnlyList<string> Live => [.. _live.Values.Where(kind => kind != "environment").Order()];

    /// <summary>Strings that were given out and not freed.</summary>
    public int Strings => _memory.Count;

    /// <summary>How many libraries were loaded.</summary>
    public int Libraries => _libraries.Count;

    public string Version { get; set; } = "1.23.2";

    public uint HighestApi { get; set; } = 23;

    public List<string> Providers { get; set; } = ["CPUExecutionProvider"];

    /// <summary>The inputs of the graph that every file holds.</summary>
    public (string Name, long[] Dims)[] Inputs { get; set; } = [("spectrogram", [1, 4, 2, 3]), ("waveform", [1, 2, 5])];

    /// <summary>Its outputs; a run fills them with sevens.</summary>
    public (string Name, long[] Dims)[] Outputs { get; set; } = [("spectrograms", [1, 3, 4, 2, 3]), ("waveforms", [1, 3, 2, 5])];

    /// <summary>Its stems, as its metadata has them.</summary>
    public string Stems { get; set; } = "drums,bass,rest";

    /// <summary>What the next runs end with, in order; null for success.</summary>
    public Queue<string?> Runs { get; } = new();

    /// <summary>What loading a model ends with; null for success.</summary>
    public string? LoadFailure { get; set; }

    /// <summary>Called while a model is loaded, with the last cache folder that a provider was given.</summary>
    public Action<string?>? Loading { get; set; }

    public OnnxRuntimeLibrary Library()
    {
        OnnxRuntimeLibrary library = new((nint)(delegate* unmanaged<nint*>)&GetBase, "fake");
        _libraries.Add(library);
        return library;
    }

    /// <summary>Lets every call of a function fail.</summary>
    public void Break(OrtFunction function) => Set(function, (nint)(delegate* unmanaged<nint>)&Fail);

    public void Dispose()
    {
        // A library's environment otherwise lives until the process ends.
        foreach (OnnxRuntimeLibrary library in _libraries)
        {
            library.Environment.Dispose();
        }

        s_current = null;

        // The table stays: finalizers of what a failed test left would call into freed memory.
        foreach (nint text in _memory)
        {
            Marshal.FreeCoTaskMem(text);
        }
    }

    private static FakeOnnxRuntime Current => s_current ?? throw new InvalidOperationException("The fake is gone.");

    private void Set(OrtFunction function, nint address) => _table[(int)function] = address;

    private nint New(string kind)
    {
        _live.Add(_next, kind);
        return _next++;
    }

    private nint Status(string message)
    {
        nint status = New("status");
        _statuses.Add(status, (1, Text(message)));
        return status;
    }

    private nint Text(string text)
    {
        nint address = Marshal.StringToCoTaskMemUTF8(text);
        _memory.Add(address);
        return address;
    }

    private void Needs(nint handle, string kind, [CallerMemberName] string caller = "")
    {
        if (!_live.TryGetValue(handle, out string? found) || found != kind)
        {
            Errors.Add($"{caller} was given {found ?? "what does not live"} for a {kind}");
        }
    }

    private static string Pairs(nint* keys, nint* values, nuint count) =>
        string.Join(" ", Enumerable.Range(0, (int)count).Select(i => $"{Marshal.PtrToStringUTF8(((nint*)keys)[i])}={Marshal.PtrToStringUTF8(((nint*)values)[i])}"));

    private nint Record(string call)
    {
        Calls.Add(call);
        return 0;
    }

    [UnmanagedCallersOnly]
    private static nint* GetBase() => Current._base;

    [UnmanagedCallersOnly]
    private static nint GetApi(uint version) => version <= Current.HighestApi ? (nint)Current._table : 0;

    [UnmanagedCallersOnly]
    private static nint GetVersion() => Current.Text(Current.Version);

    [UnmanagedCallersOnly]
    private static nint Unexpected()
    {
        Current.Errors.Add("a function was called that is not offered");
        return Current.Status("not offered");
    }

    [UnmanagedCallersOnly]
    private static nint Fail() => Current.Status("broken on purpose");

    [UnmanagedCallersOnly]
    private static int GetErrorCode(nint status) => Current._statuses[status].Code;

    [UnmanagedCallersOnly]
    private static nint GetErrorMessage(nint status) => Current._statuses[status].Message;

    [UnmanagedCallersOnly]
    private static nint CreateEnv(int level, nint name, nint* made)
    {
        *made = Current.New("environment");
        return 0;
    }

    [UnmanagedCallersOnly]
    private static nint CreateSessionOptions(nint* made)
    {
        *made = Current.New("session options");
        return 0;
    }

    [UnmanagedCallersOnly]
    private static nint CreateRunOptions(nint* made)
    {
        *made = Current.New("run options");
        return 0;
    }

    [UnmanagedCallersOnly]
    private static nint CreateProviderOptions(nint* made)
    {
        *made = Current.New("provider options");
        return 0;
    }

    [UnmanagedCallersOnly]
    private static nint UpdateTensorRT(nint options, nint* keys, nint* values, nuint count)
    {
        Current.Needs(options, "provider options");
        return Current.Record($"TensorRT {Pairs(keys, values, count)}");
    }

    [UnmanagedCallersOnly]
    private static nint UpdateCuda(nint options, nint* keys, nint* values, nuint count)
    {
        Current.Needs(options, "provider options");
        return Current.Record($"CUDA {Pairs(keys, values, count)}");
    }

    [UnmanagedCallersOnly]
    private static nint AppendTensorRT(nint options, nint provider)
    {
        Current.Needs(options, "session options");
        Current.Needs(provider, "provider options");
        return Current.Record("append TensorRT");
    }

    [UnmanagedCallersOnly]
    private static nint AppendCuda(nint options, nint provider)
    {
        Current.Needs(options, "session options");
        Current.Needs(provider, "provider options");
        return Current.Record("append CUDA");
    }

    [UnmanagedCallersOnly]
    private static nint AppendOpenVino(nint options, nint* keys, nint* values, nuint count)
    {
        Current.Needs(options, "session options");
        return Current.Record($"append OpenVINO {Pairs(keys, values, count)}".TrimEnd());
    }

    [UnmanagedCallersOnly]
    private static nint AppendByName(nint options, nint name, nint* keys, nint* values, nuint count)
    {
        Current.Needs(options, "session options");
        return Current.Record($"append {Marshal.PtrToStringUTF8(name)} {Pairs(keys, values, count)}".TrimEnd());
    }

    [UnmanagedCallersOnly]
    private static nint SetNumber(nint options, int value)
    {
        Current.Needs(options, "session options");
        return 0;
    }

    [UnmanagedCallersOnly]
    private static nint Switch(nint options) => 0;

    [UnmanagedCallersOnly]
    private static nint EnableProfiling(nint options, nint prefix)
    {
        Current.Needs(options, "session options");
        Current._profile = Marshal.PtrToStringUTF8(prefix) + "_2026.json";
        return Current.Record("profile");
    }

    [UnmanagedCallersOnly]
    private static nint EndProfiling(nint session, nint allocator, nint* file)
    {
        Current.Needs(session, "session");
        File.WriteAllText(Current._profile, """
            [{"cat":"Session","name":"model_run","args":{}},
             {"cat":"Node","name":"a_fence_before","args":{"provider":"CPUExecutionProvider"}},
             {"cat":"Node","name":"a_kernel_time","args":{"provider":"TensorrtExecutionProvider"}},
             {"cat":"Node","name":"b_kernel_time","args":{"provider":"CPUExecutionProvider"}},
             {"cat":"Node","name":"c_kernel_time","args":{"provider":"TensorrtExecutionProvider"}}]
            """);
        *file = Current.Text(Current._profile);
        return Current.Record("end profile");
    }

    [UnmanagedCallersOnly]
    private static nint GetAvailableProviders(nint** names, int* count)
    {
        *count = Current.Providers.Count;
        *names = (nint*)NativeMemory.Alloc((nuint)Math.Max(1, *count), (nuint)sizeof(nint));
        for (int i = 0; i < *count; i++)
        {
            (*names)[i] = Current.Text(Current.Providers[i]);
        }

        Current._live.Add((nint)(*names), "list of providers");
        return 0;
    }

    [UnmanagedCallersOnly]
    private static nint ReleaseAvailableProviders(nint* names, int count)
    {
        Current.Needs((nint)names, "list of providers");
        Current._live.Remove((nint)names);
        for (int i = 0; i < count; i++)
        {
            Current.Free(names[i]);
        }

        NativeMemory.Free(names);
        return 0;
    }

    [UnmanagedCallersOnly]
    private static nint CreateSession(nint environment, nint path, nint options, nint* made)
    {
        Current.Needs(environment, "environment");
        Current.Needs(options, "session options");
        Current.Loading?.Invoke(Current.Calls.SelectMany(c => c.Split(' ')).LastOrDefault(w => w.StartsWith("trt_engine_cache_path=", StringComparison.Ordinal))?.Split('=')[1]);
        if (Current.LoadFailure is { } failure)
        {
            return Current.Status(failure);
        }

        *made = Current.New("session");
        return Current.Record("load");
    }

    [UnmanagedCallersOnly]
    private static nint CreateMemoryInfo(int allocator, int type, nint* made)
    {
        *made = Current.New("memory info");
        return 0;
    }

    [UnmanagedCallersOnly]
    private static nint GetInputCount(nint session, nuint* count)
    {
        Current.Needs(session, "session");
        *count = (nuint)Current.Inputs.Length;
        return 0;
    }

    [UnmanagedCallersOnly]
    private static nint GetOutputCount(nint session, nuint* count)
    {
        Current.Needs(session, "session");
        *count = (nuint)Current.Outputs.Length;
        return 0;
    }

    [UnmanagedCallersOnly]
    private static nint GetInputName(nint session, nuint index, nint allocator, nint* name)
    {
        *name = Current.Text(Current.Inputs[(int)index].Name);
        return 0;
    }

    [UnmanagedCallersOnly]
    private static nint GetOutputName(nint session, nuint index, nint allocator, nint* name)
    {
        *name = Current.Text(Current.Outputs[(int)index].Name);
        return 0;
    }

    [UnmanagedCallersOnly]
    private static nint GetInputType(nint session, nuint index, nint* info)
    {
        *info = Current.New($"input {index}");
        return 0;
    }

    [UnmanagedCallersOnly]
    private static nint GetOutputType(nint session, nuint index, nint* info)
    {
        *info = Current.New($"output {index}");
        return 0;
    }

    [UnmanagedCallersOnly]
    private static nint CastType(nint info, nint* tensor)
    {
        *tensor = info;
        return 0;
    }

    [UnmanagedCallersOnly]
    private static nint GetElementType(nint tensor, int* type)
    {
        *type = 1;
        return 0;
    }

    [UnmanagedCallersOnly]
    private static nint GetRank(nint tensor, nuint* rank)
    {
        *rank = (nuint)Current.Dims(tensor).Length;
        return 0;
    }

    [UnmanagedCallersOnly]
    private static nint GetDims(nint tensor, long* dims, nuint count)
    {
        Current.Dims(tensor).CopyTo(new Span<long>(dims, (int)count));
        return 0;
    }

    private long[] Dims(nint tensor)
    {
        string kind = _live[tensor];
        return (kind.StartsWith("input", StringComparison.Ordinal) ? Inputs : Outputs)[kind[^1] - '0'].Dims;
    }

    [UnmanagedCallersOnly]
    private static nint GetAllocator(nint* allocator)
    {
        *allocator = 1;
        return 0;
    }

    [UnmanagedCallersOnly]
    private static nint AllocatorFree(nint allocator, nint memory)
    {
        Current.Free(memory);
        return 0;
    }

    private void Free(nint text)
    {
        if (!_memory.Remove(text))
        {
            Errors.Add("memory was freed that was not given out");
        }
        else
        {
            Marshal.FreeCoTaskMem(text);
        }
    }

    [UnmanagedCallersOnly]
    private static nint GetMetadata(nint session, nint* made)
    {
        Current.Needs(session, "session");
        *made = Current.New("metadata");
        return 0;
    }

    [UnmanagedCallersOnly]
    private static nint Lookup(nint metadata, nint allocator, nint key, nint* value)
    {
        Current.Needs(metadata, "metadata");
        *value = Marshal.PtrToStringUTF8(key) switch { "stemsharp.stems" => Current.Text(Current.Stems), "stemsharp.sample_rate" => Current.Text("44100"), _ => 0 };
        return 0;
    }

    [UnmanagedCallersOnly]
    private static nint CreateTensor(nint info, nint data, nuint bytes, long* dims, nuint rank, int type, nint* made)
    {
        Current.Needs(info, "memory info");
        *made = Current.New("value");
        Current._data[*made] = (data, (int)(bytes / 4));
        return 0;
    }

    private readonly Dictionary<nint, (nint Data, int Floats)> _data = [];

    [UnmanagedCallersOnly]
    private static nint Run(nint session, nint options, nint* inputNames, nint* inputs, nuint inputCount, nint* outputNames, nuint outputCount, nint* outputs)
    {
        Current.Needs(session, "session");
        Current.Needs(options, "run options");
        for (int i = 0; i < (int)inputCount; i++)
        {
            Current.Needs(inputs[i], "value");
        }

        for (int i = 0; i < (int)outputCount; i++)
        {
            Current.Needs(outputs[i], "value");
            (nint data, int floats) = Current._data[outputs[i]];
            new Span<float>((void*)data, floats).Fill(7);
        }

        Current.Calls.Add("run");
        return Current.Runs.TryDequeue(out string? failure) && failure is not null ? Current.Status(failure) : 0;
    }

    [UnmanagedCallersOnly]
    private static void Release(nint handle)
    {
        if (s_current is null)
        {
            return;
        }

        if (!Current._live.Remove(handle, out string? kind))
        {
            Current.Errors.Add("something was released that does not live");
        }

        if (kind == "status")
        {
            Current.Free(Current._statuses[handle].Message);
            Current._statuses.Remove(handle);
        }

        if (kind == "session" && Current._live.ContainsValue("value"))
        {
            Current.Errors.Add("a session was released before its values");
        }
    }
}
