using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text;
using Stemsharp.OnnxRuntime.Binding;
using Stemsharp.OnnxRuntime.Native;

namespace Stemsharp.OnnxRuntime;

/// <summary>
/// A native onnxruntime found at run time: the file that is named, else the one that the environment
/// variable STEMSHARP_ONNXRUNTIME names, else one beside the program, else the system's. The current
/// directory is never searched. A process uses one library, and keeps it until it ends.
/// </summary>
public sealed class OnnxRuntimeLibrary
{
    /// <summary>The environment variable that names the library's file.</summary>
    public const string Variable = "STEMSHARP_ONNXRUNTIME";

    private static readonly ConcurrentDictionary<string, Lazy<OnnxRuntimeLibrary>> s_loaded = new();

    internal OnnxRuntimeLibrary(IBinding binding, string path, string version) => (Binding, Path, Version) = (binding, path, version);

    /// <summary>The library's file, or its name where the system found it.</summary>
    public string Path { get; }

    /// <summary>The library's version, such as <c>1.31.1</c>.</summary>
    public string Version { get; }

    /// <summary>The execution providers that this build of the library contains, by onnxruntime's names.</summary>
    public IReadOnlyList<string> Providers => Try("list its providers", Binding.Providers);

    internal IBinding Binding { get; }

    /// <summary>What providers offer once a provider's own library is registered.</summary>
    /// <param name="path">That library's file.</param>
    /// <exception cref="ExternalToolException">It is not there, or not a provider's.</exception>
    internal IReadOnlyList<ProviderDevice> Devices(string path) => File.Exists(path)
        ? Try($"register {path}", () => Binding.Register(System.IO.Path.GetFullPath(path)))
        : throw new ExternalToolException($"There is no file {path}; --provider-library takes the library of a provider that is not part of onnxruntime.");

    /// <summary>Loads onnxruntime.</summary>
    /// <param name="path">The library's file; null to look for it.</param>
    /// <exception cref="ExternalToolException">There is none, it is not onnxruntime, it is too old, or the process uses another one.</exception>
    public static OnnxRuntimeLibrary Load(string? path = null)
    {
        string file = path ?? Find();
        string key = System.IO.Path.IsPathRooted(file) || path is not null ? System.IO.Path.GetFullPath(file) : file;
        return s_loaded.GetOrAdd(key, k => new Lazy<OnnxRuntimeLibrary>(() => Open(k))).Value;
    }

    /// <summary>File names of the library on this system, most specific first.</summary>
    internal static IReadOnlyList<string> FileNames =>
        OperatingSystem.IsWindows() ? ["onnxruntime.dll"]
        : OperatingSystem.IsMacOS() ? ["libonnxruntime.dylib", "libonnxruntime.1.dylib"]
        : ["libonnxruntime.so", "libonnxruntime.so.1"];

    /// <summary>Makes a call; what the library throws becomes an <see cref="OnnxRuntimeException"/>.</summary>
    /// <param name="what">What is tried, for the message.</param>
    /// <param name="call">The call.</param>
    internal T Try<T>(string what, Func<T> call)
    {
        try
        {
            return call();
        }
        catch (Exception e) when (Binding.FailureOf(e) is { } detail)
        {
            throw new OnnxRuntimeException(what, detail, e);
        }
    }

    /// <inheritdoc cref="Try{T}"/>
    internal void Try(string what, Action call) => Try(what, () =>
    {
        call();
        return true;
    });

    private static string Find()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named)
        {
            return System.IO.Path.IsPathRooted(named) ? named : throw new OptionException($"{Variable} is \"{named}\"; it has to be the absolute path of the onnxruntime library.");
        }

        // Beside the program: in its folder, and in those that its native packages were put into.
        IEnumerable<string> folders = ((AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string) ?? "")
            .Split(System.IO.Path.PathSeparator).Where(System.IO.Path.IsPathRooted).Prepend(AppContext.BaseDirectory);
        return folders.SelectMany(folder => FileNames.Select(name => System.IO.Path.Combine(folder, name))).FirstOrDefault(File.Exists)

            // A bare name is for the system's own search path.
            ?? FileNames.FirstOrDefault(SystemLibrary.CanLoad)
            ?? throw new ExternalToolException(NotFound());
    }

    private static OnnxRuntimeLibrary Open(string path)
    {
        if (System.IO.Path.IsPathRooted(path) && !File.Exists(path))
        {
            throw new ExternalToolException($"There is no file {path}. {NotFound()}");
        }

        nint library;
        try
        {
            library = System.IO.Path.IsPathRooted(path) ? NativeLibrary.Load(path)
                : SystemLibrary.TryLoad(path, out nint found) ? found
                : throw new DllNotFoundException("It is not where the system looks any more.");
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            throw new ExternalToolException($"{path} cannot be loaded: {e.Message} It has to be an onnxruntime built for {RuntimeInformation.RuntimeIdentifier}, with the libraries that its providers need.", e);
        }

        string version = LibraryFile.Version(NativeLibrary.TryGetExport(library, "OrtGetApiBase", out nint entry) ? entry : 0, path);
        return new OnnxRuntimeLibrary(PackageBinding.Of(library, path, version), path, version);
    }

    /// <summary>Where a library with a provider is to be had, as further sentences; empty where nothing special is to be said.</summary>
    internal static string WhereFrom(ExecutionProvider provider)
    {
        const string Releases = "https://github.com/microsoft/onnxruntime/releases";
        string archive = OperatingSystem.IsWindows() ? "win-x64-gpu" : "linux-x64-gpu", folder = OperatingSystem.IsWindows() ? "lib\\onnxruntime.dll" : "lib/libonnxruntime.so";
        return provider switch
        {
            ExecutionProvider.Cuda or ExecutionProvider.TensorRT when OperatingSystem.IsMacOS() => " CUDA is NVIDIA's, for Linux and Windows.",
            ExecutionProvider.Cuda or ExecutionProvider.TensorRT =>
                $" For NVIDIA's CUDA: unpack the archive with {archive} in its name from {Releases}, and add --onnxruntime FOLDER/{folder}. --engine vulkan runs on the same GPU with nothing but its driver.",
            ExecutionProvider.CoreML when !OperatingSystem.IsMacOS() => " CoreML, which demucs' mps stands for here, is macOS's alone.",
            ExecutionProvider.CoreML => $" For CoreML: unpack the archive with osx in its name from {Releases}, and add --onnxruntime FOLDER/lib/libonnxruntime.dylib.",
            ExecutionProvider.DirectML => " For DirectML: the NuGet package Microsoft.ML.OnnxRuntime.DirectML holds the library.",
            _ => "",
        };
    }

    private static string NotFound() => new StringBuilder("No onnxruntime was found. Install onnxruntime 1.")
        .Append(LibraryFile.OldestMinor).Append(" or later and name its library file (").AppendJoin(" or ", FileNames).Append(") with --onnxruntime or the environment variable ")
        .Append(Variable).Append(", or put it beside this program. Without it, --engine auto takes a GPU through its driver, or the processor.").ToString();
}
