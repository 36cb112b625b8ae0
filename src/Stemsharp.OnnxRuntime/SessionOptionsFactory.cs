using System.Runtime.InteropServices;
using Stemsharp.OnnxRuntime.Native;

namespace Stemsharp.OnnxRuntime;

/// <summary>Makes onnxruntime's session options and appends the execution provider.</summary>
internal static unsafe class SessionOptionsFactory
{
    private const int AllOptimizations = 99;
    private const int ErrorsOnly = 3;

    public static OrtHandle Create(OnnxRuntimeLibrary library, OnnxSessionOptions options, out string? profilePrefix)
    {
        OrtApi api = library.Api;
        profilePrefix = null;
        OrtHandle handle = api.Create(OrtFunction.CreateSessionOptions, OrtFunction.ReleaseSessionOptions, "prepare a session");
        try
        {
            using OrtHandle.Use native = handle.Enter();
            Set(api, native.Value, OrtFunction.SetSessionGraphOptimizationLevel, AllOptimizations);
            Set(api, native.Value, OrtFunction.SetSessionLogSeverityLevel, ErrorsOnly);
            if (options.Threads > 0)
            {
                Set(api, native.Value, OrtFunction.SetIntraOpNumThreads, options.Threads);
            }

            // From the second run on a memory pattern takes one block as large as all that the first run took piece by
            // piece, and both are kept: twice the memory, and not faster.
            Call(api, native.Value, OrtFunction.DisableMemPattern);
            if (!options.Arena)
            {
                Call(api, native.Value, OrtFunction.DisableCpuMemArena);
            }

            // TensorRT and CUDA run what they take; the order of appending is the order of preference.
            Append(api, native.Value, library, options);
            if (options.CountNodes)
            {
                profilePrefix = Path.Combine(Path.GetTempPath(), $"stemsharp-{Guid.NewGuid():N}");
                nint prefix = Utf8Strings.Path(profilePrefix);
                try
                {
                    api.Check(((delegate* unmanaged<nint, nint, nint>)api[OrtFunction.EnableProfiling])(native.Value, prefix), "profile");
                }
                finally
                {
                    Marshal.FreeCoTaskMem(prefix);
                }
            }

            return handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private static void Set(OrtApi api, nint options, OrtFunction function, int value) =>
        api.Check(((delegate* unmanaged<nint, int, nint>)api[function])(options, value), "set a session option");

    private static void Call(OrtApi api, nint options, OrtFunction function) =>
        api.Check(((delegate* unmanaged<nint, nint>)api[function])(options), "set a session option");

    private static void Append(OrtApi api, nint options, OnnxRuntimeLibrary library, OnnxSessionOptions settings)
    {
        if (settings.Provider == ExecutionProvider.Cpu)
        {
            return;
        }

        string name = ProviderNames.Of(settings.Provider);
        IReadOnlyList<string> available = library.Providers;
        if (!available.Contains(name))
        {
            throw new ExternalToolException($"{library.Path} (onnxruntime {library.Version}) was built without {name}; it has {string.Join(", ", available)}. Use one of these, or an onnxruntime built with {name}.");
        }

        SortedDictionary<string, string> values = ProviderNames.Options(settings);
        foreach ((string key, string value) in settings.ProviderOptions)
        {
            values[key] = value;
        }

        switch (settings.Provider)
        {
            case ExecutionProvider.TensorRT:
                AppendWithOptions(api, options, values, OrtFunction.CreateTensorRTProviderOptions, OrtFunction.UpdateTensorRTProviderOptions, OrtFunction.SessionOptionsAppendTensorRT, OrtFunction.ReleaseTensorRTProviderOptions, name);
                AppendWithOptions(api, options, ProviderNames.Options(settings with { Provider = ExecutionProvider.Cuda }), OrtFunction.CreateCudaProviderOptions, OrtFunction.UpdateCudaProviderOptions, OrtFunction.SessionOptionsAppendCuda, OrtFunction.ReleaseCudaProviderOptions, ProviderNames.Of(ExecutionProvider.Cuda));
                break;
            case ExecutionProvider.Cuda:
                AppendWithOptions(api, options, values, OrtFunction.CreateCudaProviderOptions, OrtFunction.UpdateCudaProviderOptions, OrtFunction.SessionOptionsAppendCuda, OrtFunction.ReleaseCudaProviderOptions, name);
                break;
            case ExecutionProvider.OpenVINO:
                using (Utf8Strings keys = new([.. values.Keys]))
                using (Utf8Strings entries = new([.. values.Values]))
                {
                    api.Check(((delegate* unmanaged<nint, nint*, nint*, nuint, nint>)api[OrtFunction.SessionOptionsAppendOpenVino])(options, keys.Pointers, entries.Pointers, (nuint)values.Count), $"use {name}");
                }

                break;
            default:
                AppendByName(api, options, ProviderNames.ShortName(settings.Provider), values, name);
                break;
        }
    }

    private static void AppendWithOptions(OrtApi api, nint options, SortedDictionary<string, string> values, OrtFunction create, OrtFunction update, OrtFunction append, OrtFunction release, string name)
    {
        using OrtHandle provider = api.Create(create, release, $"use {name}");
        using OrtHandle.Use native = provider.Enter();
        using Utf8Strings keys = new([.. values.Keys]);
        using Utf8Strings entries = new([.. values.Values]);
        api.Check(((delegate* unmanaged<nint, nint*, nint*, nuint, nint>)api[update])(native.Value, keys.Pointers, entries.Pointers, (nuint)values.Count), $"set options of {name}");
        api.Check(((delegate* unmanaged<nint, nint, nint>)api[append])(options, native.Value), $"use {name}");
    }

    private static void AppendByName(OrtApi api, nint options, string shortName, SortedDictionary<string, string> values, string name)
    {
        using Utf8Strings provider = new(shortName);
        using Utf8Strings keys = new([.. values.Keys]);
        using Utf8Strings entries = new([.. values.Values]);
        api.Check(((delegate* unmanaged<nint, nint, nint*, nint*, nuint, nint>)api[OrtFunction.SessionOptionsAppendExecutionProvider])(options, provider[0], keys.Pointers, entries.Pointers, (nuint)values.Count), $"use {name}");
    }
}
