using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using PackageException = Microsoft.ML.OnnxRuntime.OnnxRuntimeException;

namespace Stemsharp.OnnxRuntime.Binding;

/// <summary>
/// The library through the package Microsoft.ML.OnnxRuntime.Managed, which binds one library in a process and keeps it until the process
/// ends.
/// </summary>
internal sealed class PackageBinding : IBinding
{
    private static readonly Lock s_once = new();
    private static readonly HashSet<string> s_registered = [];
    private static nint s_library;

    private PackageBinding()
    {
    }

    /// <summary>Binds the library, once.</summary>
    /// <param name="library">Its handle.</param>
    /// <param name="path">Its file, for messages.</param>
    /// <param name="version">Its version.</param>
    /// <exception cref="ExternalToolException">Another one is bound already, or it lacks what the package asks for.</exception>
    public static PackageBinding Of(nint library, string path, string version)
    {
        lock (s_once)
        {
            string bound = Bind(library, path, version);
            s_library = s_library == 0 && bound == version ? library : s_library;
            return s_library == library
                ? new PackageBinding()
                : throw new ExternalToolException($"This process runs onnxruntime {bound} already and cannot load {path}, onnxruntime {version}, as well. Use one library in a process.");
        }
    }

    public IReadOnlyList<string> Providers() => OrtEnv.Instance().GetAvailableProviders();

    public IReadOnlyList<ProviderDevice> Register(string path)
    {
        lock (s_once)
        {
            if (!s_registered.Contains(path))
            {
                OrtEnv.Instance().RegisterExecutionProviderLibrary(path, path);
                s_registered.Add(path);
            }
        }

        return
        [
            .. from offered in OrtEnv.Instance().GetEpDevices().GroupBy(device => device.EpName)
               from device in offered.Index()
               select new ProviderDevice(offered.Key, device.Index, $"{device.Item.HardwareDevice.Vendor} {device.Item.HardwareDevice.Type}"),
        ];
    }

    public ILoadedModel Load(string path, SessionPlan plan, Action<string, Action> attempt)
    {
        OnnxSessionOptions wanted = plan.Options;

        // From the second run on a memory pattern takes one block as large as all that the first run took piece by
        // piece, and both are kept: twice the memory, and not faster.
        using SessionOptions options = new() { EnableMemoryPattern = false, EnableCpuMemArena = wanted.Arena };
        attempt("set a session option", () =>
        {
            options.GraphOptimizationLevel = wanted.IsOptimized ? GraphOptimizationLevel.ORT_DISABLE_ALL : GraphOptimizationLevel.ORT_ENABLE_ALL;
            options.OptimizedModelFilePath = wanted.OptimizedPath ?? "";
            options.IntraOpNumThreads = wanted.Threads;
            if (plan.Profile is { } prefix)
            {
                options.ProfileOutputPathPrefix = prefix;
                options.EnableProfiling = true;
            }
        });
        foreach (ProviderPlan provider in plan.Providers)
        {
            attempt($"use {ProviderNames.Of(provider.Provider)}", () => Append(options, provider));
        }

        return new PackageModel(new InferenceSession(path, options), wanted.Provider);
    }

    public string? FailureOf(Exception exception) => exception switch
    {
        PackageException e => Words(e.Message),

        // What the package throws of a code that it has no word for.
        KeyNotFoundException => "an error whose code the package Microsoft.ML.OnnxRuntime.Managed does not know; --verbose shows what onnxruntime said",
        _ => null,
    };

    /// <summary>What the package's message, <c>[ErrorCode:Fail] what happened</c>, says happened.</summary>
    internal static string Words(string message) =>
        (message.StartsWith("[ErrorCode:", StringComparison.Ordinal) ? message[(message.IndexOf(']', StringComparison.Ordinal) + 1)..] : message).Trim();

    private static void Append(SessionOptions options, ProviderPlan provider)
    {
        Dictionary<string, string> values = new(provider.Options);
        if (provider.Device is { } device)
        {
            options.AppendExecutionProvider(OrtEnv.Instance(), [OrtEnv.Instance().GetEpDevices().Where(other => other.EpName == device.Provider).ElementAt(device.Number)], values);
        }
        else if (provider.Provider == ExecutionProvider.Cuda)
        {
            using OrtCUDAProviderOptions cuda = new();
            cuda.UpdateOptions(values);
            options.AppendExecutionProvider_CUDA(cuda);
        }
        else if (provider.Provider == ExecutionProvider.TensorRT)
        {
            using OrtTensorRTProviderOptions tensorRT = new();
            tensorRT.UpdateOptions(values);
            options.AppendExecutionProvider_Tensorrt(tensorRT);
        }
        else
        {
            options.AppendExecutionProvider(ProviderNames.ShortName(provider.Provider), values);
        }
    }

    // Gives the version of the library that is bound then: the program around may use the package too, and have its own way to a library.
    private static string Bind(nint library, string path, string version)
    {
        try
        {
            if (!OrtEnv.IsCreated)
            {
                OrtEnv.DisableDllImportResolver = true;
                NativeLibrary.SetDllImportResolver(typeof(OrtEnv).Assembly, (name, _, _) => name == "onnxruntime" ? library : 0);
            }
        }
        catch (InvalidOperationException)
        {
            // It has a resolver.
        }

        try
        {
            if (!OrtEnv.IsCreated)
            {
                EnvironmentCreationOptions options = new()
                {
                    logId = "stemsharp",
                    logLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_WARNING,
                    loggingFunction = (_, severity, _, _, place, message) => RuntimeMessages.Take((int)severity, place, message),
                };
                OrtEnv.CreateInstanceWithOptions(ref options);
            }

            return OrtEnv.Instance().GetVersionString();
        }
        catch (TypeInitializationException e)
        {
            throw new ExternalToolException($"{path} is onnxruntime {version}, which the package Microsoft.ML.OnnxRuntime.Managed of this program cannot bind: {(e.InnerException ?? e).Message} Install a later onnxruntime.", e);
        }
    }
}
