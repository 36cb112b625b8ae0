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
    private const string LibraryName = "onnxruntime";

    // OrtErrorCode, as the package spells it in its messages.
    private static readonly string[] s_codes =
    [
        "Ok", "Fail", "InvalidArgument", "NoSuchFile", "NoModel", "EngineError", "RuntimeException", "InvalidProtobuf", "ModelLoaded",
        "NotImplemented", "InvalidGraph", "ShapeInferenceNotRegistered", "RequirementNotRegistered",
    ];

    private static readonly Lock s_once = new();
    private static PackageBinding? s_bound;
    private static nint s_library;

    private readonly HashSet<string> _registered = [];

    private PackageBinding()
    {
    }

    /// <summary>Binds the library, once; whoever asks for the same one later gets the same.</summary>
    /// <param name="library">Its handle.</param>
    /// <param name="path">Its file, for messages.</param>
    /// <param name="version">Its version.</param>
    /// <exception cref="ExternalToolException">Another one is bound already, or it lacks what the package asks for.</exception>
    public static PackageBinding Of(nint library, string path, string version)
    {
        lock (s_once)
        {
            if (s_bound is null)
            {
                Bind(library, path, version);
                (s_bound, s_library) = (new PackageBinding(), library);
            }

            return s_library == library
                ? s_bound
                : throw new ExternalToolException($"This process runs onnxruntime {OrtEnv.Instance().GetVersionString()} already and cannot load {path}, onnxruntime {version}, as well. Use one library in a process.");
        }
    }

    public IReadOnlyList<string> Providers() => OrtEnv.Instance().GetAvailableProviders();

    public IReadOnlyList<ProviderDevice> Register(string path)
    {
        lock (_registered)
        {
            if (!_registered.Contains(path))
            {
                OrtEnv.Instance().RegisterExecutionProviderLibrary(path, path);
                _registered.Add(path);
            }
        }

        return
        [
            .. from offered in OrtEnv.Instance().GetEpDevices().GroupBy(device => device.EpName)
               from device in offered.Index()
               select new ProviderDevice(offered.Key, device.Index, $"{device.Item.HardwareDevice.Vendor} {device.Item.HardwareDevice.Type}"),
        ];
    }

    public ISessionSettings CreateSettings() => new PackageSettings();

    public ILoadedModel Load(string path, ISessionSettings settings) => new PackageModel(path, ((PackageSettings)settings).Options);

    public BindingFailure? FailureOf(Exception exception) => exception switch
    {
        PackageException e => Parse(e.Message),

        // What the package throws of a code that it has no word for.
        KeyNotFoundException => new BindingFailure(-1, "an error whose code the package Microsoft.ML.OnnxRuntime.Managed does not know; --verbose shows what onnxruntime said"),
        _ => null,
    };

    /// <summary>The package's message, <c>[ErrorCode:Fail] what happened</c>, in its parts.</summary>
    internal static BindingFailure Parse(string message)
    {
        const string Start = "[ErrorCode:";
        int end = message.IndexOf(']', StringComparison.Ordinal);
        return message.StartsWith(Start, StringComparison.Ordinal) && end > 0
            ? new BindingFailure(Array.IndexOf(s_codes, message[Start.Length..end]), message[(end + 1)..].Trim())
            : new BindingFailure(-1, message.Trim());
    }

    private static void Bind(nint library, string path, string version)
    {
        try
        {
            OrtEnv.DisableDllImportResolver = true;
            try
            {
                NativeLibrary.SetDllImportResolver(typeof(OrtEnv).Assembly, (name, _, _) => name == LibraryName ? library : 0);
            }
            catch (InvalidOperationException)
            {
                // The program around uses the package too, and has its own way to the library.
            }

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
        }
        catch (TypeInitializationException e)
        {
            throw new ExternalToolException($"{path} is onnxruntime {version}, which the package Microsoft.ML.OnnxRuntime.Managed of this program cannot bind: {(e.InnerException ?? e).Message} Install a later onnxruntime.", e);
        }

        if (OrtEnv.Instance().GetVersionString() is { } bound && bound != version)
        {
            throw new ExternalToolException($"This program runs onnxruntime {bound} already and cannot load {path}, onnxruntime {version}, as well. Use one library in a process.");
        }
    }

    /// <summary>The package's session options.</summary>
    private sealed class PackageSettings : ISessionSettings
    {
        public SessionOptions Options { get; } = new();

        public void Configure(OnnxSessionOptions options)
        {
            Options.GraphOptimizationLevel = options.IsOptimized ? GraphOptimizationLevel.ORT_DISABLE_ALL : GraphOptimizationLevel.ORT_ENABLE_ALL;
            if (options.OptimizedPath is { } path)
            {
                Options.OptimizedModelFilePath = path;
            }

            if (options.Threads > 0)
            {
                Options.IntraOpNumThreads = options.Threads;
            }

            // From the second run on a memory pattern takes one block as large as all that the first run took piece by
            // piece, and both are kept: twice the memory, and not faster.
            Options.EnableMemoryPattern = false;
            Options.EnableCpuMemArena = options.Arena;
        }

        public void Append(ExecutionProvider provider, IReadOnlyDictionary<string, string> options)
        {
            Dictionary<string, string> values = new(options);
            switch (provider)
            {
                case ExecutionProvider.Cuda:
                    using (OrtCUDAProviderOptions cuda = new())
                    {
                        cuda.UpdateOptions(values);
                        Options.AppendExecutionProvider_CUDA(cuda);
                    }

                    break;
                case ExecutionProvider.TensorRT:
                    using (OrtTensorRTProviderOptions tensorRT = new())
                    {
                        tensorRT.UpdateOptions(values);
                        Options.AppendExecutionProvider_Tensorrt(tensorRT);
                    }

                    break;
                default:
                    Options.AppendExecutionProvider(ProviderNames.ShortName(provider), values);
                    break;
            }
        }

        public void Append(ProviderDevice device, IReadOnlyDictionary<string, string> options) => Options.AppendExecutionProvider(
            OrtEnv.Instance(), [OrtEnv.Instance().GetEpDevices().Where(other => other.EpName == device.Provider).ElementAt(device.Number)], options);

        public void Profile(string prefix)
        {
            Options.ProfileOutputPathPrefix = prefix;
            Options.EnableProfiling = true;
        }

        public void Dispose() => Options.Dispose();
    }
}
